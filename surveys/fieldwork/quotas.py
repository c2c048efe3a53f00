"""Quotas decide when the next replicate opens, and nothing else.

Who was released is worked to the end, and whoever answers counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.errors import FieldworkError


@dataclass(frozen=True)
class ReplicateProgress:
    """One released replicate of a unit: cases in it, cases that are final, completes among those."""

    cases: int
    final: int
    completes: int

    def __post_init__(self) -> None:
        if not 0 <= self.completes <= self.final <= self.cases:
            raise FieldworkError(
                "A replicate of %(cases)s cases cannot have %(final)s final ones with %(completes)s completes.",
                code="replicate-progress",
                cases=self.cases,
                final=self.final,
                completes=self.completes,
            )

    @property
    def final_share(self) -> float:
        """Share of the cases that are final, 0–1; an empty replicate is final."""
        return self.final / self.cases if self.cases else 1.0


@dataclass(frozen=True)
class ReleaseRule:
    """When the next replicate opens.

    ``prior_cases``: how many final cases the planned ``response_share`` weighs, so that the first few outcomes do not
    decide alone.
    """

    final_share: float = 0.8
    response_share: float = 0.3
    prior_cases: float = 30.0

    def __post_init__(self) -> None:
        if not (0 <= self.final_share <= 1 and 0 <= self.response_share <= 1 and self.prior_cases > 0):
            raise FieldworkError(
                "A release rule needs shares between 0 and 1 and a positive weight of the prior.", code="release-rule"
            )

    @classmethod
    def from_configuration(cls, fieldwork: Mapping) -> ReleaseRule:
        """Read the rule from the configuration's fieldwork part."""
        return cls(fieldwork["next_replicate_final_share"], fieldwork["expected_response_share"])


@dataclass(frozen=True)
class ReleaseDecision:
    """Whether the next replicate opens, and why: ``first``, ``short``, ``enough`` or ``unfinished``."""

    release: bool
    reason: str
    expected_completes: float


def expected_response_share(released: Sequence[ReplicateProgress], rule: ReleaseRule) -> float:
    """Completes to be expected of a case, 0–1.

    (completes + k·p)/(final + k), the planned share p weighing like k cases.
    """
    final = sum(part.final for part in released)
    completes = sum(part.completes for part in released)
    return (completes + rule.prior_cases * rule.response_share) / (final + rule.prior_cases)


def expected_completes(released: Sequence[ReplicateProgress], rule: ReleaseRule) -> float:
    """Completes so far plus those to be expected of the released cases still open; 0 where nothing is released."""
    still_open = sum(part.cases - part.final for part in released)
    return sum(part.completes for part in released) + still_open * expected_response_share(released, rule)


def should_release_next(quota: int, released: Sequence[ReplicateProgress], rule: ReleaseRule) -> ReleaseDecision:
    """Decide whether a unit's next replicate opens.

    It does when at least ``rule.final_share`` of the last one is final *and* the completes to be expected fall short of
    the quota. The first opens at once, unless the quota is 0. Completes above the quota never close anything.
    """
    if quota < 0:
        raise FieldworkError("The quota is %(quota)s; it cannot be negative.", code="quota-negative", quota=quota)
    expected = expected_completes(released, rule)
    if expected >= quota:
        return ReleaseDecision(False, "enough", expected)
    if not released:
        return ReleaseDecision(True, "first", expected)
    if released[-1].final_share < rule.final_share:
        return ReleaseDecision(False, "unfinished", expected)
    return ReleaseDecision(True, "short", expected)
