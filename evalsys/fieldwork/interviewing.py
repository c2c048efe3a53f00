"""An interviewer's work on the case that is held: what is shown of it, answers through the one door, and the outcome of the call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import Runtime
from evalsys.fieldwork.case_notes import Note, read_notes
from evalsys.fieldwork.cases import Dossier, conclude_attempt, end_attempt, open_dossiers
from evalsys.fieldwork.holds import find_call, find_hold, is_held, let_go, renew_hold
from evalsys.fieldwork.interviews import Conversation, load_conversation, opt_out, record_answer, refuse_interview
from evalsys.fieldwork.models import Appointment, Attempt, Hold, Interview, Shift
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord
from evalsys.samples.numbers import mask_number
from surveys.fieldwork import CALL_OUTCOMES, stated_outcome

CHANNEL = "interviewer"
#: a refusal by the respondents themselves: what they had answered before is forgotten
REFUSED = "2.11"
#: what a call comes to in which another one was agreed
AGREED = "2.21"
_STATED = {code for codes in CALL_OUTCOMES.values() for code in codes}


@dataclass(frozen=True)
class HeldCase:
    """A case as its interviewer sees it: no name, and of the number only what ``masked_number`` shows.

    ``call``: the one that has no outcome yet; ``last_call``: the newest of this interviewer since the case was taken, ended or not.
    ``tries`` so far.
    """

    case_id: int
    fence: int
    expires_at: datetime
    masked_number: str
    talk: Conversation
    call: Attempt | None
    last_call: Attempt | None
    appointment: Appointment | None
    notes: tuple[Note, ...]
    tries: int

    @property
    def stage(self) -> str:
        """How far the call is: ``""`` (none yet), ``ringing``, ``joined``, ``over`` (hung up, no outcome yet) or ``ended``."""
        if self.call is None:
            return "ended" if self.has_ended else ""
        return stage_of(self.call)

    @property
    def has_ended(self) -> bool:
        """Whether the case needs nothing more now: its call has an outcome, or it was answered in another way."""
        return self.call is None and (self.last_call is not None or not self.talk.is_open)


def stage_of(call: Attempt) -> str:
    """How far a call without outcome is: ``ringing``, ``joined`` or ``over``."""
    if call.seconds is not None:
        return "over"
    return "joined" if call.connected_at else "ringing"


def find_held_case(session: Session, runtime: Runtime, shift: Shift) -> HeldCase | None:
    """What the interviewer has before them; ``None`` where they hold nothing."""
    hold = find_hold(session, runtime, shift)
    return describe_case(session, runtime, shift, hold) if hold else None


def describe_case(session: Session, runtime: Runtime, shift: Shift, hold: Hold) -> HeldCase:
    """A held case with everything that its page shows."""
    record = select(ServiceRecord).join(Case, Case.record_id == ServiceRecord.id).where(Case.id == hold.case_id)
    calls = (
        select(Attempt)
        .where(
            Attempt.case_id == hold.case_id,
            Attempt.interviewer == shift.interviewer,
            Attempt.planned_at >= hold.taken_at,
        )
        .order_by(Attempt.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    tries = select(Interview.tries).where(Interview.case_id == hold.case_id)
    return HeldCase(
        case_id=hold.case_id,
        fence=hold.fence,
        expires_at=hold.expires_at,
        masked_number=mask_number(read_phone(runtime, session.scalars(record).one())),
        talk=load_conversation(session, runtime, hold.case_id),
        call=find_call(session, hold.case_id, shift.interviewer),
        last_call=session.scalar(calls),
        appointment=session.get(Appointment, hold.case_id),
        notes=tuple(read_notes(session, runtime, hold.case_id)),
        tries=session.scalar(tries),
    )


def keep_spoken_answer(
    session: Session,
    runtime: Runtime,
    shift: Shift,
    case_id: int,
    fence: int,
    version: int,
    code: str,
    value: str,
    language: str,
) -> Conversation:
    """Keep an answer given on the telephone; with the last one the interview ends, and the call is complete.

    Raises ``Refused`` where the case is no longer held, nobody has been called, or another answer was kept since the page with
    ``version`` was shown; ``InstrumentError`` for a value that the question does not have.
    """
    renew_hold(session, runtime, shift, case_id, fence)
    call = _get_call(session, shift, case_id)
    talk = load_conversation(session, runtime, case_id)
    if talk.version != version:
        raise Refused(
            "Another answer was kept for this case meanwhile; this one was not. Look again and go on from there."
        )
    talk = record_answer(session, runtime, talk, code, value, channel=CHANNEL, language=language)
    if not talk.is_open:
        dossier = open_dossiers(session, [case_id])[case_id]
        _conclude(session, runtime, shift, call, dossier, talk.outcome)
    return talk


def state_outcome(
    session: Session,
    runtime: Runtime,
    shift: Shift,
    case_id: int,
    fence: int,
    outcome: str,
    *,
    never_again: bool = False,
) -> None:
    """State what the call came to, which ends it; the case goes on by the rules of fieldwork, or ends.

    outcome : one of ``CALL_OUTCOMES``. never_again : with a refusal, the person is never contacted again in any round. Raises
    ``Refused`` where the case is no longer held or nobody has been called.
    """
    if outcome not in _STATED:
        raise BadInput("%(outcome)s is not an outcome that a call can be given.", outcome=outcome)
    renew_hold(session, runtime, shift, case_id, fence)
    call = _get_call(session, shift, case_id)
    if outcome == REFUSED:
        (opt_out if never_again else refuse_interview)(session, runtime, case_id)
    dossier = open_dossiers(session, [case_id])[case_id]
    _conclude(session, runtime, shift, call, dossier, outcome)


def agree_appointment(
    session: Session, runtime: Runtime, shift: Shift, case_id: int, fence: int, at: datetime
) -> Appointment:
    """End the call with an appointment. Raises ``Refused`` for a time that is past, outside calling hours or after the field period."""
    renew_hold(session, runtime, shift, case_id, fence)
    call = _get_call(session, shift, case_id)
    dossier = open_dossiers(session, [case_id])[case_id]
    if at <= runtime.clock.now() or dossier.hours.next_open(at, dossier.field_until) != at:
        raise Refused("This time is past, outside calling hours, or after the field period; agree on another one.")
    if dossier.interview.state != "calling":
        raise Refused("This interview takes no more answers.")
    _conclude(session, runtime, shift, call, dossier, AGREED, appointment_at=at)
    made = Appointment(
        case_id=case_id, round_id=shift.round_id, interviewer=shift.interviewer, at=at, made_at=runtime.clock.now()
    )
    session.add(made)
    return made


def list_appointments(
    session: Session, shift: Shift, since: datetime, until: datetime
) -> list[tuple[Appointment, str]]:
    """The round's appointments between two moments, soonest first, with the code of the unit they are about."""
    rows = session.execute(
        select(Appointment, Interview.unit_code)
        .join(Interview, Interview.case_id == Appointment.case_id)
        .where(Appointment.round_id == shift.round_id, Appointment.at >= since, Appointment.at < until)
        .order_by(Appointment.at, Appointment.case_id)
    )
    return [(appointment, unit) for appointment, unit in rows]


