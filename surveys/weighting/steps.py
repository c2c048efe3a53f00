"""What weighting costs: the design effect and effective sample size after each step.

Source: Kish (1965), *Survey Sampling*, section 11.7: deff = 1 + cv²(w) = nΣw²/(Σw)², n_eff = (Σw)²/Σw².
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError


@dataclass(frozen=True)
class WeightStep:
    """One line of the table of weighting.

    n : rows with a weight above 0. total : Σw. smallest, mean, largest : of those weights. cv : their coefficient of
    variation (dividing by n). deff : Kish's design effect, ≥ 1. effective_n : n / deff.
    """

    name: str
    n: int
    total: float
    smallest: float
    mean: float
    largest: float
    cv: float
    deff: float
    effective_n: float


def kish_deff(weights: np.ndarray, counts: np.ndarray | None = None) -> float:
    """1 + cv²(w) ≥ 1 of the weights above 0; NaN without any.

    Counts : how often each weight occurs, once by default.
    """
    n, total, squares = _moments(np.asarray(weights, float), counts)
    return max(1.0, n * squares / total**2) if n else float("nan")


def effective_n(weights: np.ndarray, counts: np.ndarray | None = None) -> float:
    """(Σw)²/Σw²: the size of an equally weighted sample of the same precision; 0 without weights above 0."""
    n, total, squares = _moments(np.asarray(weights, float), counts)
    return total**2 / squares if n else 0.0


def weight_steps(steps: Mapping[str, np.ndarray], counts: np.ndarray | None = None) -> tuple[WeightStep, ...]:
    """The table of weighting, one line per step in the order given.

    steps : name → (C,) weights after the step, per row or per weighting cell. counts : (C,) rows of each cell.
    Raises ``DesignError`` for a negative or missing weight, naming the step.
    """
    return tuple(_line(name, np.asarray(weights, float), counts) for name, weights in steps.items())


def _line(name: str, weights: np.ndarray, counts: np.ndarray | None) -> WeightStep:
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        raise DesignError(
            "Step %(column)s: the weight of row %(row)s is %(weight)s; it must be a finite number of at least 0.",
            code="weight-wrong",
            column=name,
            row=int(bad[0]) + 1,
            weight=weights[bad[0]],
        )
    n, total, _ = _moments(weights, counts)
    used = weights[(weights > 0) & (np.ones(len(weights)) if counts is None else np.asarray(counts) > 0).astype(bool)]
    deff = kish_deff(weights, counts)
    extremes = (used.min(), total / n, used.max()) if n else (float("nan"),) * 3
    return WeightStep(
        name, n, total, *map(float, extremes), float(np.sqrt(deff - 1)), deff, effective_n(weights, counts)
    )


def _moments(weights: np.ndarray, counts: np.ndarray | None) -> tuple[int, float, float]:
    counts = np.ones(len(weights), np.int64) if counts is None else np.asarray(counts)
    return int(counts[weights > 0].sum()), float(weights @ counts), float(weights**2 @ counts)
