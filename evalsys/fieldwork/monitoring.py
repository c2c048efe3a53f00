"""Listening in: of every interviewer's interviews a tenth is heard by somebody else, chosen by ticket from the committed seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Interview, Monitoring
from evalsys.fieldwork.taken import list_taken
from evalsys.samples.draws import get_draw
from evalsys.samples.models import Case
from surveys.sampling.identifiers import labelled_ticket

#: label of the tickets that choose what is listened to
LABEL = "monitor"
#: the least share of each interviewer's interviews that is listened to
MONITORED_SHARE = 0.1


@dataclass(frozen=True)
class MonitoredInterviewer:
    """How much of an interviewer's work was listened to, and in how many verdicts something was wrong."""

    interviewer: str
    interviews: int
    monitored: int
    faults: int

    @property
    def share(self) -> float | None:
        """The share of the interviews that was listened to; ``None`` without interviews."""
        return self.monitored / self.interviews if self.interviews else None

    @property
    def is_enough(self) -> bool:
        """Whether the share is reached."""
        return self.monitored >= MONITORED_SHARE * self.interviews


@dataclass(frozen=True)
class NextToHear:
    """The call of an interviewer that is to be listened to next: under way, or finished and recorded by a call centre."""

    attempt_id: int
    cid: str
    unit_code: str
    interviewer: str
    is_under_way: bool


@dataclass(frozen=True)
class MonitoringState:
    """Who was listened to how often, the least first, and what to listen to next."""

    interviewers: tuple[MonitoredInterviewer, ...]
    suggested: tuple[NextToHear, ...]


def record_monitoring(
    session: Session,
    runtime: Runtime,
    round_: Round,
    attempt_id: int,
    *,
    read_as_worded: bool,
    neutral: bool,
    recorded_right: bool,
    actor: str,
) -> Monitoring:
    """Keep that somebody listened to a call and whether it was led as it should be; nothing of what the respondent said.

    Raises ``NotFound`` for a call that no interviewer of the round made, ``Refused`` for a second verdict of the same person.
    """
    refuse_unless(round_, "open", "paused", doing="recording that a call was listened to")
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    if attempt is None or attempt.round_id != round_.id or not attempt.interviewer:
        raise NotFound("There is no such call of an interviewer.")
    heard = select(Monitoring.id).where(Monitoring.attempt_id == attempt_id, Monitoring.recorded_by == actor)
    if session.scalar(heard) is not None:
        raise Refused("You have given your verdict on this call already.")
    verdict = {"read_as_worded": read_as_worded, "neutral": neutral, "recorded_right": recorded_right}
    kept = Monitoring(
        round_id=round_.id,
        attempt_id=attempt_id,
        interviewer=attempt.interviewer,
        recorded_at=runtime.clock.now(),
        recorded_by=actor,
        **verdict,
    )
    session.add(kept)
    cid = session.scalar(select(Case.cid).where(Case.id == attempt.case_id))
    record_act(session, runtime.clock, round_.code, actor, "call listened to", case=cid, **verdict)
    return kept


def describe_monitoring(session: Session, round_: Round) -> MonitoringState:
    """How much was listened to, and per interviewer of whom too little was, the call with the least ticket of those to be heard."""
    taken = list_taken(session, round_)
    verdicts = session.scalars(select(Monitoring).where(Monitoring.round_id == round_.id)).all()
    heard = {verdict.attempt_id for verdict in verdicts}
    interviews = Counter(one.interviewer for one in taken.values())
    monitored = Counter(one.interviewer for one in taken.values() if one.attempt_id in heard)
    faults = Counter(
        one.interviewer for one in verdicts if not (one.read_as_worded and one.neutral and one.recorded_right)
    )
    candidates = _list_candidates(session, round_, {one.attempt_id for one in taken.values()}, heard)
    everybody = interviews.keys() | faults.keys() | candidates.keys()
    states = [MonitoredInterviewer(who, interviews[who], monitored[who], faults[who]) for who in everybody]
    states.sort(key=lambda state: (state.share or 0.0, state.interviewer))
    wanted = [state.interviewer for state in states if not state.interviews or not state.is_enough]
    return MonitoringState(tuple(states), tuple(candidates[who] for who in wanted if who in candidates))


def _list_candidates(session: Session, round_: Round, taken: set[int], heard: set[int]) -> dict[str, NextToHear]:
    """Per interviewer the call to listen to: one under way before one that is over, then the least ticket."""
    seed = get_draw(session, round_).seed
    rows = session.execute(
        select(Attempt.id, Attempt.interviewer, Attempt.state, Case.cid, Case.stratum, Case.unit_code)
        .join(Case, Case.id == Attempt.case_id)
        .join(Interview, Interview.case_id == Attempt.case_id)
        .where(
            Attempt.round_id == round_.id,
            Attempt.interviewer != "",
            or_(Attempt.state != "ended", Interview.state == "answered"),
        )
    )
    by_interviewer: dict[str, list[tuple[bool, str, NextToHear]]] = defaultdict(list)
    for row in rows:
        is_over = row.state == "ended"
        if row.id in heard or (is_over and row.id not in taken):
            continue
        call = NextToHear(row.id, row.cid, row.unit_code, row.interviewer, not is_over)
        by_interviewer[row.interviewer].append((is_over, labelled_ticket(seed, LABEL, row.stratum, row.cid), call))
    return {who: min(calls, key=lambda entry: entry[:2])[2] for who, calls in by_interviewer.items()}
