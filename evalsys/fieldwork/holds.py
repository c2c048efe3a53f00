"""Leases of cases: which case an interviewer works on next, and that nobody else does meanwhile.

A lease is taken by a conditional update, renewed by whatever its holder's page sends, and lets go by itself. Who lost it is refused
whatever they save then, so that two never write over each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from evalsys.base.database import keep_once
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.models import Appointment, Attempt, Hold, Interview, Shift
from evalsys.fieldwork.rules import INTERVIEWER, FieldRules, rules_of
from evalsys.samples.models import Case, ServiceRecord

#: so long a case stays with an interviewer of whose page nothing is heard
LEASE = timedelta(minutes=5)
_AT_ONCE = 20


def find_hold(session: Session, runtime: Runtime, shift: Shift) -> Hold | None:
    """The case that an interviewer holds now."""
    return session.scalar(
        select(Hold)
        .where(
            Hold.interviewer == shift.interviewer,
            Hold.round_id == shift.round_id,
            Hold.expires_at > runtime.clock.now(),
        )
        .execution_options(populate_existing=True)
    )


def take_next_case(session: Session, runtime: Runtime, shift: Shift) -> Hold | None:
    """Take the next case by rule; ``None`` where none is due.

    One's own call that is under way; an appointment of one's own, from a while before its time; any appointment that is due; what has
    been due for longest. Raises ``Refused`` in a break, while the round is not open, and while the case held has no outcome.
    """
    now = runtime.clock.now()
    round_ = session.get(Round, shift.round_id)
    if shift.break_since is not None:
        raise Refused("You are in a break; go on first.")
    if round_.state != "open":
        raise Refused("Round %(code)s is not open, so that nobody is called now.", code=round_.code)
    held = find_hold(session, runtime, shift)
    if held is not None:
        if find_call(session, held.case_id, shift.interviewer) is not None:
            raise Refused("The call to this case has no outcome yet; state it first.")
        held.expires_at = now
        session.flush()
    rules = rules_of(round_.configuration)
    for waiting in _queues(rules, shift, runtime):
        for case_id in _list_callable(session, rules, round_, waiting, runtime):
            if _take(session, runtime, shift, case_id):
                return find_hold(session, runtime, shift)
    return None


def renew_hold(session: Session, runtime: Runtime, shift: Shift, case_id: int, fence: int) -> None:
    """Keep the lease of a case for another while; raises ``Refused`` for whoever has it no longer."""
    now = runtime.clock.now()
    kept = session.execute(
        update(Hold)
        .where(
            Hold.case_id == case_id,
            Hold.interviewer == shift.interviewer,
            Hold.fence == fence,
            Hold.expires_at > now,
        )
        .values(expires_at=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    if not kept.rowcount:
        raise Refused(
            "This case is no longer with you, since your page was silent for %(minutes)d minutes or the case was finished; nothing was "
            "saved.",
            minutes=LEASE // timedelta(minutes=1),
        )


def let_go(session: Session, runtime: Runtime, shift: Shift) -> None:
    """Give back the case that is held, so that others may take it; raises ``Refused`` while its call has no outcome."""
    held = find_hold(session, runtime, shift)
    if held is None:
        return
    if find_call(session, held.case_id, shift.interviewer) is not None:
        raise Refused("The call to this case has no outcome yet; state it first.")
    held.expires_at = runtime.clock.now()


def find_call(session: Session, case_id: int, interviewer: str) -> Attempt | None:
    """The call of an interviewer to a case that has no outcome yet."""
    return session.scalar(
        select(Attempt)
        .where(Attempt.case_id == case_id, Attempt.interviewer == interviewer, Attempt.state != "ended")
        .execution_options(populate_existing=True)
    )


def is_held(session: Session, runtime: Runtime, attempt: Attempt) -> bool:
    """Whether the interviewer who made a call still has its case."""
    found = select(Hold.case_id).where(
        Hold.case_id == attempt.case_id,
        Hold.interviewer == attempt.interviewer,
        Hold.expires_at > runtime.clock.now(),
    )
    return session.scalar(found) is not None


def _queues(rules: FieldRules, shift: Shift, runtime: Runtime) -> Iterator[Select]:
    """The cases that may be taken, most urgent first."""
    now = runtime.clock.now()
    free = (
        select(Interview.case_id, ServiceRecord.county)
        .join(Case, Case.id == Interview.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .outerjoin(Hold, Hold.case_id == Interview.case_id)
        .where(Interview.round_id == shift.round_id, or_(Hold.case_id.is_(None), Hold.expires_at <= now))
        .limit(_AT_ONCE)
        .with_for_update(of=Interview, skip_locked=True)
    )
    own_call = and_(
        Attempt.case_id == Interview.case_id, Attempt.interviewer == shift.interviewer, Attempt.state != "ended"
    )
    yield free.join(Attempt, own_call).where(Interview.state == "calling")
    if not rules.is_open_anywhere(now):
        return
    # Whose interview was voided does not take it again.
    voided = select(Attempt.case_id).where(
        Attempt.round_id == shift.round_id,
        Attempt.interviewer == shift.interviewer,
        Attempt.voided_at.is_not(None),
    )
    waiting = free.where(
        Interview.state == "waiting", Interview.next_channel == INTERVIEWER, Interview.case_id.not_in(voided)
    )
    agreed = waiting.join(Appointment, Appointment.case_id == Interview.case_id).order_by(Appointment.at)
    early = now + rules.retry.appointment_early
    yield agreed.where(Appointment.interviewer == shift.interviewer, Appointment.at <= early)
    yield agreed.where(Appointment.at <= now)
    yield waiting.where(Interview.due_at <= now).order_by(Interview.due_at, Interview.case_id)


def _list_callable(
    session: Session, rules: FieldRules, round_: Round, waiting: Select, runtime: Runtime
) -> Iterator[int]:
    """The cases of a queue in whose county it is the hour; the others rest until it is."""
    now = runtime.clock.now()
    while rows := session.execute(waiting).all():
        resting: dict[str, list[int]] = {}
        for row in rows:
            if rules.hours_in(row.county).is_open(now):
                yield row.case_id
            else:
                resting.setdefault(row.county, []).append(row.case_id)
        rested = 0
        for county, cases in resting.items():
            opening = rules.hours_in(county).next_open(now, round_.field_until)
            rested += session.execute(
                update(Interview).where(Interview.case_id.in_(cases), Interview.due_at <= now).values(due_at=opening),
                execution_options={"synchronize_session": False},
            ).rowcount
        if not rested:
            return


def _take(session: Session, runtime: Runtime, shift: Shift, case_id: int) -> bool:
    """Take the lease of a case, unless somebody was quicker."""
    now = runtime.clock.now()
    lease = {"interviewer": shift.interviewer, "taken_at": now, "expires_at": now + LEASE}
    if keep_once(session, Hold, {"case_id": case_id, "round_id": shift.round_id, "fence": 1, **lease}):
        return True
    taken = session.execute(
        update(Hold)
        .where(Hold.case_id == case_id, Hold.expires_at <= now)
        .values(fence=Hold.fence + 1, **lease)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)
