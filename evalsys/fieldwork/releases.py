"""Opening a round and releasing its replicates: quotas decide this and nothing else."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import case, func, insert, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.crypto import token_digest
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.opt_outs import REFUSED
from evalsys.fieldwork.rules import rules_of
from evalsys.outbox.actions import put_job
from evalsys.samples.draws import release_replicate
from evalsys.samples.models import Case, OptOut, ServiceRecord
from surveys.fieldwork import ReplicateProgress, should_release_next

FINAL_STATES = ("answered", "sealed", "ended")
#: kind of job → how often it comes back, in seconds
BEATS = {
    "field.apply": 1,
    "field.send": 1,
    "field.dial": 1,
    "field.release": 600,
    "field.reconcile": 60,
    "field.seal": 3600,
}


def open_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> int:
    """Open a drawn round: its configuration is fixed from here, the first replicates go out; how many cases did."""
    refuse_unless(round_, "drawn", doing="opening")
    if runtime.settings.by_call_centre and "sms" in rules_of(round_.configuration).channels:
        raise Refused(
            "A call centre that exchanges files sends no text messages; make phone the only mode in mode_sequence, or choose another "
            "EVALSYS_TELEPHONE."
        )
    round_.opened_at = runtime.clock.now()
    record_act(session, runtime.clock, round_.code, actor, "round opened", configuration=round_.configuration.sha256)
    released = _release_first(session, runtime, round_)
    put_field_jobs(session, runtime, round_)
    return released


def put_field_jobs(session: Session, runtime: Runtime, round_: Round) -> None:
    """Have the round worked on until it closes."""
    for kind, seconds in BEATS.items():
        put_job(session, runtime.clock, f"{kind}:{round_.code}", kind, {"round": round_.code}, every_seconds=seconds)


def pause_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> None:
    """Place no new calls and send no messages; answers are still taken."""
    refuse_unless(round_, "open", doing="pausing")
    round_.paused_at = runtime.clock.now()
    record_act(session, runtime.clock, round_.code, actor, "round paused")


def resume_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> None:
    """Go on with a paused round."""
    refuse_unless(round_, "paused", doing="resuming")
    round_.paused_at = None
    record_act(session, runtime.clock, round_.code, actor, "round resumed")


def _release_first(session: Session, runtime: Runtime, round_: Round) -> int:
    """Release as many replicates as planning expects the quotas to need; later ones only open as fieldwork falls short of it."""
    size = round_.configuration.content["fieldwork"]["replicate_size"]
    share = rules_of(round_.configuration).release.response_share
    released = 0
    for unit in round_.units:
        for _ in range(max(1, int(unit.quota / (share * size)))):
            cases = release_replicate(session, runtime, round_, unit.code)
            _put_to_work(session, runtime, round_, cases)
            released += len(cases)
    return released


def release_where_needed(session: Session, runtime: Runtime, round_: Round) -> int:
    """Release the next replicate of every unit whose expected completes fall short; how many cases went out."""
    rules = rules_of(round_.configuration)
    progress = find_progress(session, round_)
    released = 0
    for unit in round_.units:
        if should_release_next(unit.quota, progress.get(unit.code, []), rules.release).release:
            cases = release_replicate(session, runtime, round_, unit.code)
            _put_to_work(session, runtime, round_, cases)
            released += len(cases)
    return released


def find_progress(session: Session, round_: Round) -> dict[str, list[ReplicateProgress]]:
    """Per unit, what became of each released replicate so far."""
    rows = session.execute(
        select(
            Case.unit_code,
            Case.replicate,
            func.count(),
            func.sum(case((Interview.state.in_(FINAL_STATES), 1), else_=0)),
            func.sum(case((Interview.outcome == "1.1", 1), else_=0)),
        )
        .join(Interview, Interview.case_id == Case.id)
        .where(Case.round_id == round_.id)
        .group_by(Case.unit_code, Case.replicate)
        .order_by(Case.unit_code, Case.replicate)
    )
    progress: dict[str, list[ReplicateProgress]] = defaultdict(list)
    for unit, _, cases, final, completes in rows:
        progress[unit].append(ReplicateProgress(cases, final, completes))
    return progress


def _put_to_work(session: Session, runtime: Runtime, round_: Round, cases: list[Case]) -> None:
    if not cases:
        return
    rules = rules_of(round_.configuration)
    now = runtime.clock.now()
    people = _find_people(session, cases[0])
    openings = {
        county: rules.hours_in(county).next_open(max(now, round_.field_from), round_.field_until)
        for county in {county for county, _ in people.values()}
    }
    rows = []
    for drawn in cases:
        county, opted_out = people[drawn.id]
        row = {
            "case_id": drawn.id,
            "round_id": round_.id,
            "unit_code": drawn.unit_code,
            "state": "waiting",
            "next_channel": rules.first_channel(drawn.arm),
            "due_at": openings[county],
            "outcome": "",
            "ended_at": None,
            "tries": 0,
            "token_digest": token_digest(runtime.keyring.link_token(drawn.cid)),
            "language": "",
            "version": 0,
            "channel": "",
        }
        if opted_out:
            # Since the frame was committed: refused before the first word of this round.
            row |= {"state": "ended", "outcome": REFUSED, "ended_at": now, "due_at": None}
        rows.append(row)
    session.execute(insert(Interview), rows)


def _find_people(session: Session, one: Case) -> dict[int, tuple[str, bool]]:
    """The county of each case in the replicate of ``one``, and whether its person has opted out meanwhile."""
    rows = session.execute(
        select(Case.id, ServiceRecord.county, OptOut.number_index.is_not(None))
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .outerjoin(OptOut, OptOut.number_index == ServiceRecord.person_index)
        .where(Case.round_id == one.round_id, Case.unit_code == one.unit_code, Case.replicate == one.replicate)
    )
    return {case_id: (county, opted_out) for case_id, county, opted_out in rows}
