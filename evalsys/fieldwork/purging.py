"""The retention day: whom a round asked is forgotten, what they answered and how they were drawn stays.

Gone are telephone numbers, the supplier's record numbers, the index by which a person was known again, what links, calls and notes
pointed at, and the round's key, without which no record number leads to a ``cid`` any more. ``stratum|cid``, cases, outcomes,
sealed answers and opt-outs stay: whatever was published can still be verified, and who asked never to be called is not called.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import LargeBinary, String, cast, delete, func, literal, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.base.set_aside import forget_aside
from evalsys.design.models import Round
from evalsys.fieldwork.case_notes import forget_notes
from evalsys.fieldwork.models import (
    Appointment,
    Attempt,
    CaseNote,
    Hold,
    Interview,
    ResultFile,
    Shift,
    StaffCall,
    StatusReceipt,
)
from evalsys.fieldwork.paper_keyings import forget_keyings
from evalsys.fieldwork.paper_models import PaperKeying
from evalsys.fieldwork.sealing import have_originals_erased
from evalsys.samples.models import Draw, ServiceRecord
from evalsys.samples.retention import find_retention_day

#: what stands where a digest, key or number was that must differ from row to row
GONE = "purged:"
TABLES = (
    ServiceRecord,
    Draw,
    Interview,
    Attempt,
    StaffCall,
    StatusReceipt,
    CaseNote,
    PaperKeying,
    Appointment,
    Hold,
    Shift,
    ResultFile,
)


def may_purge(runtime: Runtime, round_: Round) -> bool:
    """Whether the day has come, the round is not in the field, and it was not purged before."""
    zone = ZoneInfo(round_.configuration.content["programme"]["time_zone"])
    come = runtime.clock.now().astimezone(zone).date() >= find_retention_day(round_)
    return come and round_.state not in ("open", "paused") and round_.purged_at is None


def purge_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> int:
    """Forget whom the round asked; how many service records were stripped or deleted.

    Raises ``Refused`` before the retention day, while the round is in the field, and a second time.
    """
    if round_.purged_at is not None:
        raise Refused("The contacts of round %(code)s were destroyed before.", code=round_.code)
    if round_.state in ("open", "paused"):
        raise Refused("Round %(code)s is in the field; close it before its contacts are destroyed.", code=round_.code)
    if not may_purge(runtime, round_):
        day = find_retention_day(round_)
        raise Refused("The contacts of round %(code)s are kept until %(day)s.", code=round_.code, day=day.isoformat())
    aside = forget_aside(session.connection(), round_.id)
    records = session.scalar(select(func.count()).where(ServiceRecord.round_id == round_.id))
    _strip_records(session, round_)
    _strip_fieldwork(session, round_)
    round_.purged_at = runtime.clock.now()
    record_act(session, runtime.clock, round_.code, actor, "contacts destroyed", records=records)
    tables = (model.__tablename__ for model in TABLES)
    have_originals_erased(session, runtime, round_, *tables, *aside, anew=True)
    return records


def _strip_records(session: Session, round_: Round) -> None:
    table = ServiceRecord.__table__
    own = table.c.round_id == round_.id
    session.execute(delete(table).where(own, table.c.cid == ""))
    blank = {"phone_cipher": None, "person_index": "", "station_code": "", "matter": "", "served_on": None, "seal": ""}
    number = literal(GONE) + cast(table.c.id, String)
    session.execute(update(table).where(own).values(record_no=number, **blank))
    session.execute(
        update(Draw.__table__).where(Draw.round_id == round_.id).values(round_key_cipher=literal(b"", LargeBinary))
    )


def _strip_fieldwork(session: Session, round_: Round) -> None:
    attempt, interview = Attempt.__table__, Interview.__table__
    for table in (attempt, StaffCall.__table__):
        keys = select(table.c.key).where(table.c.round_id == round_.id)
        session.execute(delete(StatusReceipt.__table__).where(StatusReceipt.attempt_key.in_(keys)))
    number = literal(GONE) + cast(attempt.c.id, String)
    own = attempt.c.round_id == round_.id
    # That the provider had it is a fact of the ledger, and stays.
    session.execute(update(attempt).where(own, attempt.c.provider_sid.is_not(None)).values(provider_sid="purged"))
    session.execute(update(attempt).where(own).values(key=number, line_digest=""))
    staff = StaffCall.__table__
    number = literal(GONE) + cast(staff.c.id, String)
    session.execute(update(staff).where(staff.c.round_id == round_.id).values(key=number, provider_sid=""))
    number = literal(GONE) + cast(interview.c.case_id, String)
    session.execute(
        update(interview)
        .where(interview.c.round_id == round_.id)
        .values(token_digest=number, answers_cipher=None, language="")
    )
    forget_notes(session, round_)
    forget_keyings(session, round_)
    for table in (Appointment.__table__, Hold.__table__):
        session.execute(delete(table).where(table.c.round_id == round_.id))
    shift = Shift.__table__
    session.execute(update(shift).where(shift.c.round_id == round_.id).values(phone_cipher=None))
    session.execute(update(ResultFile.__table__).where(ResultFile.round_id == round_.id).values(digest=None))
