"""Effects that all units share (mode of the interview, mix of respondents): estimated on answers, taken out of means.

Mode: y = α_u + β·mode + x'γ, with the random arm as instrument for the mode that was answered: who answers in which
mode is a choice, the arm is drawn. Estimator: two-stage least squares with unit effects removed within units (J. D.
Angrist and J.-S. Pischke, *Mostly Harmless Econometrics*, 2009, chapter 4). Case mix: the same regression without an
instrument; off unless a programme asks. The effect's variance is added to the covariance of the means, off the diagonal
too: it is common to all units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from surveys.errors import ScoringError
from surveys.scoring.estimates import RoundEstimates

#: below this first-stage F the arm hardly moved anybody, and the estimate would be noise (Staiger and Stock 1997)
WEAK_INSTRUMENT_F = 10.0


@dataclass(frozen=True)
class CommonEffect:
    """K effects on J indicators.

    coefficients : (K, J), points per unit of exposure. covariance : (K, J, K, J). n : (J,) answers used.
    first_stage_f : (J,) strength of the instrument, ``None`` without one.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    n: np.ndarray
    first_stage_f: np.ndarray | None = None


def mode_effect(
    answers: np.ndarray,
    weights: np.ndarray,
    units: np.ndarray,
    mode: np.ndarray,
    arm: np.ndarray,
    covariates: np.ndarray | None = None,
) -> CommonEffect:
    """The effect of answering in mode 1 instead of mode 0, by the random arm.

    answers : (n, J) points, NaN where not answered. weights : (n,) > 0. units : (n,) unit of each row, any labels.
    mode, arm : (n,) 0 or 1, the mode that was answered and the arm that was drawn. covariates : (n, K') or ``None``.
    Each indicator uses its own answered rows. Raises ``ScoringError`` where the arm does not move the mode (first-stage
    F < 10), also because nobody answered in one of the modes.
    """
    answers, weights = _rows(answers, weights, units)
    mode, arm = np.asarray(mode, float), np.asarray(arm, float)
    influence = np.zeros((answers.shape[0], 1, answers.shape[1]))
    effects, strength, n = [], [], []
    for j in range(answers.shape[1]):
        used = np.isfinite(answers[:, j])
        extra = None if covariates is None else np.asarray(covariates, float)[used]
        y, m, z = (
            _within(column[used], weights[used], np.asarray(units)[used], extra)
            for column in (answers[:, j], mode, arm)
        )
        w = weights[used]
        moved = float(w @ (z * m))
        spread = float(w @ (z * z))
        f = _first_stage(m, z, w) if spread > 0 else 0.0
        if f < WEAK_INSTRUMENT_F:
            raise ScoringError(
                "The random arm hardly moves the mode of indicator %(number)s (first-stage F %(f).1f, needed "
                "%(needed).0f); the mode effect cannot be estimated.",
                code="instrument-weak",
                indicator=j,
                number=j + 1,
                f=f,
                needed=WEAK_INSTRUMENT_F,
            )
        beta = float(w @ (z * y)) / moved
        influence[used, 0, j] = w * z * (y - beta * m) / moved
        effects.append(beta)
        strength.append(f)
        n.append(int(used.sum()))
    return CommonEffect(np.array([effects]), _spread(influence, n), np.array(n), np.array(strength))


def case_mix_effect(
    answers: np.ndarray, weights: np.ndarray, units: np.ndarray, covariates: np.ndarray
) -> CommonEffect:
    """How answers hang on K characteristics of respondents within units, by weighted least squares with unit effects.

    Raises ``ScoringError`` where a characteristic does not vary within units, or one follows from the others.
    """
    answers, weights = _rows(answers, weights, units)
    covariates = np.asarray(covariates, float)
    k = covariates.shape[1]
    influence = np.zeros((answers.shape[0], k, answers.shape[1]))
    effects = np.zeros((k, answers.shape[1]))
    n = []
    for j in range(answers.shape[1]):
        used = np.isfinite(answers[:, j])
        w, labels = weights[used], np.asarray(units)[used]
        y = _within(answers[used, j], w, labels, None)
        x = np.column_stack([_within(covariates[used, c], w, labels, None) for c in range(k)])
        gram = x.T @ (w[:, None] * x)
        if np.linalg.matrix_rank(gram) < k:
            raise ScoringError(
                "A case-mix characteristic does not vary within units, or follows from the others.",
                code="case-mix-rank",
            )
        inverse = np.linalg.inv(gram)
        effects[:, j] = inverse @ (x.T @ (w * y))
        influence[used, :, j] = (w * (y - x @ effects[:, j]))[:, None] * (x @ inverse)
        n.append(int(used.sum()))
    return CommonEffect(effects, _spread(influence, n), np.array(n))


