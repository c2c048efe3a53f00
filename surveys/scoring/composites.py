"""Composites: indicators and evaluator groups joined with weights, the variance propagated through the full covariance.

The published arithmetic is decimal: I_j = Σ_g W_g ȳ_gj is rounded to six decimals, and the survey score is Σ_j a_j I_j
of those, rounded to two. Whoever has the published I_j and the weights gets the same score to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from surveys.errors import ScoringError
from surveys.scoring.figures import MEAN_PLACES, rounded
from surveys.scoring.schemes import Scheme

#: a cell with fewer answers has no error that could be estimated, so it is treated as missing, and that is said
LEAST_ANSWERS = 2


@dataclass(frozen=True)
class Composite:
    """One unit's indicators and survey score.

    Attributes
    ----------
    indicators : mapping of indicator code → I_j, six decimals, points 0–100; ``None`` where nobody answered.
    score : survey score rounded to the scheme's decimals; ``None`` where no scored indicator was answered.
    variance : variance of the score, points squared; NaN where a cell that counts has none.
    indicator_variances : (J,) variances of I_j.
    coefficients : (G, J) share of each cell in the score; sums to 1.
    indicator_coefficients : (G, J) share of each group in I_j; each answered column sums to 1.
    missing_groups, missing_indicators : codes that nobody answered, whose weight the others carry.
    missing_cells : (group, indicator) pairs missing although both were answered elsewhere.
    """

    indicators: Mapping[str, Decimal | None]
    score: Decimal | None
    variance: float
    indicator_variances: np.ndarray
    coefficients: np.ndarray
    indicator_coefficients: np.ndarray
    missing_groups: tuple[str, ...]
    missing_indicators: tuple[str, ...]
    missing_cells: tuple[tuple[str, str], ...]


def composite(scheme: Scheme, means: np.ndarray, covariance: np.ndarray, n: np.ndarray) -> Composite:
    """Join one unit's cells into indicators and a survey score.

    Parameters
    ----------
    means : (G, J) weighted means of group g and indicator j, points 0–100; NaN where there is none.
    covariance : (G, J, G, J) their covariance; NaN where it cannot be estimated.
    n : (G, J) answers behind each mean. A cell with fewer than two is treated as missing.

    Formula: score = Σ_j a_j Σ_g W_g ȳ_gj with variance c'Vc, c_gj = a_j W_g (never the sum of the parts' variances;
    design/statistics, 'Composite'). Missing cells leave both sums, and the weights that stay are scaled to 1.
    n = 0 everywhere gives no score; one answer per cell counts as missing, so n = 1 gives none either.
    Raises ``ScoringError`` where the shapes do not fit the scheme's groups and indicators.
    """
    means, n = np.asarray(means, float), np.asarray(n)
    shape = (len(scheme.groups), len(scheme.indicators))
    if means.shape != shape or n.shape != shape or np.shape(covariance) != shape + shape:
        raise ScoringError(
            "Means are %(means)s, answers %(answers)s and covariance %(covariance)s; the scheme has %(groups)s "
            "groups and %(indicators)s indicators.",
            code="composite-shape",
            means=means.shape,
            answers=n.shape,
            covariance=np.shape(covariance),
            groups=shape[0],
            indicators=shape[1],
        )
    present = (n >= LEAST_ANSWERS) & np.isfinite(means)
    shares = _group_shares(scheme, present)
    filled = np.where(present, means, 0.0)
    indicators = _indicator_means(scheme, shares, filled)
    weights = _indicator_weights(scheme, indicators)
    exact = np.array([float(weights.get(code, 0)) for code in scheme.indicator_codes])
    coefficients = shares * exact
    missing = _missing(scheme, present)
    return Composite(
        indicators=indicators,
        score=survey_score(scheme, indicators),
        variance=_quadratic(coefficients, covariance) if weights else float("nan"),
        indicator_variances=np.array([_one_indicator(shares, covariance, j) for j in range(shape[1])]),
        coefficients=coefficients,
        indicator_coefficients=shares,
        missing_groups=missing[0],
        missing_indicators=missing[1],
        missing_cells=missing[2],
    )


def survey_score(scheme: Scheme, indicators: Mapping[str, Decimal | None]) -> Decimal | None:
    """The survey score from published indicator means, in exact arithmetic: Σ a_j I_j / Σ a_j over those answered."""
    weights = _indicator_weights(scheme, indicators)
    if not weights:
        return None
    exact = sum((weight * Fraction(indicators[code]) for code, weight in weights.items()), Fraction(0))
    return rounded(exact, scheme.rounding.scores)


def score_covariance(coefficients: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Covariance of the scores of several units from the full covariance of their cells.

    coefficients : (U, G, J); covariance : (U, G, J, U, G, J). Returns (U, U); NaN in rows of units without a score.
    Cells with coefficient 0 do not enter, so that their missing covariance does no harm.
    """
    units = coefficients.shape[0]
    flat = coefficients.reshape(units, -1)
    cells = flat.shape[1]
    blocks = np.asarray(covariance, float).reshape(units, cells, units, cells)
    result = np.full((units, units), np.nan)
    for d in range(units):
        for e in range(d, units):
            used_d, used_e = np.flatnonzero(flat[d]), np.flatnonzero(flat[e])
            if used_d.size and used_e.size:
                block = blocks[d][np.ix_(used_d, [e], used_e)][:, 0, :]
                result[d, e] = result[e, d] = flat[d, used_d] @ block @ flat[e, used_e]
    return result


