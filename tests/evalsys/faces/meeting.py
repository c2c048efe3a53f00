"""A round with people who make, key and sign forms on paper, and how a test uses their pages."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient

from evalsys.accounts.actions import add_user
from tests.evalsys.faces.staff import PASSWORD, send, signed_in
from tests.evalsys.installation import ROUND, Installation, make_open

PEOPLE = {"chair": "commission", "zhao": "keyer", "qian": "keyer", "sun": "keyer", "observer": "supervisor"}
PAGE = f"/commission/rounds/{ROUND}/paper"
KEYING = "/paper/keying"
SERIAL = re.compile(r"\b\d+-\d{4}-[0-9A-Z]\b")


def make_meeting(home: Path, **settings) -> Installation:
    """An open round by telephone, with everybody whom forms on paper want."""
    place = make_open(home, mode_sequence=["phone"], random_arm_share=0.0, **settings)
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    return place


def make_batch(place: Installation, limit: int = 1) -> list[str]:
    """The chair makes a batch; the serials of its forms."""
    chair = signed_in(place.app, "chair")
    answer = send(chair, PAGE, language="zh", limit=str(limit))
    assert answer.status_code == 302, answer.text
    return sorted(set(SERIAL.findall(chair.get(answer.location).text)))


def key_form(client: FlaskClient, serial: str, **fields: str | list[str]):
    """Key a form on its page; the answer."""
    page = f"{KEYING}/{ROUND}/{serial}"
    return send(client, page, **{f"f-{name}": value for name, value in fields.items()})
