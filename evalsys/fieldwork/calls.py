"""What a voice page needs to know of the call it speaks on."""

from __future__ import annotations

from sqlalchemy import bindparam, update
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


def keep_said(session: Session, attempt_key: str, said: str) -> None:
    """Keep what happened on a call beyond its status: ``consented``, ``refused``, ``call_later``, ``machine``, ``silent`` or ``not_now``.

    A refusal and a wish to be called later stand, whatever page is fetched once more.
    """
    session.execute(_SAYING, {"attempt": attempt_key, "saying": said})


def keep_language(session: Session, case_id: int, language: str) -> None:
    """Keep the language that a respondent chose for an interview."""
    session.execute(update(Interview).where(Interview.case_id == case_id).values(language=language))
