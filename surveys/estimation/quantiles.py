"""Quantiles of weighted rows and Woodruff's intervals.

Source: Woodruff (1952), *Confidence intervals for medians and other position measures*, JASA 47; rules of Hyndman and
Fan (1996) with weights, as R's ``svyquantile``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from surveys.errors import DesignError
from surveys.estimation.designs import Design
from surveys.estimation.proportions import proportion_interval
from surveys.estimation.variances import LonelyRule, covariance_of_totals, residuals

RULES = ("math", "school", "hf7")
#: what counts as the cumulated weight meeting p exactly
_TOUCH = 1e-13


@dataclass(frozen=True)
class Quantiles:
    """Quantiles at P points with Woodruff's intervals; all (P,).

    std_errors : the interval's width over twice t, as in R. n, df : answered rows, degrees of freedom.
    """

    shares: np.ndarray
    estimates: np.ndarray
    low: np.ndarray
    high: np.ndarray
    std_errors: np.ndarray
    n: int
    df: int


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float, rule: str = "math") -> float:
    """The value below which a share of the weight lies.

    values, weights : (n,), weights ≥ 0. share : 0–1. rule : "math" the smallest value at which the share is reached
    (inverse of the distribution function), "school" the middle of two where it is met exactly, "hf7" linear between
    them (R's default type 7). NaN without weight above 0.
    """
    if rule not in RULES:
        raise DesignError(
            "The quantile's rule is %(rule)r; use one of %(known)s.",
            code="quantile-rule",
            rule=rule,
            known=", ".join(RULES),
        )
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    if not len(order):
        return float("nan")
    x, cumulated = np.asarray(values, float)[order], np.cumsum(np.asarray(weights, float)[order])
    if rule == "hf7":
        if len(x) == 1:
            return float(x[0])
        return float(np.interp(share, np.append(0, cumulated[:-1]) / cumulated[-2], x))
    reached = cumulated / cumulated[-1]
    position = min(int(np.searchsorted(reached, share - _TOUCH)), len(x) - 1)
    exact = abs(reached[position] - share) <= _TOUCH and position + 1 < len(x)
    return float((x[position] + x[position + 1]) / 2 if exact and rule == "school" else x[position])


def estimate_quantiles(
    design: Design,
    values: np.ndarray,
    shares: Sequence[float],
    *,
    inside: np.ndarray | None = None,
    rule: str = "math",
    method: str = "mean",
    level: float = 0.95,
    lonely: LonelyRule | None = None,
) -> Quantiles:
    """Quantiles of the answered rows (of ``inside``, (n,) bool), with intervals.

    The interval of the share of rows at or below the estimate (see ``proportion_interval`` for ``method``) is turned
    back into values. NaN where that interval leaves 0–1, or with fewer than two answers. Raises ``DesignError`` for a
    share outside 0–1 or an unknown rule.
    """
    values = np.asarray(values, float)
    answered = ~np.isnan(values) & (np.ones(len(values), bool) if inside is None else np.asarray(inside, bool))
    x, w = values[answered], design.weights[answered]
    # Rows that a domain leaves out keep their place in the design; only the domain's count for the interval's size.
    n, df = int((w > 0).sum()), design.degrees_of_freedom(answered)
    rows = np.flatnonzero(answered)
    results = []
    for share in shares:
        if not 0 <= share <= 1:
            raise DesignError(
                "A quantile of %(share)s does not exist; give a share between 0 and 1.",
                code="quantile-share",
                share=share,
            )
        estimate = weighted_quantile(x, w, share, rule)
        bounds = (np.nan, np.nan)
        if n >= 2:
            below = float(w @ (x <= estimate) / w.sum())
            variance = _variance(design, rows, w * ((x <= estimate) - below) / w.sum(), lonely)
            bounds = proportion_interval(below, variance, n, df, method, level)
        low, high = (weighted_quantile(x, w, p, rule) if 0 <= p <= 1 else np.nan for p in bounds)
        results.append((share, estimate, low, high))
    table = np.array(results, float).reshape(-1, 4).T
    t = special.stdtrit(df, (1 + level) / 2) if df >= 1 else np.nan
    return Quantiles(*table, (table[3] - table[2]) / (2 * t), n, df)


def _variance(design: Design, rows: np.ndarray, scores: np.ndarray, lonely: LonelyRule | None) -> float:
    """The variance of a sum of weighted scores of some rows, (m,), the design's other rows having 0."""
    if design.factors is None:
        return float(covariance_of_totals(scores, design, lonely, rows)[0, 0])
    spread = np.zeros((len(design), 1))
    spread[rows, 0] = scores
    return float(covariance_of_totals(residuals(spread, design), design, lonely)[0, 0])
