"""Print what the fieldwork board costs on a large round: python -m tests.load.field_board [READINGS].

128 units with 520 released cases each and some 175,000 attempts, written straight into SQLite. Each reading is one request of the page's
own script in which something has changed; wall time, and processor time of the request's own thread.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from evalsys.accounts.actions import add_user
from evalsys.base.database import Base
from evalsys.design.models import RoundUnit
from evalsys.design.queries import get_round
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.samples.models import Case, ServiceRecord, Stratum
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.installation import OPENING, ROUND, make_open

UNITS, CASES = 125, 520
OUTCOMES = ("1.1",) * 30 + ("1.2",) * 2 + ("2.11",) * 15 + ("3.13",) * 25 + ("2.20",) * 6 + ("4.10",) * 8 + ("",) * 14
GROUPS = ("individuals", "enterprises", "representatives")
NOW = OPENING + timedelta(days=9, hours=5)


def put(session, model: type[Base], rows: list[dict]) -> None:
    """Write rows, some thousands at a time."""
    for start in range(0, len(rows), 5_000):
        session.execute(insert(model.__table__), rows[start : start + 5_000])


def fill(session, runtime) -> int:
    """Add units and what happened to their cases to the round of the small installation; how many attempts."""
    chance = random.Random(1)
    round_ = get_round(session, ROUND)
    base = {column.name: getattr(round_.units[0], column.name) for column in RoundUnit.__table__.columns}
    del base["id"]
    record = session.scalars(select(ServiceRecord.id)).first()
    units, strata, cases, interviews, attempts = [], [], [], [], []
    for unit in (f"X{number:03d}" for number in range(UNITS)):
        units.append(base | {"code": unit, "quota": 156, "name_zh": f"{unit}局", "name_en": f"Bureau {unit}"})
        for group in GROUPS:
            stratum = {"code": f"{unit}|{group}", "unit_code": unit, "group": group, "counties": ["370102"]}
            strata.append(stratum | {"round_id": round_.id, "size": 3_000, "sample_size": 200})
        for rank in range(CASES):
            case_id = 100_000 + len(cases)
            own = {"round_id": round_.id, "unit_code": unit}
            digest = f"{case_id:064x}"
            drawn = {
                "id": case_id,
                "record_id": record,
                "stratum": f"{unit}|individuals",
                "cid": digest,
                "ticket": digest,
            }
            cases.append(own | drawn | {"rank": rank, "replicate": rank // 60, "arm": ""})
            outcome, tries = chance.choice(OUTCOMES), chance.choice((1, 2, 2, 3, 3, 4, 4))
            begun = OPENING + chance.random() * (NOW - OPENING - timedelta(days=tries - 1, minutes=10))
            for number in range(1, tries + 1):
                at = begun + timedelta(days=number - 1)
                attempts.append(
                    {
                        "round_id": round_.id,
                        "case_id": case_id,
                        "number": number,
                        "key": f"{case_id:024x}{number:08x}",
                        "channel": "sms" if number == 1 else "voice",
                        "fence": 1,
                        "state": "ended",
                        "planned_at": at,
                        "started_at": at,
                        "connected_at": at if chance.random() < 0.5 else None,
                        "ended_at": at + timedelta(minutes=2),
                        "provider_sid": f"CA{case_id:024x}{number:08x}",
                        "outcome": outcome if outcome and number == tries else "3.13",
                        "seconds": chance.randrange(200),
                        "interviewer": f"I{chance.randrange(40):02d}" if number > 1 and chance.random() < 0.2 else "",
                    }
                )
            state = {"": "waiting", "1.1": chance.choice(("sealed", "answered")), "1.2": "answered"}.get(
                outcome, "ended"
            )
            interviews.append(
                own
                | {
                    "case_id": case_id,
                    "state": state,
                    "next_channel": "voice",
                    "outcome": outcome,
                    "tries": tries,
                    "token_digest": digest,
                    "channel": chance.choice(("web", "voice")) if outcome == "1.1" else "",
                    "answered_at": at if state == "answered" else None,
                    "ended_at": at if state == "ended" else None,
                }
            )
    put(session, RoundUnit, units)
    put(session, Stratum, strata)
    put(session, Case, cases)
    put(session, Interview, interviews)
    put(session, Attempt, attempts)
    return len(attempts)


def main(readings: int) -> None:
    """Read the board so often and say how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        place = make_open(Path(folder))
        attempts = place.act(fill)
        place.act(
            lambda s, r: add_user(
                s, r.clock, name="chair", display_name="chair", password=PASSWORD, roles=["commission"]
            )
        )
        place.clock.at = NOW
        client = signed_in(place.app, "chair")
        page = f"/commission/rounds/{ROUND}/board"
        walls, used = [], []
        for _ in range(readings + 1):
            place.clock.advance(timedelta(seconds=5))
            began, thread = time.perf_counter(), time.thread_time()
            answer = client.get(page, headers={"HX-Request": "true"})
            walls.append(time.perf_counter() - began)
            used.append(time.thread_time() - thread)
            assert answer.status_code == 200
        print(f"{UNITS + 3} units, {attempts} attempts, {len(answer.data) / 1000:.0f} kB")
        print(f"first reading {1000 * walls[0]:.0f} ms, {1000 * used[0]:.0f} ms of processor")
        for name, seconds in (("wall", walls[1:]), ("processor", used[1:])):
            middle, high = np.percentile(seconds, [50, 95])
            print(f"{name}: p50 {1000 * middle:.0f} ms, p95 {1000 * high:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
