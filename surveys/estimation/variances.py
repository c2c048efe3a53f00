"""Covariance of estimated totals under a design of any number of stages.

Source: the recursion of Särndal, Swensson and Wretman (1992), section 4.3 and result 4.3.1, as R's ``svyrecvar``: at
each stage the spread of cluster totals within strata, F_h Σ (z − z̄)(z − z̄)' with F_h = (1 − n_h/N_h)·n_h/(n_h − 1),
times the sampling fractions of the stages before. Calibrated designs: the same of g·w·(u − x'B), Deville and Särndal
(1992), section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError
from surveys.estimation.designs import Design, Stage

#: what is done with a stratum of which one cluster was sampled (names as in R's ``survey.lonely.psu``)
LONELY_RULES = ("fail", "certainty", "remove", "adjust", "average")
#: sampling fractions this close to 1 make a stratum represent itself, as in R
_CENSUS = 1e-7


@dataclass(frozen=True)
class LonelyRule:
    """One of ``LONELY_RULES``.

    ``domains``: also where a domain leaves one cluster of a stratum (R: ``adjust.domain.lonely``).
    """

    name: str = "fail"
    domains: bool = False

    def __post_init__(self) -> None:
        if self.name not in LONELY_RULES:
            raise DesignError(
                "The lonely rule is %(lonely)r; use one of %(known)s.",
                code="lonely-rule",
                lonely=self.name,
                known=", ".join(LONELY_RULES),
            )


def covariance_of_totals(
    scores: np.ndarray, design: Design, lonely: LonelyRule | None = None, rows: np.ndarray | None = None
) -> np.ndarray:
    """(P, P) covariance of the column sums of weighted scores.

    Parameters
    ----------
    scores : (m, P) weight × influence of the rows given, 0 for all others of the design.
    rows : (m,) row numbers, all by default. Strata without any of them play no part.
    lonely : "fail" by default.

    One row, or no row: 0 where nothing else is said by the lonely rule. Raises ``DesignError``, naming the stratum,
    for "fail".
    """
    lonely = lonely or LonelyRule()
    rows = np.arange(len(design)) if rows is None else np.asarray(rows)
    scores = np.asarray(scores, float).reshape(len(rows), -1)
    total = np.zeros((scores.shape[1], scores.shape[1]))
    fraction = np.ones(len(rows))
    for number, stage in enumerate(design.stages):
        used = fraction > 0
        if not used.any():
            break
        total += _stage_covariance(scores[used], stage, rows[used], fraction[used], lonely, number + 1)
        drawn = stage.sampled / stage.population
        fraction = fraction * drawn[stage.stratum[rows]]
    return total


def residuals(scores: np.ndarray, design: Design) -> np.ndarray:
    """(n, P) weighted scores of a calibrated design after regression on its auxiliaries; without calibration unchanged.

    scores : (n, P) calibrated weight × influence u. With base weight w and factor g: g·w·(u − x'B), B = (X'WX)⁻¹X'Wu.
    """
    if design.auxiliaries is None or design.base is None or design.factors is None:
        return scores
    root = np.sqrt(np.maximum(design.base, 0))[:, None]
    basis = design.calibration_basis
    scale = design.factors[:, None] * root
    influence = np.divide(scores, scale, out=np.zeros_like(scores), where=scale > 0)
    left = influence - basis @ (basis.T @ influence)
    left -= basis @ (basis.T @ left)
    return left * scale


def _stage_covariance(
    scores: np.ndarray, stage: Stage, rows: np.ndarray, fraction: np.ndarray, lonely: LonelyRule, number: int
) -> np.ndarray:
    clusters, first, cluster = np.unique(stage.cluster[rows], return_index=True, return_inverse=True)
    totals = np.zeros((len(clusters), scores.shape[1]))
    np.add.at(totals, cluster.reshape(-1), scores)
    strata, stratum = np.unique(stage.stratum[rows][first], return_inverse=True)
    stratum = stratum.reshape(-1)
    n, present = stage.sampled[strata].astype(float), np.bincount(stratum, minlength=len(strata))
    open_share = 1 - n / stage.population[strata]
    alone = (n == 1) & (open_share > _CENSUS)
    if lonely.name == "fail" and alone.any():
        name = stage.names[strata[int(np.argmax(alone))]]
        raise DesignError(
            "Stratum %(stratum)s has only one sampled cluster at stage %(number)s, so its variance cannot be "
            "estimated; collapse it with a neighbour or choose another lonely rule.",
            code="lonely-stratum",
            stratum=name,
            number=number,
        )
    left_alone = lonely.domains & (present == 1) & (n > 1)
    factor = np.where(open_share > _CENSUS, open_share, 0) * np.where(n > 1, n / np.maximum(n - 1, 1), 1)
    centre = np.zeros((len(strata), scores.shape[1]))
    np.add.at(centre, stratum, totals)
    centre /= n[:, None]
    absent = n - present
    if lonely.name == "adjust":
        apart = alone | left_alone
        centre[apart] = totals.sum(axis=0) / n.sum()
    elif lonely.name == "average":
        unknown = alone | left_alone
        factor = np.where(unknown, 0, factor)
        known = len(strata) - unknown.sum()
        factor = factor * (len(strata) / known if known else np.nan)
    else:
        factor = np.where(alone, 0, factor)
    weight = np.zeros(len(strata))
    weight[stratum] = fraction[first]
    factor = factor * weight
    spread = totals - centre[stratum]
    return (spread * factor[stratum, None]).T @ spread + (centre * (factor * absent)[:, None]).T @ centre