def _group_shares(scheme: Scheme, present: np.ndarray) -> np.ndarray:
    weights = np.array([float(weight) for weight in scheme.groups.values()])[:, None] * present
    totals = weights.sum(axis=0)
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def _indicator_means(scheme: Scheme, shares: np.ndarray, means: np.ndarray) -> dict[str, Decimal | None]:
    found: dict[str, Decimal | None] = {}
    for j, code in enumerate(scheme.indicator_codes):
        # A plain left-to-right sum: the same bits on every machine, whatever its linear algebra library does.
        total = sum(share * mean for share, mean in zip(shares[:, j].tolist(), means[:, j].tolist(), strict=True))
        found[code] = rounded(total, MEAN_PLACES) if shares[:, j].any() else None
    return found


def _indicator_weights(scheme: Scheme, indicators: Mapping[str, Decimal | None]) -> dict[str, Fraction]:
    kept = {
        part.code: Fraction(part.weight)
        for part in scheme.indicators
        if part.is_scored and indicators.get(part.code) is not None
    }
    total = sum(kept.values(), Fraction(0))
    return {code: weight / total for code, weight in kept.items()}


def _quadratic(coefficients: np.ndarray, covariance: np.ndarray) -> float:
    flat = coefficients.ravel()
    used = np.flatnonzero(flat)
    matrix = np.asarray(covariance, float).reshape(flat.size, flat.size)[np.ix_(used, used)]
    return float(flat[used] @ matrix @ flat[used]) if used.size else float("nan")


def _one_indicator(shares: np.ndarray, covariance: np.ndarray, j: int) -> float:
    only = np.zeros_like(shares)
    only[:, j] = shares[:, j]
    return _quadratic(only, covariance)


def _missing(scheme: Scheme, present: np.ndarray) -> tuple[tuple, tuple, tuple]:
    """Groups, indicators and single cells without an answer; a group of weight 0 is never missed."""
    weighted = [float(weight) > 0 for weight in scheme.groups.values()]
    groups: Sequence[str] = scheme.group_codes
    codes = scheme.indicator_codes
    no_group = [not row.any() and weighted[g] for g, row in enumerate(present)]
    no_indicator = [not present[:, j].any() for j in range(len(codes))]
    cells = [
        (groups[g], codes[j])
        for g in range(len(groups))
        for j in range(len(codes))
        if weighted[g] and not present[g, j] and not no_group[g] and not no_indicator[j]
    ]
    return (
        tuple(group for group, gone in zip(groups, no_group, strict=True) if gone),
        tuple(code for code, gone in zip(codes, no_indicator, strict=True) if gone),
        tuple(cells),
    )
