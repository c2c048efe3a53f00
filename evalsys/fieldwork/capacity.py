"""How many attempts may be made now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.circuits import find_circuit
from evalsys.fieldwork.models import Attempt, StaffCall
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.fieldwork.spending import count_affordable, find_use, is_spent
from surveys.fieldwork import CLOSED

IN_FLIGHT = ("dialling", "placed", "unknown")
#: the provider's queue is kept below this
QUEUE = timedelta(seconds=60)


@dataclass(frozen=True)
class Capacity:
    """How many attempts may be made now.

    ``numbers``: how many from each caller id, where each has a pace of its own. ``probing``: only to see whether the provider works
    again. ``spent``: none, since the budget is.
    """

    attempts: int
    numbers: dict[str, int] | None = None
    probing: bool = False
    spent: bool = False


def find_capacity(session: Session, runtime: Runtime, round_: Round, channel: str) -> Capacity:
    """What may be made on a channel: within calling hours, at the pace since the last attempt and that of each caller id,
    below the cap of calls at once (to respondents), within the budget.

    Nothing while the provider fails, and a few after a pause.
    """
    rules = rules_of(round_.configuration)
    now = runtime.clock.now()
    if round_.state != "open" or not (round_.field_from <= now < round_.field_until) or not rules.is_open_anywhere(now):
        return Capacity(0)
    by_phone = channel == "voice"
    circuit = find_circuit(session, round_, channel, now)
    last = [
        circuit.stretch.last_at,
        *(_find_last_staff_calls(session, round_, rules, now).values() if by_phone else ()),
    ]
    limits = [_count_earned(rules.calls_per_second, max(filter(None, last), default=None), now)]
    numbers = _count_by_number(session, round_, channel, rules, now)
    if numbers is not None:
        limits.append(sum(numbers.values()))
    if circuit.state != CLOSED:
        limits.append(circuit.probes)
    if by_phone:
        limits.append(rules.concurrent_calls - _count_under_way(session, round_, channel))
    spent = False
    if rules.costs.budget is not None and min(limits) > 0:
        use = find_use(session, round_, now)
        spent = is_spent(rules, channel, use)
        affordable = count_affordable(rules, channel, use)
        limits += [] if affordable is None else [affordable]
    return Capacity(max(0, min(limits)), numbers, probing=circuit.state != CLOSED, spent=spent)


def _longest_rest(pace: float) -> timedelta:
    """After so long without an attempt no more is saved up; at least one is, however slow the pace."""
    return max(QUEUE, timedelta(seconds=1 / pace))


def _count_earned(pace: float, last: datetime | None, now: datetime) -> int:
    """How many attempts a pace (per second) allows since the last one."""
    longest = _longest_rest(pace)
    rested = longest if last is None else min(longest, now - last)
    return int(rested.total_seconds() * pace + 1e-9)


def _count_by_number(
    session: Session, round_: Round, channel: str, rules: FieldRules, now: datetime
) -> dict[str, int] | None:
    """How many attempts each caller id may make now; ``None`` where only the pace of all together counts."""
    pace = rules.calls_per_second_per_number
    if pace is None:
        return None
    last = dict(
        session.execute(
            select(Attempt.caller_id, func.max(Attempt.planned_at))
            .where(
                Attempt.round_id == round_.id,
                Attempt.channel == channel,
                Attempt.planned_at > now - _longest_rest(pace),
            )
            .group_by(Attempt.caller_id)
        ).all()
    )
    if channel == "voice":
        for number, at in _find_last_staff_calls(session, round_, rules, now).items():
            last[number] = max(at, last.get(number, at))
    return {number: _count_earned(pace, last.get(number), now) for number in rules.caller_ids}


def _find_last_staff_calls(session: Session, round_: Round, rules: FieldRules, now: datetime) -> dict[str, datetime]:
    """When staff was last called from each caller id, as far as a pace still remembers it."""
    paces = [pace for pace in (rules.calls_per_second, rules.calls_per_second_per_number) if pace]
    return dict(
        session.execute(
            select(StaffCall.caller_id, func.max(StaffCall.planned_at))
            .where(StaffCall.round_id == round_.id, StaffCall.planned_at > now - _longest_rest(min(paces)))
            .group_by(StaffCall.caller_id)
        ).all()
    )


def _count_under_way(session: Session, round_: Round, channel: str) -> int:
    return session.scalar(
        select(func.count()).where(
            Attempt.round_id == round_.id, Attempt.channel == channel, Attempt.state.in_(IN_FLIGHT)
        )
    )
