"""Answers that come when a round has closed: set aside, which is to say not kept, and counted."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.base.database import keep_once
from evalsys.design.models import Round
from evalsys.fieldwork.interviews import Conversation
from evalsys.fieldwork.models import Interview, LateAnswer

CLOSED = ("closed", "frozen", "published")
COMPLETE = "1.1"


def is_late(talk: Conversation) -> bool:
    """Whether an answer given now comes too late; whoever had completed the interview has nothing to lose any more."""
    return talk.round_state in CLOSED and talk.outcome != COMPLETE


def note_late_answer(session: Session, talk: Conversation, *, channel: str) -> None:
    """Count an interview in which somebody answered after the close, once however much they answer."""
    round_id = session.scalar(select(Interview.round_id).where(Interview.case_id == talk.case_id))
    keep_once(session, LateAnswer, {"case_id": talk.case_id, "round_id": round_id, "channel": channel})


def count_late_answers(session: Session, round_: Round) -> dict[str, int]:
    """Interviews in which somebody answered after the close, by channel."""
    rows = session.execute(
        select(LateAnswer.channel, func.count())
        .where(LateAnswer.round_id == round_.id)
        .group_by(LateAnswer.channel)
        .order_by(LateAnswer.channel)
    )
    return dict(rows.all())
