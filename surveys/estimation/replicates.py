"""Replicate weights: jackknife, balanced repeated replication and bootstrap, for estimates that are no smooth function of totals.

Source: R's ``as.svrepdesign`` and ``svrVar``; Rust and Rao (1996), *Variance estimation for complex surveys using
replication techniques*; McCarthy (1969) and Judkins (1990) for balanced replication; Rao, Wu and Yue (1992) for the
rescaled bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from surveys.errors import DesignError
from surveys.estimation.designs import Design, Stage


@dataclass(frozen=True)
class Replicates:
    """R sets of weights for n rows.

    full : (n,) weights of the sample. weights : (n, R). scale, rscales (R,) : V = scale·Σ rscales_r (θ_r − θ̄)². mse
    : squared distances are taken from the full sample's estimate instead of the replicates' mean.
    """

    full: np.ndarray
    weights: np.ndarray
    scale: float
    rscales: np.ndarray
    mse: bool = False

    @property
    def df(self) -> int:
        """Rank of the weights less one, as R's ``degf``."""
        singular = np.linalg.svd(self.weights, compute_uv=False)
        return int((singular > 1e-5 * singular[0]).sum()) - 1 if len(singular) else 0

    def estimate(self, statistic: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """A statistic and its covariance.

        statistic : (n,) weights → (P,) or a number. Returns (P,) and (P, P). A replicate in which it is NaN makes
        that row and column NaN: the statistic does not exist for it.
        """
        full = np.atleast_1d(statistic(self.full))
        each = np.stack([np.atleast_1d(statistic(column)) for column in self.weights.T])
        centre = full if self.mse else each[self.rscales > 0].mean(axis=0)
        spread = each - centre
        return full, self.scale * (spread * self.rscales[:, None]).T @ spread

    def reweighted(self, change: Callable[[np.ndarray], np.ndarray]) -> Replicates:
        """Every set of weights changed alike, as by raking: base weights (n,) → new weights (n,)."""
        weights = np.stack([change(column) for column in self.weights.T], axis=1)
        return Replicates(change(self.full), weights, self.scale, self.rscales, self.mse)


def jackknife(design: Design, *, mse: bool = False) -> Replicates:
    """Leave out one first-stage cluster at a time, the others of its stratum carrying its weight.

    One stratum: JK1, scale (n − 1)/n·(1 − n/N). Several: JKn, rscales (n_h − 1)/n_h·(1 − n_h/N_h). Raises
    ``DesignError``, naming the stratum, where one has a single cluster.
    """
    stage = _paired_or_more(design)
    clusters = np.unique(stage.cluster)
    stratum = _stratum_of(stage, clusters)
    n = stage.sampled.astype(float)
    grown = (n / (n - 1))[stratum]
    own = stage.cluster[:, None] == clusters
    same = stage.stratum[:, None] == stratum
    factors = np.where(own, 0.0, np.where(same, grown, 1.0))
    rscales = ((n - 1) / n * (1 - n / stage.population))[stratum]
    scale = 1.0
    if len(n) == 1:
        scale, rscales = float(rscales[0]), np.ones(len(clusters))
    return Replicates(design.weights, design.weights[:, None] * factors, scale, rscales, mse)


def balanced(design: Design, *, fay: float = 0.0, mse: bool = False) -> Replicates:
    """Balanced half-samples of strata with two clusters each; with ``fay`` ρ in [0, 1) both halves are kept, at 2 − ρ and ρ.

    Raises ``DesignError``, naming the stratum, where one does not have exactly two clusters. No finite population
    correction.
    """
    if not 0 <= fay < 1:
        raise DesignError("Fay's factor %(fay)s must be at least 0 and below 1.", code="fay", fay=fay)
    stage = design.stages[0]
    for h in np.flatnonzero(stage.sampled != 2):
        raise DesignError(
            "Stratum %(stratum)s has %(clusters)s clusters; balanced replication needs two in each.",
            code="balanced-pairs",
            stratum=stage.names[h],
            clusters=stage.sampled[h],
        )
    strata = len(stage.sampled)
    signs = _hadamard(strata + 1)[1 : strata + 1]  # (H, R), without the constant row
    first = np.full(strata, np.iinfo(np.int64).max)
    np.minimum.at(first, stage.stratum, stage.cluster)
    side = np.where(stage.cluster == first[stage.stratum], 1, -1)
    factors = 1 + (1 - fay) * side[:, None] * signs[stage.stratum]
    replicates = signs.shape[1]
    scale = 1 / (replicates * (1 - fay) ** 2)
    return Replicates(design.weights, design.weights[:, None] * factors, scale, np.ones(replicates), mse)


def bootstrap(design: Design, rng: np.random.Generator, replicates: int = 500, *, mse: bool = False) -> Replicates:
    """Rescaled bootstrap: n_h − 1 first-stage clusters of each stratum drawn with replacement, with the given generator.

    With a finite population the resampled part is scaled by √(1 − n_h/N_h). Raises ``DesignError``, naming the
    stratum, where one has a single cluster.
    """
    stage = _paired_or_more(design)
    clusters = np.unique(stage.cluster)
    stratum = _stratum_of(stage, clusters)
    n = stage.sampled
    factors = np.ones((len(clusters), replicates))
    for h in range(len(n)):
        members = np.flatnonzero(stratum == h)
        drawn = rng.multinomial(n[h] - 1, np.full(n[h], 1 / n[h]), size=replicates).T
        root = np.sqrt(1 - n[h] / stage.population[h])
        factors[members] = 1 + root * (drawn * n[h] / (n[h] - 1) - 1)
    rows = factors[np.searchsorted(clusters, stage.cluster)]
    weights = design.weights[:, None] * rows
    return Replicates(design.weights, weights, 1 / (replicates - 1), np.ones(replicates), mse)


def _paired_or_more(design: Design) -> Stage:
    stage = design.stages[0]
    for h in np.flatnonzero(stage.sampled == 1):
        raise DesignError(
            "Stratum %(stratum)s has only one sampled cluster, so no replicate can leave it out; collapse it first.",
            code="lonely-stratum",
            stratum=stage.names[h],
        )
    return stage


def _stratum_of(stage: Stage, clusters: np.ndarray) -> np.ndarray:
    _, first = np.unique(stage.cluster, return_index=True)
    return stage.stratum[first]


def _hadamard(least: int) -> np.ndarray:
    """A Hadamard matrix of an order of at least ``least``, a power of two (Sylvester's)."""
    order = 1
    while order < least:
        order *= 2
    return linalg.hadamard(order)