def conclude_abandoned_calls(session: Session, runtime: Runtime, round_id: int) -> int:
    """End the calls that are over and whose interviewer no longer holds the case, as what their answers say; how many there were."""
    over = session.scalars(
        select(Attempt).where(
            Attempt.round_id == round_id,
            Attempt.interviewer != "",
            Attempt.state == "placed",
            Attempt.seconds.is_not(None),
        )
    ).all()
    left = [attempt for attempt in over if not is_held(session, runtime, attempt)]
    dossiers = open_dossiers(session, [attempt.case_id for attempt in left])
    for attempt in left:
        end_attempt(session, runtime, attempt, dossiers[attempt.case_id], "completed", seconds=attempt.seconds)
    return len(left)


def _get_call(session: Session, shift: Shift, case_id: int) -> Attempt:
    call = find_call(session, case_id, shift.interviewer)
    if call is None:
        raise Refused("There is no call to this case that waits for an outcome; call first.")
    return call


def _conclude(
    session: Session,
    runtime: Runtime,
    shift: Shift,
    call: Attempt,
    dossier: Dossier,
    outcome: str,
    *,
    appointment_at: datetime | None = None,
) -> None:
    """Complete the call, once, and give the case back. Its length is the provider's where that is known, else what has passed."""
    now, seconds = runtime.clock.now(), call.seconds
    if seconds is None and call.connected_at:
        seconds = round((now - call.connected_at).total_seconds())
    session.execute(delete(Appointment).where(Appointment.case_id == call.case_id))
    conclude_attempt(runtime, call, dossier, stated_outcome(outcome), seconds=seconds, appointment_at=appointment_at)
    session.flush()
    let_go(session, runtime, shift)
