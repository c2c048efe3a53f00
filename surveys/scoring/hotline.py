"""The hotline's three rates (三率) of a unit, each shrunk to its category, and the hotline score.

All arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from surveys.errors import ScoringError
from surveys.scoring.figures import MEAN_PLACES, rounded
from surveys.scoring.schemes import HotlineWeights

RATES = ("response", "resolution", "satisfaction")


@dataclass(frozen=True)
class HotlineCounts:
    """Orders handed to a unit in the period.

    ``responded`` of ``orders`` were answered in time. Of those asked, ``resolved`` of ``resolution_known`` say that the
    matter was resolved, ``satisfied`` of ``satisfaction_known`` that they are satisfied; who could not say or was not
    reached is in neither.
    """

    orders: int
    responded: int
    resolution_known: int
    resolved: int
    satisfaction_known: int
    satisfied: int

    def __post_init__(self) -> None:
        fits = (
            0 <= self.responded <= self.orders
            and 0 <= self.resolved <= self.resolution_known <= self.orders
            and 0 <= self.satisfied <= self.satisfaction_known <= self.orders
        )
        if not fits:
            raise ScoringError(
                "Hotline counts do not fit into each other: %(counts)s.", code="hotline-counts", counts=self
            )

    def of(self, rate: str) -> tuple[int, int]:
        """Successes and base (x, n) of a rate."""
        return {
            "response": (self.responded, self.orders),
            "resolution": (self.resolved, self.resolution_known),
            "satisfaction": (self.satisfied, self.satisfaction_known),
        }[rate]

    def __add__(self, other: HotlineCounts) -> HotlineCounts:
        return HotlineCounts(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class HotlineScore:
    """A unit's hotline result.

    rates : rate → x/n as a share 0–1; ``None`` where n = 0.
    shrunk : rate → (x + k·r)/(n + k) to six decimals, r the category's rate; ``None`` where neither has any.
    dont_know : rate → share of orders whose answer is not known, reported beside the rate; ``None`` without orders.
    missing : rates left out of the score because the whole category has none; the others carry their weight.
    score : 0–100, rounded; ``None`` where no rate is left.
    """

    rates: Mapping[str, Fraction | None]
    shrunk: Mapping[str, Decimal | None]
    dont_know: Mapping[str, Fraction | None]
    missing: tuple[str, ...]
    score: Decimal | None


NO_ORDERS = HotlineCounts(0, 0, 0, 0, 0, 0)


def category_rates(counts: Iterable[HotlineCounts]) -> dict[str, Decimal | None]:
    """The three rates r over all orders of a category, to six decimals; ``None`` where there is no order."""
    total = sum(counts, NO_ORDERS)
    return {rate: rounded(_rate(*total.of(rate)), MEAN_PLACES) for rate in RATES}


def hotline_score(
    counts: HotlineCounts, category: Mapping[str, Decimal | None], weights: HotlineWeights, places: int = 2
) -> HotlineScore:
    """Score one unit's orders, each rate shrunk to the rate of its category (``category_rates``).

    A unit with n = 0 takes its category's rates; with k = 0 nothing is shrunk and n = 0 leaves the rate out. The
    variance of a hotline score is 0 by decision, and the method page says so.
    """
    k = Fraction(weights.shrinkage_k)
    shrunk = {rate: rounded(_shrink(*counts.of(rate), category[rate], k), MEAN_PLACES) for rate in RATES}
    return HotlineScore(
        rates={rate: _rate(*counts.of(rate)) for rate in RATES},
        shrunk=shrunk,
        dont_know={rate: _rate(counts.orders - counts.of(rate)[1], counts.orders) for rate in RATES},
        missing=tuple(rate for rate in RATES if shrunk[rate] is None and getattr(weights, rate) > 0),
        score=score_from_shares(shrunk, weights, places),
    )


def score_from_shares(shrunk: Mapping[str, Decimal | None], weights: HotlineWeights, places: int = 2) -> Decimal | None:
    """100 · Σ w s / Σ w over the published shares that exist, in exact arithmetic; ``None`` without one."""
    kept = {rate: Fraction(getattr(weights, rate)) for rate in RATES if shrunk[rate] is not None}
    total = sum(kept.values(), Fraction(0))
    if not total:
        return None
    return rounded(100 * sum(weight * Fraction(shrunk[rate]) for rate, weight in kept.items()) / total, places)


def _rate(x: int, n: int) -> Fraction | None:
    return Fraction(x, n) if n else None


def _shrink(x: int, n: int, rate: Decimal | None, k: Fraction) -> Fraction | None:
    if rate is None or n + k == 0:
        return _rate(x, n)
    return (x + k * Fraction(rate)) / (n + k)
