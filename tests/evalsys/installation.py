"""A small installation for tests: a clock that stands still, a telephone that only writes down, three units."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, String

import evalsys.examples
from evalsys.app import create_app
from evalsys.base.clock import FixedClock
from evalsys.base.config import read_settings
from evalsys.base.database import db, transaction
from evalsys.design.actions import create_round, load_programme
from evalsys.design.programme_files import ProgrammeFiles, read_programme
from evalsys.design.queries import get_programme, get_round
from evalsys.fieldwork.interviews import load_conversation, record_answer
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.releases import open_round
from evalsys.gateways.port import CallRequest, MessageRequest, ProviderCall
from evalsys.outbox.actions import Claim
from evalsys.outbox.worker import KINDS
from evalsys.samples.draws import commit_frame, draw_sample
from evalsys.samples.imports import import_service_records

CITY = Path(evalsys.examples.__file__).parent / "city"
ROUND = "2026-mid-year"
UNITS = ("U001", "U002", "U004")
COUNTIES = ("370102", "370103")
GROUPS = ("个人", "个人", "个人", "个人", "个人", "企业", "企业", "企业", "企业", "代表")
HEADER = ("业务流水号", "单位代码", "站所代码", "服务对象类型", "手机号", "办理日期", "事项", "区县代码")
SECRET = "a secret of at least thirty-two characters"
BEFORE = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
#: Monday, ten in the morning in Jinan: the first day of fieldwork
OPENING = datetime(2026, 6, 8, 2, 0, tzinfo=UTC)
BEACON, DICE = "drand:quicknet:1000000", "63454660390103169462"


class FakeTelephone:
    """Writes down what it is asked; ``fails`` may hold an exception that it raises instead, ``calls`` what it lists."""

    def __init__(self) -> None:
        self.placed: list[CallRequest] = []
        self.sent: list[MessageRequest] = []
        self.calls: list[ProviderCall] = []
        self.ended: list[str] = []
        self.fails: Exception | None = None
        self._numbers = itertools.count(1)

    def _keep(self, kept: list, request: Any, letters: str) -> str:
        kept.append(request)
        if self.fails:
            raise self.fails
        return f"{letters}{next(self._numbers):032x}"

    def place_call(self, request: CallRequest) -> str:
        return self._keep(self.placed, request, "CA")

    def send_message(self, request: MessageRequest) -> str:
        return self._keep(self.sent, request, "SM")

    def end_call(self, sid: str) -> None:
        self.ended.append(sid)

    def find_calls(self, to: str, since: datetime) -> list[ProviderCall]:
        return [call for call in self.calls if call.to == to and call.started_at >= since]

    find_messages = find_calls


class Installation:
    """An application over the database in ``home``, and how a test acts in it."""

    def __init__(self, home: Path, at: datetime = BEFORE, database: str = "") -> None:
        self.home = home
        self.clock = FixedClock(at)
        self.telephone = FakeTelephone()
        self.app = create_app(
            read_settings({"EVALSYS_HOME": str(home), "EVALSYS_SECRET_KEY": SECRET, "EVALSYS_DATABASE_URL": database}),
            clock=self.clock,
        )
        self.runtime = self.app.extensions["evalsys"]
        self.runtime.telephone = self.telephone

    def act(self, action: Callable[..., Any]) -> Any:
        """``action(session, runtime)`` in one transaction, as an entry point does it."""
        with self.app.app_context(), transaction() as session:
            return action(session, self.runtime)

    def on_round(self, action: Callable[..., Any], **values: Any) -> Any:
        """``action(session, runtime, round, **values)`` on the round."""
        return self.act(lambda session, runtime: action(session, runtime, get_round(session, ROUND), **values))

    def do_job(self, job: Callable[..., None]) -> None:
        """A job of fieldwork, which opens its own transactions, under the claim that a worker would have."""
        kind = next(kind for kind, does in KINDS.items() if does is job)
        found = self.sql("SELECT id, fence FROM job WHERE key = :key", key=f"{kind}:{ROUND}")
        with self.app.app_context():
            job(self.runtime, {"round": ROUND}, Claim(*found[0]) if found else Claim(0, 0))

    def sql(self, statement: str, **values: Any) -> list:
        """What somebody with the database's own tools sees or does."""

        def execute(session, runtime):
            result = session.execute(db.text(statement), values)
            return result.all() if result.returns_rows else []

        return self.act(execute)


@cache
def _read_city() -> ProgrammeFiles:
    return read_programme(CITY)


def tiny_city(*, questionnaire: Mapping[str, Any] | None = None, **fieldwork: Any) -> ProgrammeFiles:
    """The example programme over three units with small quotas; ``fieldwork``: other rules; ``questionnaire``: other settings and
    more messages.
    """
    whole = _read_city()
    configuration = deepcopy(whole.configuration)
    configuration["fieldwork"] |= {"quota": 20, "replicate_size": 40, "expected_response_share": 0.3, **fieldwork}
    for name, value in (questionnaire or {}).items():
        configuration["questionnaire"] |= {
            name: configuration["questionnaire"][name] | value if name == "messages" else value
        }
    stations = [row for row in whole.stations if row["unit"] in UNITS]
    units = [row | {"parent": ""} for row in whole.units if row["code"] in UNITS]
    return ProgrammeFiles(configuration, whole.areas, units, stations)


