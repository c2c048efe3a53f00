"""The circuit breaker between dialler and provider, derived from the ledger of attempts: nothing else remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt
from surveys.fieldwork import CLOSED, OPEN, Circuit, CircuitRule, Stretch, judge_circuit

RULE = CircuitRule()
#: spelt as in the index of failed attempts, which databases use only then
_FAILED = Attempt.fault != literal_column("''")


def find_circuit(session: Session, round_: Round, channel: str, now: datetime) -> Circuit:
    """How the provider fares with a round's attempts on a channel, and what may be made now."""
    return judge_circuit(RULE, _find_stretch(session, round_, channel), now)


def _find_stretch(session: Session, round_: Round, channel: str) -> Stretch:
    of_channel = (Attempt.round_id == round_.id, Attempt.channel == channel)
    newest = select(Attempt.planned_at, Attempt.probe).where(*of_channel)
    last = session.execute(newest.order_by(Attempt.planned_at.desc(), Attempt.id.desc()).limit(1)).first()
    if last is None:
        return Stretch()
    since = last.planned_at - (RULE.pause if last.probe else RULE.window)
    recent = (*of_channel, Attempt.planned_at > since)
    failures = session.scalar(select(func.count()).where(*recent, _FAILED))
    if last.probe:
        recent = (*recent, Attempt.probe)
    elif failures < RULE.failure_share * RULE.least:
        return Stretch(last_at=last.planned_at)
    else:
        # What came before probes that went well has been atoned for.
        probed = session.scalar(select(func.max(Attempt.id)).where(*recent, Attempt.probe))
        recent = (*recent, Attempt.id > (probed or 0))
        failures = session.scalar(select(func.count()).where(*recent, _FAILED))
    attempts = session.scalar(select(func.count()).where(*recent))
    return Stretch(attempts, failures, last.planned_at, last.probe)


def watch_provider(session: Session, clock: Clock, round_: Round, channel: str, *, probing: bool) -> bool:
    """Judge the provider after a chunk of attempts, and keep in the trail that attempts stop or go on; whether they go on now."""
    circuit = find_circuit(session, round_, channel, clock.now())
    if circuit.state == OPEN and not probing:
        faults = dict(find_faults(session, round_, channel, since=circuit.stretch.last_at - RULE.window))
        counts = {"attempts": circuit.stretch.attempts, "failures": circuit.stretch.failures}
        record_act(
            session, clock, round_.code, "dialler", "attempts stopped", channel=channel, **counts, provider_said=faults
        )
    if circuit.state == CLOSED and probing:
        record_act(session, clock, round_.code, "dialler", "attempts go on", channel=channel)
    return circuit.state == CLOSED


def find_faults(session: Session, round_: Round, channel: str, *, since: datetime) -> Mapping[str, int]:
    """What the provider said when it failed, with how often, since a moment."""
    rows = session.execute(
        select(Attempt.fault, func.count())
        .where(Attempt.round_id == round_.id, Attempt.channel == channel, Attempt.planned_at > since, _FAILED)
        .group_by(Attempt.fault)
        .order_by(Attempt.fault)
    )
    return dict(rows.all())
