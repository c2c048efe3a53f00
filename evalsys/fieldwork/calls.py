"""What a voice page needs to know of the call it speaks on."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from evalsys.base.errors import NotFound
from evalsys.base.runtime import Runtime
from evalsys.fieldwork.interviews import Conversation, load_conversation
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.rules import rules_of

_CASE_BY_KEY = select(Attempt.case_id).where(Attempt.key == bindparam("key"), Attempt.channel == "voice")


def load_call(session: Session, runtime: Runtime, attempt_key: str) -> Conversation:
    """The interview that a call is about; raises ``NotFound`` for a key that no call has."""
    case_id = session.scalar(_CASE_BY_KEY, {"key": attempt_key})
    if case_id is None:
        raise NotFound("There is no such call.")
    return load_conversation(session, runtime, case_id)


def why_not_now(runtime: Runtime, talk: Conversation) -> str:
    """The message with which a call says goodbye before its first question; ``""`` where the interview may begin."""
    if not talk.is_open:
        return "closed"
    return "" if rules_of(talk.configuration).hours.is_open(runtime.clock.now()) else "not_now"


def keep_said(session: Session, attempt_key: str, said: str) -> None:
    """Keep what happened on a call beyond its status: ``consented``, ``refused``, ``machine``, ``silent`` or ``not_now``."""
    session.execute(
        update(Attempt).where(Attempt.key == attempt_key, Attempt.said != "refused").values(said=said),
        execution_options={"synchronize_session": False},
    )
