"""Work lists for a call centre: cases that are to be called, each kept as an attempt before anybody has the list.

So a case is on one list at a time, and a list that was lost on its way can be had again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round, RoundUnit
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.rules import BY_TELEPHONE, rules_of
from evalsys.fieldwork.spending import count_affordable, find_use
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord

#: a list holds what is due within this time, so that a shift can be planned before it begins
AHEAD = timedelta(hours=24)
#: attempts on a list have this and its number where a provider's id stands else
SID = "list-"


@dataclass(frozen=True)
class WorkRow:
    """One case of a list. No name: ``code`` is all that the result needs. ``call_from`` is in the programme's time zone."""

    code: str
    phone: str
    unit: str
    month: str
    language: str
    number: int
    call_from: datetime


@dataclass(frozen=True)
class WorkList:
    """A list, numbered in its round from 1."""

    number: int
    rows: tuple[WorkRow, ...]


@dataclass(frozen=True)
class ListState:
    """What became of a list: ``cases`` on it, and how many are ``out``, without a result."""

    number: int
    made_at: datetime
    cases: int
    out: int


def code_of(attempt_key: str) -> str:
    """An attempt's key as it stands in files: in groups, so that no spreadsheet takes it for a number."""
    return "-".join(attempt_key[start : start + 8] for start in range(0, len(attempt_key), 8))


def key_of(code: str) -> str:
    """The key that a code stands for, whatever became of capitals, hyphens and spaces."""
    return code.replace("-", "").replace(" ", "").lower()


def make_work_list(
    session: Session, runtime: Runtime, round_: Round, *, actor: str, limit: int | None = None
) -> WorkList:
    """Put the calls due within a day on a list, at most ``limit`` and what the budget covers; it may turn out empty.

    Hand the rows over only when the transaction has been kept. Raises ``Refused`` where the installation dials by itself, the round
    is not open, or the budget is spent.
    """
    if not runtime.settings.by_call_centre:
        raise Refused("This installation dials by itself; work lists need EVALSYS_TELEPHONE=files.")
    refuse_unless(round_, "open", doing="making a work list")
    # One list at a time, so that two do not get the same number.
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    now = runtime.clock.now()
    rules = rules_of(round_.configuration)
    affordable = count_affordable(rules, "voice", find_use(session, round_, now))
    if affordable == 0:
        raise Refused("The budget of round %(code)s is spent; no work list is made.", code=round_.code)
    limits = [most for most in (limit, affordable) if most is not None]
    due = _find_cases()
    due = due.where(*_due(round_, now)).order_by(Interview.due_at, Interview.case_id)
    due = due.limit(min(limits) if limits else None).with_for_update(of=Interview, skip_locked=True)
    number = _count_lists(session, round_) + 1
    units = {unit.code: unit for unit in round_.units}
    kept, rows = [], []
    for found in session.execute(due):
        key = secrets.token_hex(16)
        row = _make_row(runtime, round_, units, found, key, found.tries + 1)
        if row is None:
            continue
        rows.append(row)
        kept.append(
            {
                "round_id": round_.id,
                "case_id": found.case_id,
                "number": found.tries + 1,
                "key": key,
                "channel": "voice",
                "fence": 0,
                "state": "placed",
                "planned_at": now,
                "provider_sid": f"{SID}{number}",
            }
        )
    if kept:
        _keep(session, kept)
        record_act(session, runtime.clock, round_.code, actor, "work list taken", list=number, cases=len(rows))
    return WorkList(number, tuple(rows))


def repeat_work_list(session: Session, runtime: Runtime, round_: Round, number: int, *, actor: str) -> WorkList:
    """The cases of a list that have no result yet, with the codes they had. Raises ``NotFound`` where there is none."""
    out = _find_cases(Attempt.key, Attempt.number)
    out = out.join(Attempt, Attempt.case_id == Interview.case_id)
    out = out.where(
        Attempt.round_id == round_.id, Attempt.provider_sid == f"{SID}{number}", Attempt.state == "placed"
    ).order_by(Attempt.id)
    units = {unit.code: unit for unit in round_.units}
    made = (_make_row(runtime, round_, units, found, found.key, found.number) for found in session.execute(out))
    rows = tuple(row for row in made if row)
    if not rows:
        raise NotFound(
            "Work list %(number)s of round %(code)s has no case without a result.", number=number, code=round_.code
        )
    record_act(session, runtime.clock, round_.code, actor, "work list taken again", list=number, cases=len(rows))
    return WorkList(number, rows)


def count_due(session: Session, runtime: Runtime, round_: Round) -> int:
    """How many calls the next list would hold, but for the budget."""
    return session.scalar(select(func.count()).select_from(Interview).where(*_due(round_, runtime.clock.now())))


def list_work_lists(session: Session, round_: Round) -> list[ListState]:
    """The lists of a round, newest first."""
    rows = session.execute(
        select(
            Attempt.provider_sid,
            func.min(Attempt.planned_at),
            func.count(),
            func.count().filter(Attempt.state == "placed"),
        )
        .where(Attempt.round_id == round_.id, Attempt.provider_sid.startswith(SID))
        .group_by(Attempt.provider_sid)
    )
    lists = [ListState(int(sid.removeprefix(SID)), *rest) for sid, *rest in rows]
    return sorted(lists, key=lambda entry: -entry.number)


def _count_lists(session: Session, round_: Round) -> int:
    return session.scalar(
        select(func.count(Attempt.provider_sid.distinct())).where(
            Attempt.round_id == round_.id, Attempt.provider_sid.startswith(SID)
        )
    )


def _due(round_: Round, now: datetime) -> tuple:
    return (
        Interview.round_id == round_.id,
        Interview.state == "waiting",
        Interview.next_channel.in_(BY_TELEPHONE),
        Interview.due_at <= now + AHEAD,
    )


def _find_cases(*more) -> Select:
    return (
        select(
            Interview.case_id,
            Interview.tries,
            Interview.due_at,
            Interview.language,
            Interview.unit_code,
            ServiceRecord,
            *more,
        )
        .join(Case, Case.id == Interview.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
    )


def _make_row(
    runtime: Runtime, round_: Round, units: Mapping[str, RoundUnit], found: Row, key: str, number: int
) -> WorkRow | None:
    """The row of a case; ``None`` where its county has no hour left to call in."""
    rules = rules_of(round_.configuration)
    record: ServiceRecord = found.ServiceRecord
    now = runtime.clock.now()
    call_from = rules.hours_in(record.county).next_open(max(found.due_at or now, now), round_.field_until)
    if call_from is None:
        return None
    language = found.language or rules.language
    unit = units[found.unit_code]
    return WorkRow(
        code_of(key),
        read_phone(runtime, record),
        unit.name_zh if language == "zh" else unit.name_en,
        record.served_on.strftime("%Y-%m") if record.served_on else "",
        language,
        number,
        call_from.astimezone(rules.hours.zone),
    )


def _keep(session: Session, attempts: list[dict]) -> None:
    session.execute(insert(Attempt), attempts)
    table = Interview.__table__
    cases = [attempt["case_id"] for attempt in attempts]
    for start in range(0, len(cases), 500):
        session.execute(
            update(table)
            .where(table.c.case_id.in_(cases[start : start + 500]))
            .values(state="calling", tries=table.c.tries + 1)
        )
