"""Which interviewer took which interview, by the ledger of attempts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Interview

ANSWERED = ("1.1", "1.2")


@dataclass(frozen=True)
class Taken:
    """An interview that a person took: the attempt in which it ended, whose it was, and how many seconds the call was long."""

    case_id: int
    attempt_id: int
    interviewer: str
    outcome: str
    seconds: int | None


def list_taken(session: Session, round_: Round, *states: str) -> dict[int, Taken]:
    """Per case the interview that a person took, complete or partial; voided ones are none.

    states : of the interviews wanted; all by default.
    """
    rows = (
        select(Attempt.case_id, Attempt.id, Attempt.interviewer, Attempt.outcome, Attempt.seconds)
        .join(Interview, Interview.case_id == Attempt.case_id)
        .where(
            Attempt.round_id == round_.id,
            Attempt.interviewer != "",
            Attempt.voided_at.is_(None),
            Attempt.outcome.in_(ANSWERED),
            Attempt.outcome == Interview.outcome,
            Interview.channel != "web",
        )
        .order_by(Attempt.number)
    )
    if states:
        rows = rows.where(Interview.state.in_(states))
    return {row.case_id: Taken(*row) for row in session.execute(rows)}
