"""What a voice page needs to know of the call it speaks on."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.fieldwork.interviews import Conversation
from evalsys.fieldwork.models import Attempt, Interview

_ATTEMPT = Attempt.__table__.c
_SAYING = (
    update(Attempt.__table__)
    .where(_ATTEMPT.key == bindparam("attempt"), _ATTEMPT.said.not_in(("refused", "call_later")))
    .values(said=bindparam("saying"))
)


def why_not_now(runtime: Runtime, talk: Conversation) -> str:
    """The message with which a call says goodbye before its first question; ``""`` where the interview may begin."""
    if not talk.is_open:
        return "closed"
    return "" if talk.rules.hours_in(talk.county).is_open(runtime.clock.now()) else "not_now"


def interviewer_now(runtime: Runtime, talk: Conversation) -> str:
    """The number at which an interviewer takes a call over; ``""`` where there is none, and outside their hours."""
    rules = talk.rules
    return rules.interviewer_number if rules.interviewer_hours.is_open(runtime.clock.now()) else ""


def keep_said(session: Session, attempt_key: str, said: str) -> None:
    """Keep what happened on a call beyond its status.

    ``said``: ``consented``, ``refused``, ``call_later``, ``interviewer``, ``machine``, ``fax``, ``silent`` or ``not_now``. A refusal and
    a wish to be called later stand, whatever page is fetched once more.
    """
    session.execute(_SAYING, {"attempt": attempt_key, "saying": said})


def kind_of_machine(answered_by: str) -> str:
    """``machine`` or ``fax`` by the provider's word for whoever answered; ``""`` for a human and where it does not know."""
    return next((kind for kind in ("machine", "fax") if answered_by.startswith(kind)), "")


def keep_machine(session: Session, attempt_key: str, answered_by: str) -> None:
    """Keep that a machine answered, as the provider finds out while the call goes on, unless somebody has pressed a key by then."""
    if kind := kind_of_machine(answered_by):
        session.execute(
            update(Attempt).where(Attempt.key == attempt_key, Attempt.said.in_(("", "silent"))).values(said=kind)
        )


def is_machine(session: Session, attempt_key: str) -> bool:
    """Whether a machine was found to have answered."""
    return session.scalar(select(Attempt.said).where(Attempt.key == attempt_key)) in ("machine", "fax")


def keep_language(session: Session, case_id: int, language: str) -> None:
    """Keep the language that a respondent chose for an interview."""
    session.execute(update(Interview).where(Interview.case_id == case_id).values(language=language))
