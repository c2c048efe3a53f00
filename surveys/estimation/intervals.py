"""Confidence intervals from an estimate, its standard error and its degrees of freedom."""

from __future__ import annotations

import numpy as np
from scipy import special

from surveys.errors import DesignError


def t_interval(
    estimate: np.ndarray, std_error: np.ndarray, df: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of Student's interval: estimate ∓ t(df)·std_error, broadcast over the inputs.

    level : share of intervals that hold the truth, 0 < level < 1. df may be infinite (the normal distribution, R's
    default). NaN where there is no standard error or df < 1: no interval is better than one of width 0.
    Source: R ``confint(svymean(...), df=degf(design))``.
    """
    require_level(level)
    estimate, std_error, df = (np.asarray(a, float) for a in (estimate, std_error, df))
    usable = df >= 1
    half = np.where(usable, special.stdtrit(np.where(usable, df, 1), (1 + level) / 2), np.nan) * std_error
    return estimate - half, estimate + half


def require_level(level: float) -> None:
    """Raise ``DesignError`` unless 0 < level < 1."""
    if not 0 < level < 1:
        raise DesignError(
            "A level of %(level)s is no confidence level; give one between 0 and 1.", code="level", level=level
        )
