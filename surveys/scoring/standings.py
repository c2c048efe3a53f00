"""How the units of one category stand to each other.

Gates, reliability, bands and rank sets, all from published numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from surveys.scoring.comparison import Dispersion, band_of, between_variance, dispersion, reliability
from surveys.scoring.figures import MEAN_PLACES, rounded
from surveys.scoring.gates import visibility
from surveys.scoring.ranks import RankSets, rank_sets, rank_sets_from_critical_values
from surveys.scoring.schemes import Scheme

RANK_DRAWS = 20_000


@dataclass(frozen=True)
class Standing:
    """One unit's place. z, band and rank only where every gate is passed; reliability where it is compared."""

    visibility: str
    reliability: Decimal | None
    z: Decimal | None
    band: str | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    in_worst_set: bool | None


@dataclass(frozen=True)
class CategoryStandings:
    """The standings of a category's units, in their order, and what they rest on.

    compared : positions of units whose scores may be shown; target, φ and τ² are over these, so that nothing hidden can
    be read out of them. ranked : positions of those that pass every gate; ranks are among these.
    """

    standings: tuple[Standing, ...]
    compared: tuple[int, ...]
    ranked: tuple[int, ...]
    target: Decimal | None
    phi: Decimal | None
    tau2: Decimal | None
    critical_values: tuple[Decimal, ...]
    worst_set: tuple[int, ...]


def compare_category(
    scheme: Scheme,
    scores: Sequence[Decimal | None],
    errors: Sequence[Decimal | None],
    n: Sequence[int],
    generator: np.random.Generator,
    *,
    covariance: np.ndarray | None = None,
    critical_values: Sequence[Decimal] | None = None,
    draws: int = RANK_DRAWS,
) -> CategoryStandings:
    """Compare the units of one category by their published survey scores and standard errors.

    n : smallest number of answers per unit. covariance : (I, I) of the scores, whose diagonal gives way to the
    published errors; ``None`` where units are independent. With ``critical_values`` nothing is drawn.
    A unit without score or error, or with an error published as 0, is not compared. One compared unit has no
    reliability, no compared unit gives no target; fewer than two ranked units give no rank.
    """
    gates = scheme.gates
    compared = [
        k
        for k in range(len(scores))
        if scores[k] is not None and errors[k] is not None and errors[k] > 0 and n[k] >= gates.internal_below
    ]
    y = np.array([float(scores[k]) for k in compared])
    se = np.array([float(errors[k]) for k in compared])
    spread = dispersion(y, se) if compared else None
    lam = dict(zip(compared, _reliabilities(scheme, y, se), strict=True))
    seen = [visibility(gates, n[k], lam.get(k), has_error=k in lam) for k in range(len(scores))]
    ranked = [k for k in compared if seen[k] == "full"]
    sets = _rank(scheme, ranked, scores, errors, covariance, generator, critical_values, draws)
    standings = [_standing(k, seen[k], lam.get(k), compared, spread, ranked, sets) for k in range(len(scores))]
    return CategoryStandings(
        standings=tuple(standings),
        compared=tuple(compared),
        ranked=tuple(ranked),
        target=rounded(spread.target, MEAN_PLACES) if spread else None,
        phi=rounded(spread.phi, MEAN_PLACES) if spread else None,
        tau2=rounded(spread.tau2, MEAN_PLACES) if spread else None,
        critical_values=tuple(rounded(c, MEAN_PLACES) for c in sets.critical_values) if sets else (),
        worst_set=tuple(k for k, standing in enumerate(standings) if standing.in_worst_set),
    )


def _reliabilities(scheme: Scheme, y: np.ndarray, se: np.ndarray) -> list[Decimal | None]:
    if y.size < 2:
        return [None] * y.size
    return [rounded(float(v), scheme.rounding.shares) for v in reliability(between_variance(y, se), se**2)]


def _rank(
    scheme: Scheme,
    ranked: Sequence[int],
    scores: Sequence[Decimal | None],
    errors: Sequence[Decimal | None],
    covariance: np.ndarray | None,
    generator: np.random.Generator,
    critical_values: Sequence[Decimal] | None,
    draws: int,
) -> RankSets | None:
    if len(ranked) < 2:
        return None
    y = np.array([float(scores[k]) for k in ranked])
    matrix = np.zeros((len(ranked), len(ranked))) if covariance is None else covariance[np.ix_(ranked, ranked)].copy()
    np.fill_diagonal(matrix, [float(errors[k]) ** 2 for k in ranked])
    if critical_values is not None:
        return rank_sets_from_critical_values(y, matrix, tuple(float(c) for c in critical_values))
    return rank_sets(y, matrix, generator, level=float(scheme.confidence_level), draws=draws)


def _standing(
    k: int,
    visible: str,
    reliable: Decimal | None,
    compared: Sequence[int],
    spread: Dispersion | None,
    ranked: Sequence[int],
    sets: RankSets | None,
) -> Standing:
    # Rounded to the errors' decimals before it is banded, so that the published z always agrees with the published
    # band.
    z = rounded(float(spread.z_additive[compared.index(k)]), 3) if k in ranked else None
    band = None if z is None else band_of(float(z))
    if sets is None or k not in ranked:
        return Standing(visible, reliable, z, band, None, None, None, None)
    at = ranked.index(k)
    rank, low, high = int(sets.rank[at]), int(sets.low[at]), int(sets.high[at])
    return Standing(visible, reliable, z, band, rank, low, high, bool(sets.worst()[at]))
