"""Calibration: weights as near to the base weights as known totals of auxiliaries allow, by three distances.

Source: Deville and Särndal (1992), *Calibration estimators in survey sampling*, JASA 87; R's ``calibrate``. A row's
weight is d·F(x'λ) with F(u) = 1 + u (linear), exp(u) (raking) or the logit function between bounds; λ by Newton's
method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError

DISTANCES = ("linear", "raking", "logit")
_MOST_STEPS = 200


@dataclass(frozen=True)
class _Distance:
    """F and its derivative; the linear distance is cut off at its bounds."""

    name: str
    low: float
    high: float

    def factors(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.name == "linear":
            plain = 1 + u
            inside = (plain > self.low) & (plain < self.high)
            return np.clip(plain, self.low, self.high), inside.astype(float)
        if self.name == "raking":
            grown = np.exp(np.clip(u, -500, 500))
            cut = np.clip(grown, self.low, self.high)
            return cut, np.where(grown == cut, grown, 0.0)
        low, high = self.low, self.high
        steep = (high - low) / ((1 - low) * (high - 1))
        grown = np.exp(np.clip(steep * u, -300, 300))
        below = (high - 1) + (1 - low) * grown
        factor = (low * (high - 1) + high * (1 - low) * grown) / below
        return factor, (high - low) * steep * (high - 1) * (1 - low) * grown / below**2


def calibrate(
    base: np.ndarray,
    auxiliaries: np.ndarray,
    totals: np.ndarray,
    distance: str = "linear",
    bounds: tuple[float, float] | None = None,
    names: Sequence[str] | None = None,
) -> np.ndarray:
    """(K,) calibrated weights of cells or rows, whose weighted sums of the auxiliaries are the known totals.

    Parameters
    ----------
    base : (K,) base weights (or their sums by cell) ≥ 0. auxiliaries : (K, Q). totals : (Q,) of the population.
    distance : "linear", "raking" or "logit". bounds : (L, U) of weight / base weight, L < 1 < U; needed for "logit".
    names : (Q,) of the auxiliaries, for errors.

    Auxiliaries may depend on each other as long as their totals agree. Linear weights without bounds may be negative.

    Raises
    ------
    DesignError
        Unknown distance, bounds that do not hold 1, or totals that no weights within the bounds reach, naming the
        farthest.
    """
    function = _Distance(distance, *_checked_bounds(distance, bounds))
    base, x, totals = np.asarray(base, float), np.asarray(auxiliaries, float), np.asarray(totals, float)
    if x.shape != (len(base), len(totals)) or not np.isfinite(x).all():
        raise DesignError(
            "Calibration needs one finite value per row and auxiliary, and one total each.", code="calibration-shape"
        )
    norm = np.maximum(np.abs(base) @ np.abs(x), np.abs(totals))
    norm = np.where(norm > 0, norm, 1.0)
    x, target = x / norm, totals / norm
    multiplier = np.zeros(len(totals))
    weights, slope = _weights(function, base, x, multiplier)
    gap = target - weights @ x
    for _ in range(_MOST_STEPS):
        if np.abs(gap).max(initial=0) < 1e-15:
            break
        step = np.linalg.lstsq((x * (base * slope)[:, None]).T @ x, gap, rcond=1e-12)[0]
        moved = _shortened(function, base, x, target, multiplier, step, gap)
        if moved is None:
            break
        multiplier, weights, slope, gap = moved
    if np.abs(gap).max(initial=0) > 1e-9:
        q = int(np.argmax(np.abs(gap)))
        name = str(q + 1) if names is None else str(names[q])
        raise DesignError(
            "The total of auxiliary %(auxiliary)s cannot be reached: the weights give %(reached)g instead of "
            "%(wanted)g; widen the bounds or drop the auxiliary.",
            code="calibration-apart",
            auxiliary=name,
            reached=weights @ x[:, q] * norm[q],
            wanted=totals[q],
        )
    return weights


def _weights(function: _Distance, base: np.ndarray, x: np.ndarray, multiplier: np.ndarray):
    factor, slope = function.factors(x @ multiplier)
    return base * factor, slope


def _shortened(function, base, x, target, multiplier, step, gap):
    """The longest of step, step/2, step/4 … that brings the totals nearer; ``None`` where none does."""
    for halving in range(60):
        candidate = multiplier + step * 0.5**halving
        weights, slope = _weights(function, base, x, candidate)
        left = target - weights @ x
        if np.abs(left).max() < np.abs(gap).max():
            return candidate, weights, slope, left
    return None


def _checked_bounds(distance: str, bounds: tuple[float, float] | None) -> tuple[float, float]:
    if distance not in DISTANCES:
        raise DesignError(
            "The distance is %(distance)r; use one of %(known)s.",
            code="calibration-distance",
            distance=distance,
            known=", ".join(DISTANCES),
        )
    if bounds is None:
        if distance == "logit":
            raise DesignError("The logit distance needs bounds.", code="calibration-bounds")
        return -np.inf, np.inf
    low, high = bounds
    if not low < 1 < high:
        raise DesignError(
            "The bounds %(low)g and %(high)g must lie below and above 1.", code="calibration-bounds", low=low, high=high
        )
    return float(low), float(high)
