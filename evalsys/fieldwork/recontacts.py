"""Re-contact: a share of the complete interviews, chosen by ticket from the committed seed, is asked again whether it took place.

What people answered is not asked again and nobody sees it: the outcome of a re-contact is one of four words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.models import Interview, Recontact
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.shifts import read_number
from evalsys.fieldwork.staff_calls import (
    OWN,
    RECONTACT,
    find_own_call,
    is_being_called,
    new_room,
    plan_staff_call,
)
from evalsys.fieldwork.taken import list_taken
from evalsys.gateways.port import CallRequest
from evalsys.samples.draws import get_draw
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, OptOut, ServiceRecord
from evalsys.samples.numbers import mask_number
from surveys.sampling.identifiers import labelled_ticket, uniform

#: label of the tickets that choose who is asked again
LABEL = "recontact"
COMPLETE = "1.1"
#: the interview took place as reported, did not, or differs from what was reported; or nobody was reached, who is tried again
OUTCOMES = ("confirmed", "not-held", "differs", "not-reached")
NOT_REACHED = "not-reached"


@dataclass(frozen=True)
class DueRecontact:
    """An interview to be asked about: no name, of the number a part. ``until``: when its answers may be sealed.

    ``tries``: how often nobody was reached.
    """

    case_id: int
    cid: str
    unit_code: str
    masked_number: str
    channel: str
    interviewer: str
    answered_at: datetime
    until: datetime
    tries: int


@dataclass(frozen=True)
class RecontactState:
    """How re-contact stands: ``share`` wanted of the ``complete`` interviews, who is ``due``, and how often each outcome was recorded."""

    share: float
    complete: int
    chosen: int
    due: tuple[DueRecontact, ...]
    outcomes: dict[str, int]

    @property
    def asked_share(self) -> float | None:
        """The share of complete interviews of which it is known whether they took place; ``None`` while there are none."""
        known = sum(count for outcome, count in self.outcomes.items() if outcome != NOT_REACHED)
        return known / self.complete if self.complete else None


def choose_recontacts(seed: str, complete: Iterable[tuple[int, str, str]], held: set[int], share: float) -> set[int]:
    """Which of the complete interviews are asked again.

    All whose ticket under ``LABEL``, as a number in [0, 1), is below ``share``; where these are fewer than that share of all,
    besides them those of the least tickets among the ``held``, whose answers are still on their cases.

    complete : case id, stratum and case identifier of each.
    """
    tickets = {case_id: labelled_ticket(seed, LABEL, stratum, cid) for case_id, stratum, cid in complete}
    chosen = {case_id for case_id, ticket in tickets.items() if uniform(ticket) < share}
    missing = math.ceil(round(share * len(tickets), 9)) - len(chosen)
    others = sorted((ticket, case_id) for case_id, ticket in tickets.items() if case_id in held - chosen)
    return chosen | {case_id for _, case_id in others[: max(0, missing)]}


def describe_recontacts(session: Session, runtime: Runtime, round_: Round) -> RecontactState:
    """Who is to be asked again, soonest to be sealed first, and what came of those asked."""
    rules = rules_of(round_.configuration)
    rows = session.execute(
        select(Interview.case_id, Case.stratum, Case.cid, Interview.state)
        .join(Case, Case.id == Interview.case_id)
        .where(Interview.round_id == round_.id, Interview.outcome == COMPLETE)
    ).all()
    held = {row.case_id for row in rows if row.state == "answered"}
    seed = get_draw(session, round_).seed
    chosen = choose_recontacts(seed, [row[:3] for row in rows], held, rules.recontact_share)
    tries: dict[int, list[str]] = {}
    for case_id, outcome in session.execute(
        select(Recontact.case_id, Recontact.outcome).where(Recontact.round_id == round_.id).order_by(Recontact.id)
    ):
        tries.setdefault(case_id, []).append(outcome)
    waiting = {case for case in chosen & held if all(outcome == NOT_REACHED for outcome in tries.get(case, ()))}
    last = [outcomes[-1] for outcomes in tries.values()]
    return RecontactState(
        share=rules.recontact_share,
        complete=len(rows),
        chosen=len(chosen | tries.keys()),
        due=tuple(_describe_due(session, runtime, round_, waiting, tries)),
        outcomes={outcome: last.count(outcome) for outcome in OUTCOMES},
    )


def record_recontact(
    session: Session, runtime: Runtime, round_: Round, case_id: int, outcome: str, *, actor: str
) -> Recontact:
    """Keep what came of asking again: one of ``OUTCOMES``, never an answer.

    Raises ``Refused`` where the interview was not chosen, is known already, or has no answers on its case any more.
    """
    refuse_unless(round_, "open", "paused", doing="recording a re-contact")
    if outcome not in OUTCOMES:
        raise BadInput("%(outcome)s is not an outcome of a re-contact.", outcome=outcome)
    due = {one.case_id: one for one in describe_recontacts(session, runtime, round_).due}
    if case_id not in due:
        raise Refused("This interview is not among those to be asked again now.")
    kept = Recontact(
        round_id=round_.id, case_id=case_id, outcome=outcome, recorded_at=runtime.clock.now(), recorded_by=actor
    )
    session.add(kept)
    record_act(
        session, runtime.clock, round_.code, actor, "re-contact recorded", case=due[case_id].cid, outcome=outcome
    )
    return kept


def plan_own_line(session: Session, runtime: Runtime, round_: Round, written: str, *, actor: str) -> CallRequest:
    """Keep that the own telephone of quality control is about to be called, from which people are asked again.

    written : the number as they write it. Raises ``BadInput`` for one that cannot be called, ``Refused`` where it is on the line or
    no call can be placed now.
    """
    refuse_unless(round_, "open", "paused", doing="calling somebody again")
    number = read_number(written)
    if find_own_call(session, runtime, round_, actor):
        raise Refused("Your telephone is on the line or is being called.")
    return plan_staff_call(session, runtime, round_, number, purpose=OWN, person=actor, room=new_room())


def plan_recontact_call(session: Session, runtime: Runtime, round_: Round, case_id: int, *, actor: str) -> CallRequest:
    """Keep that somebody who is to be asked again is called, joined to the telephone of quality control if they answer.

    Raises ``Refused`` where they are not to be asked, want no more contact, may not be called at this hour or are being called.
    """
    due = {one.case_id: one for one in describe_recontacts(session, runtime, round_).due}
    if case_id not in due:
        raise Refused("This interview is not among those to be asked again now.")
    own = find_own_call(session, runtime, round_, actor)
    if own is None or own.state != "up":
        raise Refused("Your own telephone is not on the line; have it called first.")
    record = session.scalars(
        select(ServiceRecord).join(Case, Case.record_id == ServiceRecord.id).where(Case.id == case_id)
    ).one()
    opted_out = select(OptOut.number_index).where(OptOut.number_index == record.person_index)
    may_ring = rules_of(round_.configuration).hours_in(record.county).is_open(runtime.clock.now())
    if session.scalar(opted_out) or not may_ring or is_being_called(session, runtime, case_id):
        raise Refused(
            "This person cannot be called now: they want no more contact, it is not the hour, or they are being called."
        )
    record_act(session, runtime.clock, round_.code, actor, "re-contact called", case=due[case_id].cid)
    return plan_staff_call(
        session,
        runtime,
        round_,
        read_phone(runtime, record),
        purpose=RECONTACT,
        person=actor,
        room=own.room,
        case_id=case_id,
    )


def _describe_due(
    session: Session, runtime: Runtime, round_: Round, cases: set[int], tries: dict[int, list[str]]
) -> list[DueRecontact]:
    hold = rules_of(round_.configuration).quality_hold
    taken = list_taken(session, round_, "answered")
    found = session.execute(
        select(Interview, Case.cid, ServiceRecord)
        .join(Case, Case.id == Interview.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .where(Interview.round_id == round_.id, Interview.state == "answered")
        .order_by(Interview.answered_at, Interview.case_id)
    )
    return [
        DueRecontact(
            case_id=interview.case_id,
            cid=cid,
            unit_code=interview.unit_code,
            masked_number=mask_number(read_phone(runtime, record)),
            channel=interview.channel,
            interviewer=taken[interview.case_id].interviewer if interview.case_id in taken else "",
            answered_at=interview.answered_at,
            until=interview.answered_at + hold,
            tries=len(tries.get(interview.case_id, ())),
        )
        for interview, cid, record in found
        if interview.case_id in cases
    ]
