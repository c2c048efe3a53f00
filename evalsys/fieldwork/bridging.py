"""Calls of interviewers: their own telephone is held in a conference, and whoever they call is joined to it.

Nobody's number leaves the gateway. The call to a respondent is an attempt like any other: kept first, then placed, at most once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.callbacks import FINAL
from evalsys.fieldwork.capacity import find_capacity
from evalsys.fieldwork.circuits import watch_provider
from evalsys.fieldwork.dialling import Answer, Planned, keep_answers, plan_bridged_call
from evalsys.fieldwork.holds import find_call, renew_hold
from evalsys.fieldwork.models import Attempt, Hold, Shift, StaffCall, StatusReceipt
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.fieldwork.shifts import read_number, read_own_number
from evalsys.fieldwork.spending import note_spent
from evalsys.fieldwork.staff_calls import LISTENING, OWN, find_own_call, is_room_up, plan_staff_call
from evalsys.gateways.port import CallRequest


@dataclass(frozen=True)
class Bridge:
    """A call that was kept and is about to be placed, with the rules it is placed by."""

    planned: Planned
    rules: FieldRules
    probing: bool


def plan_line(session: Session, runtime: Runtime, shift: Shift) -> CallRequest:
    """Keep that the interviewer's own telephone is about to be called, once: the request to place with no transaction open.

    Raises ``Refused`` where it is on the line, is being called, has no number, or no call can be placed now.
    """
    # Pressed twice at once, one waits here for the other.
    session.refresh(shift, with_for_update=True)
    number = read_own_number(runtime, shift)
    if not number and not runtime.settings.by_call_centre:
        raise Refused("You gave no telephone number of your own; end the shift and begin it with one.")
    round_ = session.get(Round, shift.round_id)
    if find_own_call(session, runtime, round_, shift.interviewer, shift.room):
        raise Refused("Your telephone is on the line or is being called.")
    return plan_staff_call(session, runtime, round_, number, purpose=OWN, person=shift.interviewer, room=shift.room)


def line_state(session: Session, shift: Shift) -> str:
    """How the interviewer's own telephone stands: ``""`` (never called), ``dialling``, ``up`` or ``ended``."""
    return find_line_states(session, [shift])[shift.room]


def find_line_states(session: Session, shifts: list[Shift]) -> dict[str, str]:
    """The same of several, by conference."""
    calls = session.execute(
        select(StaffCall.room, StaffCall.state)
        .where(StaffCall.room.in_([shift.room for shift in shifts]), StaffCall.purpose == OWN)
        .order_by(StaffCall.id)
    )
    return dict.fromkeys((shift.room for shift in shifts), "") | {room: state for room, state in calls}


def plan_call(session: Session, runtime: Runtime, shift: Shift, case_id: int, fence: int) -> Bridge:
    """Keep a call to the case that is held, before anybody is called. Raises ``Refused`` with the reason where none may be placed."""
    renew_hold(session, runtime, shift, case_id, fence)
    if not is_room_up(session, shift.room):
        raise Refused("Your own telephone is not on the line; have it called first.")
    if find_call(session, case_id, shift.interviewer) is not None:
        raise Refused("This case is being called already.")
    round_ = session.get(Round, shift.round_id)
    capacity = find_capacity(session, runtime, round_, "voice")
    if capacity.spent:
        note_spent(session, runtime.clock, round_, "voice")
    if capacity.attempts < 1:
        raise Refused(
            "No call can be placed at this moment: calling hours, pace, budget or the provider do not allow it. Try again in a moment."
        )
    planned = plan_bridged_call(
        session,
        runtime,
        round_,
        case_id,
        interviewer=shift.interviewer,
        fence=fence,
        numbers=capacity.numbers,
        probing=capacity.probing,
    )
    if planned is None:
        raise Refused("This case is not to be called now; take the next one.")
    return Bridge(planned, rules_of(round_.configuration), capacity.probing)


def keep_call(session: Session, runtime: Runtime, shift: Shift, bridge: Bridge, answers: list[Answer]) -> None:
    """Keep what the provider said of the call, and whether calls go on."""
    keep_answers(session, runtime, answers)
    watch_provider(session, runtime.clock, session.get(Round, shift.round_id), "voice", probing=bridge.probing)


def find_call_room(session: Session, attempt_key: str) -> str:
    """The conference of the interviewer who made a call; ``""`` where their telephone is no longer on the line."""
    room = session.scalar(
        select(Shift.room)
        .join(Attempt, (Attempt.interviewer == Shift.interviewer) & (Attempt.round_id == Shift.round_id))
        .where(Attempt.key == attempt_key, Attempt.state != "ended", Shift.ended_at.is_(None))
    )
    return room if room and is_room_up(session, room) else ""


def keep_joined(session: Session, attempt_key: str, at: datetime) -> None:
    """Keep when the respondent was joined to the interviewer."""
    table = Attempt.__table__.c
    session.execute(
        update(Attempt.__table__).where(table.key == attempt_key, table.connected_at.is_(None)).values(connected_at=at)
    )


def find_last_sid(session: Session, shift: Shift) -> str:
    """The provider's id of the shift's last call where it has an outcome but may still be going on; ``""`` for none."""
    last = (
        select(Attempt)
        .join(Hold, Hold.case_id == Attempt.case_id)
        .where(
            Hold.interviewer == shift.interviewer,
            Hold.taken_at >= shift.began_at,
            Attempt.interviewer == shift.interviewer,
        )
        .order_by(Hold.taken_at.desc(), Attempt.number.desc())
        .limit(1)
    )
    attempt = session.scalar(last)
    if attempt is None or attempt.state != "ended" or not attempt.connected_at or not attempt.provider_sid:
        return ""
    over = select(StatusReceipt.id).where(
        StatusReceipt.attempt_key == attempt.key, StatusReceipt.status.in_(FINAL["voice"])
    )
    return "" if session.scalar(over.limit(1)) else attempt.provider_sid


def list_lines(session: Session, round_: Round) -> list[Shift]:
    """The interviewers at work on a round."""
    return list(
        session.scalars(
            select(Shift).where(Shift.round_id == round_.id, Shift.ended_at.is_(None)).order_by(Shift.began_at)
        )
    )


def plan_listening(
    session: Session, runtime: Runtime, round_: Round, shift_id: int, number: str, *, actor: str
) -> CallRequest:
    """Keep in the trail that a supervisor listens in to an interviewer: the request that calls the supervisor's telephone.

    They hear the conference and are not heard. Raises ``Refused`` where the interviewer's telephone is not on the line.
    """
    shift = session.get(Shift, shift_id)
    if shift is None or shift.round_id != round_.id or shift.ended_at is not None:
        raise NotFound("This interviewer is not at work on the round.")
    if not is_room_up(session, shift.room):
        raise Refused("This interviewer's telephone is not on the line.")
    e164 = read_number(number)
    record_act(session, runtime.clock, round_.code, actor, "listened in", interviewer=shift.interviewer)
    return plan_staff_call(session, runtime, round_, e164, purpose=LISTENING, person=actor, room=shift.room)
