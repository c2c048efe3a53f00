"""Following interviews without identity: which case, in letters that name nobody, was tried when and with what outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt
from evalsys.samples.models import Case

#: letters of a case's identifier that are shown
SHOWN_LETTERS = 8


@dataclass(frozen=True)
class Tried:
    """A try at a case: no number, no name, no answer, no interviewer."""

    case: str
    unit_code: str
    number: int
    channel: str
    at: datetime
    outcome: str
    is_over: bool


def list_tries(session: Session, round_: Round, limit: int = 50) -> list[Tried]:
    """The latest tries of a round."""
    rows = session.execute(
        select(Case.cid, Case.unit_code, Attempt)
        .join(Attempt, Attempt.case_id == Case.id)
        .where(Attempt.round_id == round_.id)
        .order_by(Attempt.id.desc())
        .limit(limit)
    )
    return [
        Tried(cid[:SHOWN_LETTERS], unit, row.number, row.channel, row.planned_at, row.outcome, row.state == "ended")
        for cid, unit, row in rows
    ]
