"""When a round's calls were made, which of them connected, and which brought a complete.

What is over for good is added up once and kept, as in ``spending``: a large round is looked at every few seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, String, case, func, select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.capacity import IN_FLIGHT
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.rules import rules_of

_COMPLETE = "1.1"
#: an attempt planned so long ago was committed
_COMMITTED = timedelta(minutes=5)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Calls:
    """Calls that the provider took, those that connected, and the completes they brought."""

    calls: int = 0
    connected: int = 0
    completes: int = 0

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.calls + other.calls, self.connected + other.connected, self.completes + other.completes)

    @property
    def connected_share(self) -> float | None:
        """Of the calls, those that connected."""
        return self.connected / self.calls if self.calls else None


@dataclass(frozen=True)
class CallTimes:
    """When the calls of a round were made, in the programme's own time: by hour of the day (0–23), by slot and by day."""

    by_hour: Mapping[int, Calls]
    by_slot: Mapping[str, Calls]
    by_day: Mapping[date, Calls]


@dataclass
class _Settled:
    """The calls of every attempt planned before ``until``, by ten minutes: all have ended, so it never changes."""

    until: datetime = _LONG_AGO
    bins: dict[datetime, Calls] = field(default_factory=dict)


#: by database and round, as the use of ``spending``
_settled: WeakKeyDictionary[Engine, dict[int, _Settled]] = WeakKeyDictionary()


def count_calls(session: Session, runtime: Runtime, round_: Round) -> CallTimes:
    """When the calls of a round were made, and which of them connected and brought a complete."""
    hours = rules_of(round_.configuration).hours
    bins = _count_by_ten_minutes(session, round_, runtime.clock.now())
    return CallTimes(
        by_hour=_sum_calls(bins, lambda at: at.astimezone(hours.zone).hour),
        by_slot=_sum_calls(bins, hours.slot_of),
        by_day=_sum_calls(bins, lambda at: at.astimezone(hours.zone).date()),
    )


def _count_by_ten_minutes(session: Session, round_: Round, now: datetime) -> dict[datetime, Calls]:
    """Calls by the ten minutes in which they were made."""
    by_round = _settled.setdefault(session.get_bind(), {})
    known = by_round.get(round_.id, _Settled())
    oldest = session.scalar(
        select(func.min(Attempt.planned_at)).where(Attempt.round_id == round_.id, Attempt.state.in_(IN_FLIGHT))
    )
    until = max(known.until, min(now - _COMMITTED, oldest or now))
    known = _Settled(until, _join(known.bins, _count_bins(session, round_, known.until, until)))
    by_round[round_.id] = known
    return _join(known.bins, _count_bins(session, round_, until, None))


def _count_bins(session: Session, round_: Round, since: datetime, before: datetime | None) -> dict[datetime, Calls]:
    start = _ten_minutes(session, func.coalesce(Attempt.started_at, Attempt.planned_at)).label("start")
    rows = (
        select(
            start,
            func.count(),
            func.count(Attempt.connected_at),
            func.sum(case((Attempt.outcome == _COMPLETE, 1), else_=0)),
        )
        .where(
            Attempt.round_id == round_.id,
            Attempt.channel == "voice",
            Attempt.planned_at >= since,
            Attempt.provider_sid.is_not(None),
        )
        .group_by(start)
    )
    if before is not None:
        rows = rows.where(Attempt.planned_at < before)
    return {
        datetime.strptime(f"{text}0", "%Y-%m-%d %H:%M").replace(tzinfo=UTC): Calls(*counts)
        for text, *counts in session.execute(rows)
    }


def _ten_minutes(session: Session, at: ColumnElement[datetime]) -> ColumnElement[str]:
    """A time in UTC without its last minute digit, as both databases write it: ``2026-06-08 02:1``."""
    if session.get_bind().dialect.name == "postgresql":
        at = func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24:MI")
    return func.substr(at, 1, 15, type_=String)


def _join(first: Mapping, second: Mapping) -> dict:
    """Both counts together."""
    return {key: first.get(key, Calls()) + second.get(key, Calls()) for key in first.keys() | second.keys()}


def _sum_calls(bins: Mapping[datetime, Calls], key: Callable[[datetime], Hashable]) -> dict:
    sums: dict = defaultdict(Calls)
    for at, calls in bins.items():
        sums[key(at)] += calls
    return {name: sums[name] for name in sorted(sums)}
