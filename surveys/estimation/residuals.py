"""What calibration takes off the variance of domain means, from sums by weighting cell.

Source: Deville and Särndal (1992), section 4: the variance is that of the residuals g·d·(u − x'B), B = (X'DX)⁻¹X'Du
with base weights d and calibration factors g; the same for linear, raking and logit distances, as R's ``calibrate``.
Auxiliaries x are constant within a weighting cell, so V(û − x̂B) = V(û) − B'C − C'B + B'V(x̂)B with C = Cov(x̂, û):
no row is read again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError
from surveys.estimation.sums import CellSums


@dataclass(frozen=True)
class CellCalibration:
    """How the weights of a sample were calibrated: base : (cells,) weights before, auxiliaries : (cells, Q)."""

    base: np.ndarray
    auxiliaries: np.ndarray

    def __post_init__(self) -> None:
        base, auxiliaries = np.asarray(self.base, float), np.asarray(self.auxiliaries, float)
        if auxiliaries.ndim != 2 or len(auxiliaries) != len(base) or not np.isfinite(auxiliaries).all():
            raise DesignError(
                "A calibration needs a base weight and a row of finite auxiliaries for every weighting cell.",
                code="calibration-shape",
            )
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "auxiliaries", auxiliaries)


@dataclass(frozen=True)
class Residuals:
    """slopes : (Q, D, J) B. crossed : (Q, D, J) C. auxiliary : (Q, Q) V(x̂)."""

    slopes: np.ndarray
    crossed: np.ndarray
    auxiliary: np.ndarray

    def between(self, domains: np.ndarray) -> np.ndarray:
        """(K, J, K, J) what is added to the covariance of these domains' means."""
        b, c = self.slopes[:, domains], self.crossed[:, domains]
        half = np.einsum("pdj,pek->djek", b, 0.5 * np.einsum("pq,qek->pek", self.auxiliary, b) - c, optimize=True)
        return half + half.transpose(2, 3, 0, 1)

    def within(self) -> np.ndarray:
        """(D, J, J) the same within each domain."""
        fitted = 0.5 * np.einsum("pq,qdk->pdk", self.auxiliary, self.slopes) - self.crossed
        half = np.einsum("pdj,pdk->djk", self.slopes, fitted, optimize=True)
        return half + np.swapaxes(half, 1, 2)


def residual_terms(
    sums: CellSums,
    calibration: CellCalibration,
    weights: np.ndarray,
    means: np.ndarray,
    weight_sum: np.ndarray,
    factors: np.ndarray,
    sampled: np.ndarray,
    adjusted: np.ndarray,
) -> Residuals:
    """The terms of the residual variance.

    weights : (cells,) after calibration. means, weight_sum : (D, J). factors : (H,) F_h. sampled : (H,) n_h. adjusted
    : (H,) bool, strata of one row whose distance is taken from the mean of all rows.
    """
    x, indicators = calibration.auxiliaries, np.arange(sums.indicators)
    keep = np.flatnonzero(sums.domain >= 0)
    domain, cell, stratum = sums.domain[keep], sums.cell[keep], sums.stratum[keep]
    n, totals = sums.count[keep][:, indicators, indicators], sums.total[keep][:, indicators, indicators]
    around = (totals / 100 - np.nan_to_num(means)[domain] * n) / np.where(weight_sum > 0, weight_sum, 1)[domain]
    rows_of_cell = np.bincount(sums.cell, sums.rows, minlength=len(x))
    information = (x * (calibration.base * rows_of_cell)[:, None]).T @ x
    influence = _by_domain(domain, x[cell] * calibration.base[cell][:, None], around, len(means))
    slopes = np.einsum("pq,qdj->pdj", np.linalg.pinv(information, hermitian=True), influence)

    weighted = x * weights[:, None]  # w·x of one row of each cell
    middle = np.zeros((len(sampled), x.shape[1]))
    np.add.at(middle, sums.stratum, weighted[sums.cell] * sums.rows[:, None])
    overall = middle.sum(axis=0) / sampled.sum()
    middle /= np.maximum(sampled, 1)[:, None]
    middle[adjusted] = overall
    apart = weighted[cell] - middle[stratum]
    scores = factors[stratum][:, None] * weights[cell][:, None] * around
    crossed = _by_domain(domain, apart, scores, len(means))
    spread = weighted[sums.cell] - middle[sums.stratum]
    auxiliary = (spread * (factors[sums.stratum] * sums.rows)[:, None]).T @ spread
    # sampled rows that the sums do not hold have w·x = 0
    held = np.bincount(sums.stratum, sums.rows, minlength=len(sampled))
    auxiliary += (middle * (factors * (sampled - held))[:, None]).T @ middle
    return Residuals(slopes, crossed, auxiliary)


def _by_domain(domain: np.ndarray, left: np.ndarray, right: np.ndarray, domains: int) -> np.ndarray:
    """(Q, D, J) Σ left right' over the entries of each domain."""
    order = np.argsort(domain, kind="stable")
    result = np.zeros((left.shape[1], domains, right.shape[1]))
    for d, rows in enumerate(np.split(order, np.searchsorted(domain[order], np.arange(1, domains)))):
        result[:, d] = left[rows].T @ right[rows]
    return result
