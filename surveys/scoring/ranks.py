"""Simultaneous confidence sets for ranks, and the units that cannot be excluded as last.

Source: M. Mogstad, J. P. Romano, A. M. Shaikh and D. Wilhelm, "Inference for Ranks with Applications to Mobility across
Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies 91 (2024) 476–518: differences of
all ordered pairs, stepwise rejection with quantiles of the maximum under the joint normal N(0, V). Rank 1 is the
highest score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.errors import ScoringError

#: decimals to which a simulated quantile is kept, so that what is stored is what was used
CRITICAL_PLACES = 6


@dataclass(frozen=True)
class RankSets:
    """Ranks of p units with their simultaneous confidence sets.

    rank : (p,) observed ranks, 1 + number of higher scores; equal scores share the better rank.
    low, high : (p,) first and last rank that cannot be excluded. critical_values : the quantile of each step, in order.
    """

    rank: np.ndarray
    low: np.ndarray
    high: np.ndarray
    critical_values: tuple[float, ...]

    def worst(self, tau: int = 1) -> np.ndarray:
        """(p,) which units cannot be excluded from the ``tau`` worst: the worst set."""
        return self.high >= self.high.size - tau + 1

    def best(self, tau: int = 1) -> np.ndarray:
        """(p,) which units cannot be excluded from the ``tau`` best."""
        return self.low <= tau


def observed_ranks(scores: np.ndarray) -> np.ndarray:
    """1 + number of units with a higher score."""
    scores = np.asarray(scores, float)
    return 1 + (scores[None, :] > scores[:, None]).sum(axis=1)


def rank_sets(
    scores: np.ndarray,
    covariance: np.ndarray,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 20_000,
    stepwise: bool = True,
) -> RankSets:
    """Rank sets that contain all true ranks at once with probability ``level``.

    scores : (p,) estimates. covariance : (p, p), positive semi-definite; a vector (p,) means independent variances.
    A pair (j, k) is rejected, so that j ranks above k, where y_j − y_k > cσ_jk, with σ_jk² = V_jj + V_kk − 2V_jk and c
    the quantile of max (Z_j − Z_k)/σ_jk over the pairs not yet rejected. Set of j = [1 + #{k above j}, p − #{k below
    j}]. p = 0 and p = 1 need no draw. A pair with σ = 0 is decided by its scores alone. Raises ``ScoringError`` for
    shapes that do not fit, missing values or a negative variance.
    """
    scores, covariance = _checked(scores, covariance)
    sigma = pair_errors(covariance)
    if scores.size < 2:
        return _sets(scores, np.zeros_like(sigma, bool), ())
    noise = joint_normal(covariance, draws, generator)
    statistic = _statistics(scores, sigma)
    rejected = statistic == np.inf
    critical_values: list[float] = []
    while True:
        c = critical_value(noise, sigma, ~rejected, level)
        critical_values.append(c)
        fresh = (statistic > c) & ~rejected
        rejected |= fresh
        if not (stepwise and fresh.any()):
            return _sets(scores, rejected, tuple(critical_values))


def rank_sets_from_critical_values(
    scores: np.ndarray, covariance: np.ndarray, critical_values: tuple[float, ...]
) -> RankSets:
    """The same sets from stored quantiles, without a draw: what a verifier computes.

    Each further step only ever lowers the quantile, so what all steps reject together is what the lowest rejects.
    """
    scores, covariance = _checked(scores, covariance)
    sigma = pair_errors(covariance)
    statistic = _statistics(scores, sigma)
    c = min(critical_values) if critical_values else np.inf
    return _sets(scores, (statistic > c) | (statistic == np.inf), tuple(critical_values))


def marginal_rank_set(
    scores: np.ndarray,
    covariance: np.ndarray,
    unit: int,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 20_000,
) -> tuple[int, int]:
    """First and last rank that cannot be excluded for one unit chosen beforehand; only pairs with it are compared."""
    scores, covariance = _checked(scores, covariance)
    p = scores.size
    if p < 2:
        return 1, p
    sigma = pair_errors(covariance)
    noise = joint_normal(covariance, draws, generator)
    statistic = _statistics(scores, sigma)
    pairs = np.zeros((p, p), bool)
    pairs[unit, :] = pairs[:, unit] = True
    pairs[unit, unit] = False
    rejected = pairs & (statistic == np.inf)
    while True:
        fresh = pairs & ~rejected & (statistic > critical_value(noise, sigma, pairs & ~rejected, level))
        rejected |= fresh
        if not fresh.any():
            return 1 + int(rejected[:, unit].sum()), p - int(rejected[unit, :].sum())


def pair_errors(covariance: np.ndarray) -> np.ndarray:
    """(p, p) standard errors of all differences; 0 on the diagonal."""
    variances = np.diag(covariance)
    squares = variances[:, None] + variances[None, :] - 2 * covariance
    # Two units that move as one have a difference without error; rounding may leave it a hair below 0.
    return np.sqrt(np.where(squares > 1e-12 * (variances[:, None] + variances[None, :]), squares, 0.0))


def joint_normal(covariance: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """(draws, p) draws of N(0, V) by the Cholesky factor, which unlike eigenvectors is the same on every machine."""
    standard = generator.standard_normal((draws, covariance.shape[0]))
    if not (covariance - np.diag(np.diag(covariance))).any():
        return standard * np.sqrt(np.diag(covariance))
    return standard @ _factor(covariance).T


def critical_value(noise: np.ndarray, sigma: np.ndarray, pairs: np.ndarray, level: float) -> float:
    """The ``level`` quantile of max (Z_j − Z_k)/σ_jk over ``pairs``, rounded up to six decimals; ∞ without a pair."""
    if not 0 < level < 1:
        raise ScoringError("The level is %(level)s; it lies between 0 and 1.", code="level", level=level)
    greatest = np.full(noise.shape[0], -np.inf)
    units = np.ascontiguousarray(noise.T)
    # One unordered pair at a time: its 20 000 differences stay in the processor's cache.
    for j, k in np.argwhere(np.triu((pairs | pairs.T) & (sigma > 0), 1)):
        difference = (units[j] - units[k]) / sigma[j, k]
        if pairs[j, k] and pairs[k, j]:
            np.abs(difference, out=difference)
        elif pairs[k, j]:
            np.negative(difference, out=difference)
        np.maximum(greatest, difference, out=greatest)
    if not np.isfinite(greatest).all():
        return float("inf")
    scale = 10**CRITICAL_PLACES
    return float(np.ceil(np.quantile(greatest, level) * scale) / scale)


def _checked(scores: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, covariance = np.asarray(scores, float), np.asarray(covariance, float)
    if covariance.ndim == 1:
        covariance = np.diag(covariance)
    if scores.ndim != 1 or covariance.shape != (scores.size, scores.size):
        raise ScoringError(
            "There are %(scores)s scores and a covariance of shape %(shape)s; it must be square of that size.",
            code="rank-shape",
            scores=scores.size,
            shape=covariance.shape,
        )
    if not (np.isfinite(scores).all() and np.isfinite(covariance).all()) or (np.diag(covariance) < 0).any():
        raise ScoringError(
            "A score or variance is missing or negative; leave units without an error out of the ranking.",
            code="rank-values",
        )
    return scores, (covariance + covariance.T) / 2


def _statistics(scores: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """(p, p) (y_j − y_k)/σ_jk; ±∞ or 0 where the difference has no error; −∞ on the diagonal."""
    difference = scores[:, None] - scores[None, :]
    certain = np.where(difference > 0, np.inf, np.where(difference < 0, -np.inf, 0.0))
    statistic = np.divide(difference, sigma, out=certain, where=sigma > 0)
    np.fill_diagonal(statistic, -np.inf)
    return statistic


def _sets(scores: np.ndarray, rejected: np.ndarray, critical_values: tuple[float, ...]) -> RankSets:
    low = 1 + rejected.sum(axis=0)
    high = scores.size - rejected.sum(axis=1)
    return RankSets(observed_ranks(scores), low, high, critical_values)


def _factor(covariance: np.ndarray) -> np.ndarray:
    """Lower L with LL' = V for a positive semi-definite V; a direction without variance gets a column of zeros."""
    p = covariance.shape[0]
    factor = np.zeros((p, p))
    floor = 1e-12 * max(float(np.diag(covariance).max()), 0.0)
    for j in range(p):
        pivot = covariance[j, j] - factor[j, :j] @ factor[j, :j]
        if pivot < -1e3 * floor:
            raise ScoringError(
                "The covariance is not positive semi-definite (unit %(number)s).",
                code="covariance-indefinite",
                position=j,
                number=j + 1,
            )
        if pivot > floor:
            factor[j, j] = np.sqrt(pivot)
            factor[j + 1 :, j] = (covariance[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / factor[j, j]
    return factor
