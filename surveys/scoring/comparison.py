"""Comparing units: how reliable differences between them are, bands by over-dispersed z, funnel limits.

Source of bands and funnels: D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in
Medicine 24 (2005) 1185–1202, and "Handling over-dispersion of performance indicators", Quality and Safety in Health
Care 14 (2005) 347–351; the limits 1.96 and 3.09 and the five bands as used by the Care Quality Commission.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from surveys.errors import ScoringError

#: from much better to much worse
BANDS = ("much_better", "better", "as_expected", "worse", "much_worse")
WARNING, ALARM = 1.96, 3.09
WINSOR_SHARE = 0.10


@dataclass(frozen=True)
class Dispersion:
    """How units of a category differ beyond chance.

    target : the category's level t, the inverse-variance weighted mean, points.
    z : (I,) naive z scores (y − t)/s. phi : mean square of the winsorised z. tau2 : variance between units, points
    squared. z_additive : (I,) (y − t)/√(s² + τ²). z_multiplicative : (I,) z/√φ where φ > 1, else z.
    """

    target: float
    z: np.ndarray
    phi: float
    tau2: float
    z_additive: np.ndarray
    z_multiplicative: np.ndarray


def _checked(y: np.ndarray, se: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, se = np.asarray(y, float), np.asarray(se, float)
    if y.ndim != 1 or y.shape != se.shape:
        raise ScoringError(
            "There are %(scores)s scores and %(errors)s errors; give one each per unit.",
            code="shape",
            scores=y.shape,
            errors=se.shape,
        )
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(se) & (se > 0)))
    if bad.size:
        raise ScoringError(
            "Unit %(unit)s has score %(score)s and standard error %(error)s; leave units without an error out.",
            code="error-missing",
            position=int(bad[0]),
            unit=int(bad[0]) + 1,
            score=y[bad[0]],
            error=se[bad[0]],
        )
    return y, se


def inverse_variance_mean(y: np.ndarray, se: np.ndarray) -> float:
    """Σ ωy/Σ ω with ω = 1/s². Raises for no unit, or one without a positive error."""
    y, se = _checked(y, se)
    if not y.size:
        raise ScoringError("There is no unit to compare.", code="no-unit")
    weights = 1 / se**2
    return float(weights @ y / weights.sum())


def winsorised(z: np.ndarray, share: float = WINSOR_SHARE) -> np.ndarray:
    """z with its lowest and highest ``share`` pulled in to those quantiles (linear interpolation, R's type 7)."""
    z = np.asarray(z, float)
    if not z.size:
        return z
    return np.clip(z, *np.quantile(z, [share, 1 - share]))


def dispersion(y: np.ndarray, se: np.ndarray, target: float | None = None, winsor: float = WINSOR_SHARE) -> Dispersion:
    """Estimate how units differ beyond chance, extremes pulled in so that they cannot hide themselves.

    y, se : (I,) scores and their standard errors, points; se > 0.
    τ² = max(0, [Iφ − (I−1)] / [Σω − Σω²/Σω]), ω = 1/s². I = 1 gives τ² = 0 and z = 0; I = 0 and se = 0 raise
    ``ScoringError``.
    """
    y, se = _checked(y, se)
    target = inverse_variance_mean(y, se) if target is None else float(target)
    z = (y - target) / se
    phi = float(np.mean(winsorised(z, winsor) ** 2))
    tau2 = _tau2(y.size * phi, se)
    return Dispersion(
        target=target,
        z=z,
        phi=phi,
        tau2=tau2,
        z_additive=(y - target) / np.sqrt(se**2 + tau2),
        z_multiplicative=z / np.sqrt(max(1.0, phi)),
    )


def _tau2(q: float, se: np.ndarray) -> float:
    weights = 1 / se**2
    spread = weights.sum() - (weights**2).sum() / weights.sum()
    return max(0.0, float((q - (se.size - 1)) / spread)) if se.size > 1 and spread > 0 else 0.0


def between_variance(y: np.ndarray, se: np.ndarray) -> float:
    """τ² by the method of moments (DerSimonian and Laird 1986), not winsorised; 0 for fewer than two units."""
    y, se = _checked(y, se)
    if y.size < 2:
        return 0.0
    return _tau2(float((((y - inverse_variance_mean(y, se)) / se) ** 2).sum()), se)


def reliability(tau2: float, variance: np.ndarray | float) -> np.ndarray:
    """λ = τ²/(τ² + V): share of the spread between units that is not chance, 0–1; 0 where both are 0."""
    variance = np.asarray(variance, float)
    total = tau2 + variance
    return np.divide(tau2, total, out=np.zeros_like(total), where=total > 0)


def band_of(z: float) -> str:
    """The band of an over-dispersed z: high is good; |z| < 1.96 as expected, < 3.09 better or worse, else much so."""
    if abs(z) < WARNING:
        return "as_expected"
    direction = "better" if z > 0 else "worse"
    return direction if abs(z) < ALARM else f"much_{direction}"


def funnel_limits(target: float, se: np.ndarray, level: float = 0.95, tau2: float = 0.0) -> np.ndarray:
    """Limits t ± z√(s² + τ²) within which a share ``level`` of units as good as the target would lie; (I, 2)."""
    if not 0 < level < 1:
        raise ScoringError("The level is %(level)s; it lies between 0 and 1.", code="level", level=level)
    half = special.ndtri((1 + level) / 2) * np.sqrt(np.asarray(se, float) ** 2 + tau2)
    return np.stack([target - half, target + half], axis=-1)


def binomial_funnel_limits(share: float, n: np.ndarray, level: float) -> np.ndarray:
    """Smallest counts with at least (1 ∓ level)/2 of Binomial(n, share) at or below them.

    (len(n), 2), whole numbers.
    """
    n = np.asarray(n)[:, np.newaxis]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    # bdtrik solves for a real count; rounded up it may be one too many where a whole count meets the tail exactly.
    counts = np.ceil(special.bdtrik(tails, n, share)) if share > 0 else np.zeros((len(n), 2))
    fewer = np.maximum(counts - 1, 0)
    return np.where(special.bdtr(fewer, n, share) >= tails, fewer, counts).astype(int)
