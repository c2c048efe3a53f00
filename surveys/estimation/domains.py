"""Means, totals and ratios of rows held in memory, over domains, under any design.

Source: Taylor linearisation, Särndal, Swensson and Wretman (1992), sections 5.5 to 5.8 and 10.3; as R's ``svymean``,
``svytotal``, ``svyratio`` and ``svyby``. Every variable is estimated over its own answered rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from surveys.errors import DesignError
from surveys.estimation.designs import Design
from surveys.estimation.intervals import t_interval
from surveys.estimation.variances import LonelyRule, covariance_of_totals, residuals


@dataclass(frozen=True)
class DomainEstimates:
    """Estimates of J variables in D domains, and the scores that every covariance of them follows from.

    Attributes
    ----------
    estimates : (D, J); NaN where nothing was answered.
    scores : (n, J) weight × influence of a row in its own domain. domain : (n,) code from 0, -1 for none.
    n : (D, J) answered rows with a weight. df : (D,) R's ``degf`` of the domain's subset.
    srs : (D, J) variance of a simple random sample without replacement of the same n, for the design effect.
    srs_replace : (D, J) the same with replacement.
    """

    estimates: np.ndarray
    scores: np.ndarray
    domain: np.ndarray
    n: np.ndarray
    df: np.ndarray
    srs: np.ndarray
    srs_replace: np.ndarray
    design: Design
    lonely: LonelyRule

    def covariance(self, domains: np.ndarray | list[int] | None = None) -> np.ndarray:
        """(d, J, d, J) covariance of the estimates of these domains, all by default.

        Of one design, not one per subset.
        """
        domains = np.arange(len(self.estimates)) if domains is None else np.asarray(domains, int)
        variables = self.scores.shape[1]
        place = np.full(len(self.estimates) + 1, -1)
        place[domains] = np.arange(len(domains))
        where = place[self.domain]
        rows = np.flatnonzero(where >= 0)
        spread = np.zeros((len(self.design), len(domains), variables))
        spread[rows, where[rows]] = self.scores[rows]
        flat = residuals(spread.reshape(len(self.design), -1), self.design)
        used = rows if self.design.factors is None else np.arange(len(self.design))
        v = covariance_of_totals(flat[used], self.design, self.lonely, used)
        return v.reshape(len(domains), variables, len(domains), variables)

    def within(self) -> np.ndarray:
        """(D, J, J) covariance of each domain's own estimates."""
        return self._blocks

    @cached_property
    def _blocks(self) -> np.ndarray:
        variables, count = self.scores.shape[1], len(self.estimates)
        if self.design.factors is not None:
            # residuals of calibration reach beyond the domain, to all rows
            blocks = [self.covariance([d]).reshape(variables, variables) for d in range(count)]
        else:
            order = np.argsort(self.domain, kind="stable")
            ends = np.searchsorted(self.domain[order], np.arange(count + 1))
            members = [order[ends[d] : ends[d + 1]] for d in range(count)]
            blocks = [covariance_of_totals(self.scores[rows], self.design, self.lonely, rows) for rows in members]
        return np.stack(blocks) if blocks else np.zeros((0, variables, variables))

    def std_errors(self) -> np.ndarray:
        """(D, J) standard errors; NaN with fewer than two answers, without a degree of freedom or without an estimate."""
        variances = np.maximum(np.einsum("djj->dj", self.within()), 0)
        shown = (self.n >= 2) & (self.df[:, None] >= 1) & ~np.isnan(self.estimates)
        return np.where(shown, np.sqrt(variances), np.nan)

    def interval(self, level: float = 0.95, df: np.ndarray | float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(D, J) lower and upper bounds of t intervals, with each domain's df unless one is given."""
        return t_interval(self.estimates, self.std_errors(), self.df[:, None] if df is None else df, level)

    def deff(self, *, replace: bool = False) -> np.ndarray:
        """(D, J) variance over that of a simple random sample (R: ``deff=TRUE``, or "replace")."""
        reference = self.srs_replace if replace else self.srs
        variances = np.einsum("djj->dj", self.within())
        return np.divide(variances, reference, out=np.full(reference.shape, np.nan), where=reference > 0)


def means(
    design: Design, values: np.ndarray, domain: np.ndarray | None = None, lonely: LonelyRule | None = None
) -> DomainEstimates:
    """Weighted means Σwy/Σw of the answered rows; influence (y − ȳ)/Σw.

    values : (n, J), NaN where not answered. domain : (n,) codes from 0, -1 for none; one domain of all rows by default.
    """
    values, answered, domain = _prepared(design, values, domain)
    weight = design.weights[:, None] * answered
    size = _by(domain, weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = _by(domain, np.where(answered, values, 0)) / _by(domain, answered * 1.0)
        middle = np.nan_to_num(centre)[domain]
        estimate = centre + _by(domain, weight * (values - middle)) / size
    influence = (values - np.nan_to_num(estimate)[domain]) / np.where(size > 0, size, 1)[domain]
    return _estimates(design, estimate, weight * influence, values, answered, domain, lonely, "mean")


def totals(
    design: Design, values: np.ndarray, domain: np.ndarray | None = None, lonely: LonelyRule | None = None
) -> DomainEstimates:
    """Weighted totals Σwy of the answered rows; influence y. Parameters as of ``means``.

    A domain without answers has NaN.
    """
    values, answered, domain = _prepared(design, values, domain)
    weight = design.weights[:, None] * answered
    estimate = np.where(_by(domain, weight) > 0, _by(domain, weight * values), np.nan)
    return _estimates(design, estimate, weight * values, values, answered, domain, lonely, "total")


def ratios(
    design: Design,
    numerators: np.ndarray,
    denominators: np.ndarray,
    domain: np.ndarray | None = None,
    lonely: LonelyRule | None = None,
) -> DomainEstimates:
    """Ratios R = Σwy/Σwx over rows with both; influence (y − R·x)/Σwx.

    numerators, denominators : (n, J), column by column, NaN where not answered. Where the denominator's total is 0 the
    ratio is NaN. The design effect has no reference here and is NaN.
    """
    numerators, answered, domain = _prepared(design, numerators, domain)
    denominators, other, _ = _prepared(design, denominators, domain)
    answered = answered & other
    weight = design.weights[:, None] * answered
    size = _by(domain, weight * denominators)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.where(size != 0, _by(domain, weight * numerators) / size, np.nan)
    safe = np.where(size != 0, size, 1)[domain]
    influence = (numerators - np.nan_to_num(estimate)[domain] * denominators) / safe
    return _estimates(design, estimate, weight * influence, numerators, answered, domain, lonely, "ratio")


def contrast(
    function: Callable[[np.ndarray], np.ndarray], estimates: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A smooth function of estimates and its covariance by the delta method, as R's ``svycontrast``.

    function : (P,) → (M,) or a number, of arithmetic and numpy functions that accept complex numbers (its derivatives
    are taken by a complex step, Squire and Trapp 1998, which loses no digits). A linear contrast is ``lambda x: c @
    x``. Returns (M,) values and (M, M) covariance.
    """
    estimates = np.asarray(estimates, float)
    step = 1e-30
    moved = estimates[:, None] + 1j * step * np.eye(len(estimates))
    jacobian = np.stack([np.atleast_1d(function(column)).imag / step for column in moved.T], axis=-1)
    return np.atleast_1d(function(estimates)), jacobian @ covariance @ jacobian.T


def _prepared(design: Design, values: np.ndarray, domain: np.ndarray | None):
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    if len(values) != len(design):
        raise DesignError(
            "There are %(values)s values for %(rows)s rows of the design.",
            code="design-length",
            values=len(values),
            rows=len(design),
        )
    domain = np.zeros(len(design), np.int64) if domain is None else np.asarray(domain, np.int64)
    if len(domain) != len(design) or (len(domain) and domain.min() < -1):
        raise DesignError("A domain needs one code of at least -1 for every row.", code="domain-codes")
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        raise DesignError("The value of row %(row)s is infinite.", code="value-infinite", row=int(infinite[0][0]) + 1)
    answered = ~np.isnan(values) & (domain >= 0)[:, None]
    return np.where(answered, values, 0.0), answered, domain


def _estimates(design, estimate, scores, values, answered, domain, lonely, kind) -> DomainEstimates:
    counted = answered & (design.weights > 0)[:, None]
    n = _by(domain, counted * 1.0).astype(np.int64)
    df = _degrees_of_freedom(design, domain, len(estimate))
    replaced, without = _srs_variances(design, values, counted, domain, n, kind)
    scores = np.where(answered, scores, 0.0)
    return DomainEstimates(estimate, scores, domain, n, df, without, replaced, design, lonely or LonelyRule())


def _degrees_of_freedom(design: Design, domain: np.ndarray, domains: int) -> np.ndarray:
    """(D,) clusters less strata of each domain, over rows with a weight."""
    inside = (domain >= 0) & (design.weights != 0)
    first = design.stages[0]

    def different(codes: np.ndarray) -> np.ndarray:
        pairs = np.unique(domain[inside] * (codes.max(initial=0) + 1) + codes[inside])
        return np.bincount(pairs // (codes.max(initial=0) + 1), minlength=domains)

    return different(first.cluster) - different(first.stratum)


def _srs_variances(design, values, counted, domain, n, kind) -> tuple[np.ndarray, np.ndarray]:
    """(D, J) with and without replacement: S²/n, S² = Σw(y − ȳ)²/Σw · n/(n − 1) (R's ``svyvar``), and that × (1 − n/Σw)."""
    if kind == "ratio":
        return np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    weight = design.weights[:, None] * counted
    size = _by(domain, weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _by(domain, weight * values) / size
        deviation = np.where(counted, values - np.nan_to_num(mean)[domain], 0)
        spread = _by(domain, weight * deviation**2) / size * n / (n - 1)
        replaced = np.where(n > 1, spread / n * (size**2 if kind == "total" else 1.0), np.nan)
        return replaced, replaced * (1 - n / size)


def _by(domain: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(D, J) sums of the rows of each domain; rows of code -1 are in none."""
    count = int(domain.max(initial=-1)) + 1
    inside = domain >= 0
    codes = domain[inside]
    columns = [np.bincount(codes, column[inside], minlength=count) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))
