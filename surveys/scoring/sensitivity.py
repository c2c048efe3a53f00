"""How much a result hangs on decisions: Kendall's τ across scales, and the weight that each indicator really has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surveys.errors import ScoringError


@dataclass(frozen=True)
class Sensitivity:
    """What happens to a ranking when another scale of points is taken.

    tau : Kendall's τ_b to the base scores, −1 … 1; ``None`` where one side has no spread.
    moved : units whose rank differs. largest_move : the greatest difference of ranks.
    """

    preset: str
    tau: float | None
    moved: int
    largest_move: int


def kendall_tau(one: np.ndarray, other: np.ndarray) -> float | None:
    """τ_b = (concordant − discordant)/√((pairs − ties in one)(pairs − ties in other)).

    ``None`` without spread or for n < 2.

    Source: M. G. Kendall, *Rank Correlation Methods*, equation 3.3.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    if one.shape != other.shape or one.ndim != 1:
        raise ScoringError("Two rankings can only be compared over the same units.", code="sensitivity-shape")
    upper = np.triu_indices(one.size, 1)
    a = np.sign(one[:, None] - one[None, :])[upper]
    b = np.sign(other[:, None] - other[None, :])[upper]
    spread = float(np.abs(a).sum()) * float(np.abs(b).sum())
    return float((a * b).sum() / np.sqrt(spread)) if spread else None


def scale_sensitivity(base: Mapping[str, float], by_preset: Mapping[str, Mapping[str, float]]) -> list[Sensitivity]:
    """Compare the ranking by the programme's own points with that of each preset, over the units that both score."""
    found = []
    for preset, scores in by_preset.items():
        units = [unit for unit in base if unit in scores]
        one = np.array([float(base[unit]) for unit in units])
        other = np.array([float(scores[unit]) for unit in units])
        moves = np.abs(_ranks(one) - _ranks(other))
        found.append(Sensitivity(preset, kendall_tau(one, other), int((moves > 0).sum()), int(moves.max(initial=0))))
    return found


def effective_weights(indicators: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Share of each indicator in the spread of the score over units: a_j Cov(I_j, S)/Var(S), S = Σ a_j I_j.

    indicators : (U, J) unit means without gaps; weights : (J,). Returns (J,) with sum 1, or ``None`` where scores do
    not spread (U < 2, or all equal). An indicator that runs against the others has a negative share.
    Source: P. Paruolo, M. Saisana and A. Saltelli, "Ratings and rankings: voodoo or science?", JRSS A 176 (2013)
    609–634, on nominal weights against importance.
    """
    indicators, weights = np.asarray(indicators, float), np.asarray(weights, float)
    if indicators.ndim != 2 or weights.shape != (indicators.shape[1],) or not np.isfinite(indicators).all():
        raise ScoringError("Effective weights need a full table of unit × indicator means.", code="sensitivity-shape")
    if indicators.shape[0] < 2:
        return None
    centred = indicators - indicators.mean(axis=0)
    score = centred @ weights
    variance = float(score @ score)
    if variance <= 1e-12 * indicators.shape[0]:
        return None
    return weights * (centred.T @ score) / variance


def _ranks(scores: np.ndarray) -> np.ndarray:
    return 1 + (scores[None, :] > scores[:, None]).sum(axis=1)
