"""Interviewers at work: signing on, breaks, signing off. A person is known here by a code, never by name."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.holds import let_go
from evalsys.fieldwork.models import Shift
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.staff_calls import end_own_calls
from evalsys.samples.numbers import classify_number

OWN_NUMBERS = "interviewers' numbers"
#: why a number is not called as an interviewer's own telephone; a landline may be one
NOT_CALLED = ("invalid_number", "foreign", "premium")


def code_of(user_id: int) -> str:
    """The code by which the ledger of attempts knows a person."""
    return f"i{user_id}"


def find_shift(session: Session, interviewer: str) -> Shift | None:
    """The shift in which somebody is at work now."""
    return session.scalar(select(Shift).where(Shift.interviewer == interviewer, Shift.ended_at.is_(None)))


def get_shift(session: Session, interviewer: str) -> Shift:
    """The shift in which somebody is at work; raises ``NotFound`` where they are not."""
    shift = find_shift(session, interviewer)
    if shift is None:
        raise NotFound("You are not at work on a round; begin a shift first.")
    return shift


def list_callable_rounds(session: Session) -> list[Round]:
    """The rounds in the field in which interviewers call."""
    rounds = session.scalars(select(Round).where(Round.state.in_(("open", "paused"))).order_by(Round.code))
    return [round_ for round_ in rounds if rules_of(round_.configuration).calls_by != "machine"]


def begin_shift(session: Session, runtime: Runtime, round_: Round, interviewer: str, number: str = "") -> Shift:
    """Begin to work on a round. ``number``: of the telephone at which the interviewer is called, as they write it; may be empty.

    Raises ``Refused`` where they are at work already or nobody but the machine calls in the round, ``BadInput`` for a number that
    cannot be called.
    """
    refuse_unless(round_, "open", "paused", doing="beginning a shift")
    if rules_of(round_.configuration).calls_by == "machine":
        raise Refused("In round %(code)s only the machine calls; see calls_by in fieldwork.toml.", code=round_.code)
    if find_shift(session, interviewer):
        raise Refused("You are at work already; end that shift first.")
    room = secrets.token_hex(16)
    shift = Shift(round_id=round_.id, interviewer=interviewer, room=room, began_at=runtime.clock.now())
    if number.strip():
        e164 = read_number(number)
        shift.phone_cipher = runtime.keyring.encrypt(OWN_NUMBERS, e164.encode(), f"shift:phone:{room}")
    session.add(shift)
    session.flush()
    return shift


def read_number(written: str) -> str:
    """The number of a member of staff in E.164 form; raises ``BadInput`` for one that is wrong, foreign or premium."""
    e164, why_not = classify_number(written)
    if not e164 or why_not in NOT_CALLED:
        raise BadInput("This is not a number of this country that can be called.")
    return e164


def read_own_number(runtime: Runtime, shift: Shift) -> str:
    """The number of the interviewer's telephone, for the gateway that is about to call it; ``""`` where none was given."""
    if shift.phone_cipher is None:
        return ""
    return runtime.keyring.decrypt(OWN_NUMBERS, shift.phone_cipher, f"shift:phone:{shift.room}").decode()


def take_break(session: Session, runtime: Runtime, shift: Shift) -> None:
    """Rest: no case is offered, and the one that was held goes to others. Refused during a call."""
    if shift.break_since is None:
        let_go(session, runtime, shift)
        shift.break_since = runtime.clock.now()


def end_break(shift: Shift) -> None:
    """Go on after a break."""
    shift.break_since = None


def end_shift(session: Session, runtime: Runtime, shift: Shift) -> str:
    """Go home: the case that was held goes to others. The provider's id of the line that is to be hung up, or ``""``.

    The number that was called is forgotten. Refused during a call.
    """
    let_go(session, runtime, shift)
    shift.ended_at, shift.phone_cipher, shift.break_since = runtime.clock.now(), None, None
    return end_own_calls(session, runtime, shift)