def write_records(path: Path, rows: list[tuple] | None = None, *, encoding: str = "utf-8") -> Path:
    """A file of service records: ``rows``, or two hundred good ones for each unit."""
    good = [
        (
            f"{unit}-{number:04d}",
            unit,
            "",
            GROUPS[number % len(GROUPS)],
            f"1740{place}00{number:04d}",
            "2026-03-02",
            "办证",
            COUNTIES[number // 10 % 2],
        )
        for place, unit in enumerate(UNITS)
        for number in range(200)
    ]
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(good if rows is None else rows)
    return path


def refuse_overlong(engine: Engine) -> None:
    """Have SQLite refuse what is longer than its column, as PostgreSQL does, so that no test passes on one and fails on the other."""
    if engine.dialect.name != "sqlite":
        return
    with engine.begin() as connection:
        for table in db.metadata.sorted_tables:
            overlong = " OR ".join(
                f'length(NEW."{column.name}") > {column.type.length}'
                for column in table.columns
                if isinstance(column.type, String) and column.type.length
            )
            for act in ("INSERT", "UPDATE") if overlong else ():
                connection.exec_driver_sql(
                    f'CREATE TRIGGER "overlong_{act}_{table.name}" BEFORE {act} ON "{table.name}" WHEN {overlong} '
                    f"BEGIN SELECT RAISE(ABORT, 'a value is too long for its column in {table.name}'); END"
                )


def make_draft(home: Path, database: str = "", **fieldwork: Any) -> Installation:
    """A round that was made and has no record yet; without a ``database`` of its own in SQLite."""
    home.mkdir(parents=True, exist_ok=True)
    place = Installation(home, database=database)
    with place.app.app_context():
        db.create_all()
        refuse_overlong(db.engine)
    files = tiny_city(**fieldwork)
    place.act(lambda s, r: load_programme(s, r.clock, files, actor="designer", reason="test"))
    programme, plan = files.configuration["programme"]["code"], files.configuration["rounds"][0]
    place.act(
        lambda s, r: create_round(
            s, r.clock, get_programme(s, programme), plan, actor="designer", frame_supplier="the units"
        )
    )
    return place


def import_all(place: Installation) -> None:
    """Import two hundred good records per unit."""
    path = write_records(place.home / "records.csv")
    place.on_round(import_service_records, path=path, actor="designer")


def commit(place: Installation) -> None:
    """Commit to the frame."""
    place.on_round(
        commit_frame,
        actor="chair",
        beacon_source=BEACON,
        dice_source="twenty dice",
        entropy=lambda size: bytes(range(size)),
    )


def draw(place: Installation, *, confirmed_by: str = "deputy") -> None:
    """Draw with sources that were never seen before."""
    beacon = f"{BEACON}:{'11' * 32}"
    place.on_round(draw_sample, beacon=beacon, dice=DICE, entered_by="chair", confirmed_by=confirmed_by)


def make_open(home: Path, **fieldwork: Any) -> Installation:
    """A round in the field, its first replicates released."""
    place = make_draft(home, **fieldwork)
    import_all(place)
    commit(place)
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="chair")
    return place


def copy_of(place: Installation, home: Path) -> Installation:
    """Another installation with the same content and time, for one test to change."""
    with place.app.app_context():
        db.engine.dispose()
    shutil.copytree(place.home, home, dirs_exist_ok=True)
    return Installation(home, place.clock.at)


def answer_all(place: Installation, *, seed: int = 1, share: float = 0.8, most: Mapping[str, int] | None = None) -> int:
    """Have ``share`` of the released cases answer everything on the web, others nothing; how many answered.

    ``most``: of a unit, by code, no more answer than so many.
    """
    generator = np.random.default_rng(seed)

    def answer(session, runtime):
        done: Counter[str] = Counter()
        cases = session.scalars(db.select(Interview.case_id).order_by(Interview.case_id)).all()
        for case_id in cases:
            if generator.random() >= share:
                continue
            talk = load_conversation(session, runtime, case_id)
            if done[talk.unit_code] >= (most or {}).get(talk.unit_code, len(cases)):
                continue
            asked = [code for code in talk.questionnaire.order if code != "P2"]
            said = {
                code: str(generator.choice([option.value for option in talk.questionnaire.question(code).options]))
                for code in asked
            }
            talk = replace(talk, answers=said | {"Q0": "1"})
            record_answer(session, runtime, talk, "P2", "", channel="web", language="zh")
            done[talk.unit_code] += 1
        return done.total()

    return place.act(answer)
