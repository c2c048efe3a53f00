"""An installation with people of several roles, and how a test uses its pages: sign in, open, send a form."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import flask_migrate
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import evalsys.examples
from evalsys.accounts.actions import add_user
from evalsys.app import create_app
from evalsys.base.clock import Clock
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction

CITY = Path(evalsys.examples.__file__).parent / "city"
PASSWORD = "correct horse"
PEOPLE = {"chair": "commission", "deputy": "commission", "planner": "designer", "looker": "auditor"}
ROUND = "2026-mid-year"
UNITS = ("U001", "U002")
COUNTIES = ("370102", "370103")
HEADER = ("业务流水号", "单位代码", "站所代码", "服务对象类型", "手机号", "办理日期", "事项", "区县代码")


def make_installation(home: Path, clock: Clock | None = None) -> Flask:
    """An application with an empty database and one person per sign-in name of ``PEOPLE``."""
    app = create_app(read_settings({"EVALSYS_HOME": str(home)}), clock=clock)
    with app.app_context():
        flask_migrate.upgrade()
        with transaction() as session:
            for name, role in PEOPLE.items():
                runtime = app.extensions["evalsys"]
                add_user(session, runtime.clock, name=name, display_name=name, password=PASSWORD, roles=[role])
        db.session.remove()
    return app


def signed_in(app: Flask, name: str, language: str = "en") -> FlaskClient:
    """A browser in which ``name`` is signed in."""
    client = app.test_client()
    answer = send(client, f"/sign-in?lang={language}", name=name, password=PASSWORD)
    assert answer.status_code == 302, answer.text
    return client


def send(client: FlaskClient, page: str, address: str = "", **data) -> TestResponse:
    """Open ``page``, then send a form with its CSRF token to ``address`` (default: the page itself)."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    token = found.group(1) if found else ""
    return client.post(address or page, data={"csrf_token": token, **data}, content_type="multipart/form-data")


def programme_files(**changed: bytes) -> list[tuple[io.BytesIO, str]]:
    """The example programme as a browser uploads it; ``changed``: contents instead, by name with ``_`` for the dot."""
    files = []
    for path in sorted(CITY.iterdir()):
        content = changed.get(path.name.replace(".", "_"), path.read_bytes())
        files.append((io.BytesIO(content), path.name))
    return files


def records_file(name: str = "records.csv", *, broken: bool = False) -> tuple[io.BytesIO, str]:
    """120 good service records of two units; ``broken``: and a line with an unknown unit and a day that is none."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number in range(120):
        kind = ("个人", "企业", "代表")[number % 3]
        phone = f"1740000{number:04d}"
        row = (f"R{number}", UNITS[number % 2], "", kind, phone, "2026-03-02", "办证", COUNTIES[number % 2])
        writer.writerow(row)
    if broken:
        writer.writerow(("R999", "U999", "", "个人", "17400009999", "31 June", "办证", COUNTIES[0]))
    return io.BytesIO(text.getvalue().encode()), name


def load_city(app: Flask) -> None:
    """Have the designer load the example programme."""
    answer = send(signed_in(app, "planner"), "/design/", files=programme_files(), reason="first version")
    assert answer.status_code == 302, answer.text


def make_drafted_round(app: Flask) -> None:
    """Have the designer make a round of two units and import their service records."""
    client = signed_in(app, "planner")
    page = "/design/programmes/example-2026/rounds"
    answer = send(client, page, plan=ROUND, units=list(UNITS), frame_supplier="the units", kind="mid_year")
    assert answer.status_code == 302, answer.text
    answer = send(client, f"/design/rounds/{ROUND}", f"/design/rounds/{ROUND}/records", file=records_file())
    assert answer.status_code == 302, answer.text
