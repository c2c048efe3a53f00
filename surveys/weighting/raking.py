"""Raking: iterative proportional fitting of cell counts to known margins.

Source: Deming and Stephan (1940), *On a least squares adjustment of a sampled frequency table when the expected
marginal totals are known*; R's ``loglin(fit=TRUE)`` and ``rake``. Only the base-weight sums of the cells are needed,
whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError


@dataclass(frozen=True)
class Margin:
    """A known margin over K cells or rows.

    name : as errors call it. codes : (K,) level of each cell, from 0. totals : (L,) known population totals ≥ 0.
    labels : (L,) names of the levels; their numbers by default.
    """

    name: str
    codes: np.ndarray
    totals: np.ndarray
    labels: Sequence[str] | None = None

    def label(self, level: int) -> str:
        """How errors call a level."""
        return str(level) if self.labels is None else str(self.labels[level])


def rake(
    base: np.ndarray, margins: Sequence[Margin], *, tolerance: float = 1e-13, most_sweeps: int = 10_000
) -> np.ndarray:
    """(K,) base weights of cells (or rows), multiplied until every margin has its known totals.

    tolerance : largest difference of a margin from its totals, relative to the population, at which fitting ends.
    Cells with base 0 stay 0. One margin alone is post-stratification and is met in one sweep.

    Raises
    ------
    DesignError
        Margins whose totals add up differently, a negative base weight or total, a level with a total but without base
        weight, or margins that the filled cells cannot meet; margin and level are named.
    """
    fitted = np.array(base, float)
    whole = _checked(fitted, margins)
    worst = np.inf
    for _ in range(most_sweeps):
        for margin in margins:
            found = np.bincount(margin.codes, fitted, minlength=len(margin.totals))
            factor = np.divide(margin.totals, found, out=np.zeros(len(found)), where=found > 0)
            fitted = fitted * factor[margin.codes]
        before, worst = worst, max(_gap(fitted, margin) for margin in margins) / whole
        # At the limit of the floating point numbers a further sweep changes nothing any more.
        if worst <= tolerance or (worst < 1e-11 and worst >= before):
            return fitted
    farthest = max(margins, key=lambda margin: _gap(fitted, margin))
    level = int(np.argmax(np.abs(_difference(fitted, farthest))))
    raise DesignError(
        "The margins cannot be met together: after %(most_sweeps)s sweeps %(margin)s %(level)s is %(gap)+.6g away "
        "from its total; join levels or drop a margin.",
        code="raking-apart",
        margin=farthest.name,
        level=farthest.label(level),
        most_sweeps=most_sweeps,
        gap=_difference(fitted, farthest)[level],
    )


def post_stratify(
    base: np.ndarray, codes: np.ndarray, totals: np.ndarray, labels: Sequence[str] | None = None
) -> np.ndarray:
    """(K,) base weights scaled within each post-stratum to its known total (R: ``postStratify``).

    Errors as of ``rake``.
    """
    return rake(base, [Margin("post-stratum", np.asarray(codes), np.asarray(totals, float), labels)])


def _difference(fitted: np.ndarray, margin: Margin) -> np.ndarray:
    return np.bincount(margin.codes, fitted, minlength=len(margin.totals)) - margin.totals


def _gap(fitted: np.ndarray, margin: Margin) -> float:
    return float(np.abs(_difference(fitted, margin)).max())


def _checked(base: np.ndarray, margins: Sequence[Margin]) -> float:
    if not margins:
        raise DesignError("Raking needs at least one margin.", code="raking-margins")
    bad = np.flatnonzero(~(np.isfinite(base) & (base >= 0)))
    if bad.size:
        raise DesignError(
            "The base weight of row %(row)s is %(weight)s; it must be a finite number of at least 0.",
            code="weight-wrong",
            column="weights",
            row=int(bad[0]) + 1,
            weight=base[bad[0]],
        )
    whole = float(np.sum(margins[0].totals))
    for margin in margins:
        _check_levels(base, margin)
        if not np.isclose(np.sum(margin.totals), whole, rtol=1e-9, atol=0):
            raise DesignError(
                "The totals of %(margin)s add up to %(sum)g, those of %(name)s to %(whole)g; all margins must "
                "describe one population.",
                code="raking-totals",
                margin=margin.name,
                sum=np.sum(margin.totals),
                name=margins[0].name,
                whole=whole,
            )
    if not whole > 0:
        raise DesignError("The totals of the margins add up to 0.", code="raking-totals", margin=margins[0].name)
    return whole


def _check_levels(base: np.ndarray, margin: Margin) -> None:
    codes, totals = np.asarray(margin.codes), np.asarray(margin.totals, float)
    if len(codes) != len(base) or (len(codes) and (codes.min() < 0 or codes.max() >= len(totals))):
        raise DesignError(
            "Margin %(name)s needs a level between 0 and %(highest)s for each row.",
            code="margin",
            name=margin.name,
            highest=len(totals) - 1,
        )
    found = np.bincount(codes, base, minlength=len(totals))
    for level in np.flatnonzero(~(np.isfinite(totals) & (totals >= 0)) | ((totals > 0) & (found == 0))):
        counted = totals[level] >= 0 and np.isfinite(totals[level])
        where = {"margin": margin.name, "level": margin.label(level), "total": totals[level]}
        if counted:
            raise DesignError(
                "%(margin)s %(level)s has the total %(total)g, and nobody to carry it; join the level with another.",
                code="margin-level",
                **where,
            )
        raise DesignError(
            "%(margin)s %(level)s has the total %(total)g, which is no count.", code="margin-level", **where
        )
