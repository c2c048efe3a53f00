"""How many attempts may be made now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.circuits import find_circuit
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.spending import count_affordable, find_use, is_spent
from surveys.fieldwork import CLOSED

IN_FLIGHT = ("dialling", "placed", "unknown")
#: the provider's queue is kept below this
QUEUE = timedelta(seconds=60)


@dataclass(frozen=True)
class Capacity:
    """How many attempts may be made now.

    ``probing``: only to see whether the provider works again. ``spent``: none, since the budget is.
    """

    attempts: int
    probing: bool = False
    spent: bool = False


def find_capacity(session: Session, runtime: Runtime, round_: Round, channel: str) -> Capacity:
    """What may be made on a channel: within calling hours, at the pace since the last attempt, below the cap of calls at once,
    within the budget.

    Nothing while the provider fails, and a few after a pause.
    """
    rules = rules_of(round_.configuration)
    now = runtime.clock.now()
    if round_.state != "open" or not (round_.field_from <= now < round_.field_until) or not rules.hours.is_open(now):
        return Capacity(0)
    circuit = find_circuit(session, round_, channel, now)
    last = circuit.stretch.last_at
    since = QUEUE if last is None else min(QUEUE, now - last)
    limits = [int(since.total_seconds() * rules.calls_per_second)]
    if circuit.state != CLOSED:
        limits.append(circuit.probes)
    if channel == "voice":
        limits.append(rules.concurrent_calls - _count_under_way(session, round_, channel))
    spent = False
    if rules.costs.budget is not None and min(limits) > 0:
        use = find_use(session, round_, now)
        spent = is_spent(rules, channel, use)
        affordable = count_affordable(rules, channel, use)
        limits += [] if affordable is None else [affordable]
    return Capacity(max(0, min(limits)), probing=circuit.state != CLOSED, spent=spent)


def _count_under_way(session: Session, round_: Round, channel: str) -> int:
    return session.scalar(
        select(func.count()).where(
            Attempt.round_id == round_.id, Attempt.channel == channel, Attempt.state.in_(IN_FLIGHT)
        )
    )
