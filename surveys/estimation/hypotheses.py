"""Tests of hypotheses under a design: t tests, Rao–Scott's test of association, adjustment for many tests.

Source: R's ``svyttest`` and ``svychisq``; Rao and Scott (1984), *On chi-squared tests for multiway contingency
tables*, Annals of Statistics 12; Holm (1979); Benjamini and Hochberg (1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from surveys.errors import DesignError
from surveys.estimation.designs import Design
from surveys.estimation.domains import means
from surveys.estimation.intervals import require_level, t_interval
from surveys.estimation.variances import LonelyRule

ADJUSTMENTS = ("holm", "bonferroni", "bh")


@dataclass(frozen=True)
class TTest:
    """Test that a difference is 0: ``statistic`` has Student's distribution with ``df``; ``p`` is two-sided, 0–1."""

    estimate: float
    std_error: float
    statistic: float
    df: float
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class Association:
    """Rao–Scott test that rows and columns of a table are independent: ``statistic`` is F with (numerator, denominator) df."""

    statistic: float
    numerator_df: float
    denominator_df: float
    p: float


def t_test(estimate: float, std_error: float, df: float, level: float = 0.95) -> TTest:
    """Test an estimate against 0. NaN throughout without a degree of freedom or a standard error above 0."""
    require_level(level)
    usable = df >= 1 and std_error > 0
    statistic = estimate / std_error if usable else float("nan")
    p = float(2 * special.stdtr(df, -abs(statistic))) if usable else float("nan")
    low, high = t_interval(estimate, std_error if usable else np.nan, df, level)
    return TTest(float(estimate), float(std_error), float(statistic), df, p, float(low), float(high))


def difference_test(
    design: Design, values: np.ndarray, second: np.ndarray, level: float = 0.95, lonely: LonelyRule | None = None
) -> TTest:
    """Mean of the rows in ``second`` less that of the others; df is one less than the design's (R: ``svyttest(y~group)``).

    values : (n,), NaN where not answered. second : (n,) bool. Raises ``DesignError`` where one side has no answers.
    """
    found = means(design, values, np.asarray(second).astype(np.int64), lonely)
    if found.estimates.shape[0] < 2 or np.isnan(found.estimates).any():
        raise DesignError(
            "One of the two groups has no answers, so there is no difference to test.", code="group-empty"
        )
    v = found.covariance()[:, 0, :, 0]
    error = np.sqrt(max(v[0, 0] + v[1, 1] - v[0, 1] - v[1, 0], 0.0))
    answered = ~np.isnan(np.asarray(values, float))
    difference = found.estimates[1, 0] - found.estimates[0, 0]
    return t_test(difference, error, design.degrees_of_freedom(answered) - 1, level)


def mean_test(design: Design, values: np.ndarray, level: float = 0.95, lonely: LonelyRule | None = None) -> TTest:
    """Test a mean, or a mean of paired differences, against 0; df one less than the design's (R: ``svyttest(y~0)``)."""
    found = means(design, values, None, lonely)
    error = np.sqrt(max(found.within()[0, 0, 0], 0.0))
    return t_test(found.estimates[0, 0], error, found.df[0] - 1, level)


def association_test(
    design: Design, rows: np.ndarray, columns: np.ndarray, lonely: LonelyRule | None = None
) -> Association:
    """Whether two classifications, (n,) codes from 0, are independent (R: ``svychisq``, its F statistic of second order).

    Raises ``DesignError`` where a row or column of the table is empty, or there is only one of them.
    """
    rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
    r, c = rows.max(initial=0) + 1, columns.max(initial=0) + 1
    cells = (rows * c + columns)[:, None] == np.arange(r * c)
    found = means(design, cells.astype(float), None, lonely)
    p = found.estimates[0].reshape(r, c)
    if min(r, c) < 2 or (p.sum(axis=0) == 0).any() or (p.sum(axis=1) == 0).any():
        raise DesignError(
            "A test of association needs at least two rows and columns, none of them empty.", code="table-empty"
        )
    n = len(rows)
    expected = np.outer(p.sum(axis=1), p.sum(axis=0))
    pearson = n * ((p - expected) ** 2 / expected).sum()
    contrasts = _interactions(r, c)
    inverse = np.divide(1, p.reshape(-1), out=np.zeros(r * c), where=p.reshape(-1) > 0)
    under_srs = contrasts.T @ (contrasts * inverse[:, None]) / n
    scaled = contrasts * inverse[:, None]
    delta = np.linalg.solve(under_srs, scaled.T @ found.covariance()[0, :, 0] @ scaled)
    trace = np.trace(delta)
    numerator = trace**2 / np.trace(delta @ delta)
    denominator = numerator * found.df[0]
    statistic = pearson / trace
    p_value = float(special.fdtrc(numerator, denominator, statistic))
    return Association(float(statistic), float(numerator), float(denominator), p_value)


def adjusted(p: np.ndarray, method: str = "holm") -> np.ndarray:
    """P values adjusted for being many: "holm" and "bonferroni" hold the error of the family, "bh" the false discovery rate.

    p : (m,), 0–1; NaN stay NaN and do not count. Source: R ``p.adjust``.
    """
    if method not in ADJUSTMENTS:
        raise DesignError(
            "The adjustment is %(method)r; use one of %(known)s.",
            code="adjustment",
            method=method,
            known=", ".join(ADJUSTMENTS),
        )
    p = np.asarray(p, float)
    result = p.copy()
    known = np.flatnonzero(~np.isnan(p))
    m = len(known)
    order = known[np.argsort(p[known], kind="stable")]
    rank = np.arange(m)
    if method == "bonferroni":
        result[order] = np.minimum(p[order] * m, 1)
    elif method == "holm":
        result[order] = np.minimum(np.maximum.accumulate(p[order] * (m - rank)), 1)
    else:
        result[order] = np.minimum(np.minimum.accumulate((p[order] * m / (rank + 1))[::-1])[::-1], 1)
    return result


def max_t_critical_value(
    covariance: np.ndarray, df: float, rng: np.random.Generator, level: float = 0.95, draws: int = 200_000
) -> float:
    """The value that the largest |t| of P dependent tests exceeds with probability 1 − level, by simulation.

    covariance : (P, P) of the estimates. Multivariate t with df degrees of freedom, as ``mvtnorm::qmvt(tail="both")``;
    the simulation error at 200,000 draws is about 0.006.
    """
    require_level(level)
    errors = np.sqrt(np.diagonal(covariance))
    used = errors > 0
    values, vectors = np.linalg.eigh(covariance[np.ix_(used, used)] / np.outer(errors[used], errors[used]))
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = rng.standard_normal((draws, root.shape[1])) @ root.T
    scale = np.sqrt(rng.chisquare(df, draws) / df) if np.isfinite(df) else np.ones(draws)
    return float(np.quantile(np.abs(normal).max(axis=1) / scale, level))


def _interactions(r: int, c: int) -> np.ndarray:
    """(rc, (r−1)(c−1)) interaction columns, orthogonal to the main effects."""
    row, column = np.divmod(np.arange(r * c), c)
    rows, columns = (row[:, None] == np.arange(r)).astype(float), (column[:, None] == np.arange(c)).astype(float)
    main = np.hstack([rows, columns])
    crossed = (rows[:, 1:, None] * columns[:, None, 1:]).reshape(r * c, -1)
    return crossed - main @ np.linalg.lstsq(main, crossed, rcond=None)[0]
