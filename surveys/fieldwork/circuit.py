"""When no more attempts are made because the provider fails, and when it is tried again: a circuit breaker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"


@dataclass(frozen=True)
class CircuitRule:
    """The share of provider failures that opens the circuit, and how it closes again.

    ``failure_share`` of ``least`` attempts or more within ``window`` opens it; after ``pause`` so many ``probes`` are let
    through, and only if they fare better everything else follows.
    """

    failure_share: float = 0.15
    least: int = 20
    window: timedelta = timedelta(minutes=15)
    pause: timedelta = timedelta(minutes=5)
    probes: int = 5


@dataclass(frozen=True)
class Stretch:
    """The attempts by which the provider is judged.

    ``probing``: the last attempts were probes, and these alone are counted; otherwise all of the window, as far back as
    the last probes.
    """

    attempts: int = 0
    failures: int = 0
    last_at: datetime | None = None
    probing: bool = False


@dataclass(frozen=True)
class Circuit:
    """``closed``: attempts are made. ``open``: none before ``until``. ``half-open``: ``probes`` attempts may be made now."""

    state: str
    stretch: Stretch
    until: datetime | None = None
    probes: int = 0


def judge_circuit(rule: CircuitRule, stretch: Stretch, now: datetime) -> Circuit:
    """Whether attempts may be made now, by how the last ones fared."""
    failing = stretch.attempts > 0 and stretch.failures / stretch.attempts >= rule.failure_share
    if stretch.probing and not failing:
        missing = rule.probes - stretch.attempts
        return Circuit(HALF_OPEN, stretch, probes=missing) if missing > 0 else Circuit(CLOSED, stretch)
    if not failing or not stretch.probing and stretch.attempts < rule.least:
        return Circuit(CLOSED, stretch)
    until = stretch.last_at + rule.pause
    return Circuit(OPEN, stretch, until=until) if now < until else Circuit(HALF_OPEN, stretch, probes=rule.probes)