def subtract_effect(
    means: np.ndarray, covariance: np.ndarray, exposure: np.ndarray, effect: CommonEffect
) -> tuple[np.ndarray, np.ndarray]:
    """Means without the effect, and their covariance with the effect's own variance added.

    means : (D, J). covariance : (D, J, D, J). exposure : (D, J, K) of each mean, for a mode the weighted share of its
    answers in mode 1, for a case mix the unit's mean less the overall one. D = 0 gives nothing back.
    """
    exposure = np.nan_to_num(np.asarray(exposure, float))
    shift = np.einsum("djk,kj->dj", exposure, effect.coefficients)
    added = np.einsum("djk,kjlm,eml->djem", exposure, effect.covariance, exposure, optimize=True)
    return np.asarray(means, float) - shift, np.asarray(covariance, float) + added


def subtract_from_round(estimates: RoundEstimates, exposure: np.ndarray, effect: CommonEffect) -> RoundEstimates:
    """A round's estimates without the effect; units then share a covariance. exposure : (U, G, J, K)."""
    units, groups, indicators = estimates.means.shape
    cells = units * groups
    full = estimates.covariance
    if not estimates.between_units:
        full = np.zeros((units, groups, indicators) * 2)
        for u in range(units):
            full[u, :, :, u] = estimates.covariance[u]
    means, covariance = subtract_effect(
        estimates.means.reshape(cells, indicators),
        full.reshape(cells, indicators, cells, indicators),
        np.asarray(exposure).reshape(cells, indicators, -1),
        effect,
    )
    shape = (units, groups, indicators)
    return replace(estimates, means=means.reshape(shape), covariance=covariance.reshape(shape + shape))


def _rows(answers: np.ndarray, weights: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    answers, weights = np.asarray(answers, float), np.asarray(weights, float)
    if answers.ndim != 2 or weights.shape != (answers.shape[0],) or len(units) != answers.shape[0]:
        raise ScoringError("Give one weight and one unit for each row of answers.", code="effect-shape")
    if not (weights > 0).all():
        raise ScoringError(
            "Row %(row)s has no positive weight.", code="effect-weight", row=int(np.argmin(weights > 0)) + 1
        )
    return answers, weights


def _within(column: np.ndarray, weights: np.ndarray, units: np.ndarray, covariates: np.ndarray | None) -> np.ndarray:
    """A column less its weighted unit means, and less what covariates explain of it within units."""
    _, label = np.unique(units, return_inverse=True)
    size = np.bincount(label, weights)

    def centred(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(label, weights * values) / size)[label]

    column = centred(column)
    if covariates is None:
        return column
    x = np.column_stack([centred(covariates[:, c]) for c in range(covariates.shape[1])])
    root = np.sqrt(weights)
    return column - x @ np.linalg.lstsq(root[:, None] * x, root * column, rcond=None)[0]


def _first_stage(mode: np.ndarray, arm: np.ndarray, weights: np.ndarray) -> float:
    """Robust F of the arm in the regression of the mode on it; ∞ where everybody answered as drawn."""
    slope = float(weights @ (arm * mode)) / float(weights @ (arm * arm))
    scores = weights * arm * (mode - slope * arm)
    variance = float(scores @ scores) / float(weights @ (arm * arm)) ** 2
    return slope**2 / variance if variance > 0 else (float("inf") if slope else 0.0)


def _spread(influence: np.ndarray, n: list[int]) -> np.ndarray:
    """Sandwich covariance from influences (rows, K, J), with n/(n − 1)."""
    factor = np.sqrt([size / (size - 1) for size in n])
    scaled = influence * factor[None, None, :]
    return np.einsum("ikj,ilm->kjlm", scaled, scaled, optimize=True)
