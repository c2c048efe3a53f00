"""Scores by evaluator group: each unit's score within a group, with the small cells hidden so that they stay hidden."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from surveys.errors import ScoringError
from surveys.scoring.composites import composite
from surveys.scoring.estimates import RoundEstimates
from surveys.scoring.figures import figure, rounded
from surveys.scoring.schemes import Scheme
from surveys.scoring.suppression import suppress


@dataclass(frozen=True)
class GroupScore:
    """The survey score of one unit among one evaluator group.

    n : smallest number of the group's answers to an indicator that enters. hidden : not to be shown outside, because
    the cell itself is small or because a small one could be worked out from it.
    """

    unit: str
    group: str
    n: int
    score: Decimal | None
    std_error: Decimal | None
    hidden: bool

    def figures(self) -> dict:
        """The cell as it may be shown: a hidden one without any number."""
        shown = not self.hidden
        return {
            "n": self.n if shown else None,
            "score": figure(self.score) if shown else None,
            "std_error": figure(self.std_error) if shown else None,
            "hidden": self.hidden,
        }


def group_scores(scheme: Scheme, estimates: RoundEstimates) -> list[GroupScore]:
    """Break the survey score of each unit down by evaluator group, unit by unit.

    A cell is hidden below the number of answers that a score needs (``internal_below``). Because a unit's published
    score is the weighted sum of its groups, one hidden group alone would be a subtraction away: at least two are
    hidden, in a way that column totals do not undo (``suppress``). A group without answers is shown as having none.
    Where a table is too small to protect anything in it, every group with answers is hidden.
    """
    parts = [
        [_within_group(scheme, estimates, u, g) for g in range(len(scheme.groups))] for u in range(len(estimates.units))
    ]
    counts = np.array([[n for n, _, _ in row] for row in parts]).reshape(len(estimates.units), len(scheme.groups))
    hidden = _hidden_cells(counts, scheme.gates.internal_below)
    return [
        GroupScore(unit.code, group, *parts[u][g], hidden=bool(hidden[u, g]))
        for u, unit in enumerate(estimates.units)
        for g, group in enumerate(scheme.group_codes)
    ]


def _hidden_cells(counts: np.ndarray, least: int) -> np.ndarray:
    """(U, G) which groups of which units are hidden: none of them alone in its row, unless the unit has no other."""
    if not counts.any():
        return np.zeros(counts.shape, bool)
    try:
        hidden = suppress(counts, least).hidden
    except ScoringError:
        return counts > 0
    for row, n in zip(hidden, counts, strict=True):
        # ``suppress`` may cover a cell by a row's total. The unit's score is such a total and is published all the same.
        shown = np.flatnonzero((n > 0) & ~row)
        if row.sum() == 1 and shown.size:
            row[shown[np.argmin(n[shown])]] = True
    return hidden


def _within_group(
    scheme: Scheme, estimates: RoundEstimates, u: int, g: int
) -> tuple[int, Decimal | None, Decimal | None]:
    """Smallest n, score and error with only this group's answers: the others' weight falls to it."""
    n = np.zeros_like(estimates.n[u])
    n[g] = estimates.n[u, g]
    found = composite(scheme, estimates.means[u], estimates.block(u), n)
    scored = [
        j for j, part in enumerate(scheme.indicators) if part.is_scored and found.indicators[part.code] is not None
    ]
    smallest = min((int(n[g, j]) for j in scored), default=0)
    has_error = found.score is not None and np.isfinite(found.variance) and estimates.df[u] >= 1
    error = rounded(float(np.sqrt(found.variance)), scheme.rounding.errors) if has_error else None
    return smallest, found.score, error
