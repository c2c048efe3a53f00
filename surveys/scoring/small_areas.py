"""Small areas (Fay–Herriot): stations with a handful of answers borrow from what all stations have in common.

Model y_i = x_i'β + v_i + e_i, v_i ~ (0, A), e_i ~ (0, ψ_i), ψ_i known. Source: R. E. Fay and R. A. Herriot, JASA 74
(1979) 269–277; variance by REML scoring and mean squared errors as in J. N. K. Rao and I. Molina, *Small Area
Estimation* (2nd ed., 2015), sections 6.1–6.2. For the inside of a programme only: never ranked, never published by
station.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from surveys.errors import ScoringError


@dataclass(frozen=True)
class SmallAreas:
    """Small-area estimates of m areas.

    coefficients : (p,) β. coefficient_errors : (p,). between_variance : A ≥ 0. estimates : (m,) EBLUP. mse : (m,) its
    mean squared error g1 + g2 + 2 g3. shares : (m,) γ = A/(A + ψ), the weight of the area's own answers.
    """

    coefficients: np.ndarray
    coefficient_errors: np.ndarray
    between_variance: float
    estimates: np.ndarray
    mse: np.ndarray
    shares: np.ndarray
    log_likelihood: float


def fay_herriot(
    direct: np.ndarray, variances: np.ndarray, covariates: np.ndarray | None = None, *, iterations: int = 1000
) -> SmallAreas:
    """EBLUP of each area by REML.

    direct : (m,) direct estimates. variances : (m,) ψ > 0, smoothed before (``smoothed_variances``): most direct
    variances of five answers are noise, and a 0 would say that an area is known exactly. covariates : (m, p); an
    intercept alone unless given. A = 0 gives the synthetic x'β for every area, with an mse that still carries the error
    of A. Raises ``ScoringError`` for m ≤ p, covariates that are dependent, and missing or non-positive variances.
    """
    y, psi = np.asarray(direct, float), np.asarray(variances, float)
    x = np.ones((y.size, 1)) if covariates is None else np.asarray(covariates, float)
    _check(y, psi, x)
    between = _reml(y, psi, x, iterations)
    w = 1 / (between + psi)
    information = x.T @ (w[:, None] * x)
    coefficient_covariance = np.linalg.inv(information)
    beta = coefficient_covariance @ (x.T @ (w * y))
    fitted = x @ beta
    shares = between * w
    leverage = np.einsum("ij,jk,ik->i", x, coefficient_covariance, x)
    g1 = shares * psi
    g2 = (1 - shares) ** 2 * leverage
    # The asymptotic variance of A by REML is 2 / Σ (A + ψ)^−2 (Rao and Molina, eq. 6.1.17).
    g3 = psi**2 * w**3 * 2 / (w**2).sum()
    residual = y - fitted
    return SmallAreas(
        coefficients=beta,
        coefficient_errors=np.sqrt(np.diag(coefficient_covariance)),
        between_variance=between,
        estimates=fitted + shares * residual,
        mse=g1 + g2 + 2 * g3,
        shares=shares,
        log_likelihood=float(-0.5 * (np.log(2 * np.pi / w) + w * residual**2).sum()),
    )


def _reml(y: np.ndarray, psi: np.ndarray, x: np.ndarray, iterations: int) -> float:
    """A by scoring on the restricted likelihood, held at A ≥ 0."""
    between = float(np.median(psi))
    for _ in range(iterations):
        w = 1 / (between + psi)
        wx = w[:, None] * x
        hat = np.linalg.solve(x.T @ wx, wx.T)
        projected = w * y - wx @ (hat @ y)
        # P = W − WX(X'WX)^-1X'W; tr P and tr PP without forming anything of size m × m
        diagonal = np.einsum("ip,pi->i", wx, hat)
        inner = hat @ wx
        trace = float((w - diagonal).sum())
        squared = float((w**2).sum() - 2 * (w * diagonal).sum() + np.trace(inner @ inner))
        score = 0.5 * float(projected @ projected) - 0.5 * trace
        following = max(0.0, between + score / (0.5 * squared))
        if abs(following - between) <= 1e-13 * max(between, float(psi.min())):
            return following
        between = following
    raise ScoringError(
        "The variance between areas does not settle; look for an area with a wild estimate.", code="reml"
    )


def smoothed_variances(direct_variances: np.ndarray, n: np.ndarray) -> np.ndarray:
    """ψ_i = σ²/n_i with one σ² for all areas, pooled by degrees of freedom: Σ (n_i − 1) n_i v_i / Σ (n_i − 1).

    direct_variances : (m,) of means of n answers; NaN or 0 where one answer or equal answers make it so, which is why
    they cannot be used as they are. Areas with n < 2 take part in nothing and still get a ψ. n = 0 gives NaN.
    Raises ``ScoringError`` where no area has two answers that differ.
    """
    v, n = np.asarray(direct_variances, float), np.asarray(n, float)
    used = (n >= 2) & np.isfinite(v)
    freedom = (n[used] - 1).sum()
    pooled = float(((n[used] - 1) * n[used] * v[used]).sum() / freedom) if freedom else 0.0
    if pooled <= 0:
        raise ScoringError(
            "No station has two answers that differ; there is no spread to learn from.", code="no-spread"
        )
    return np.divide(pooled, n, out=np.full_like(v, np.nan), where=n > 0)


@dataclass(frozen=True)
class Benchmarked:
    """Area estimates that agree with their department: the factor or shift that it took, and the estimates after it."""

    estimates: np.ndarray
    adjustment: float


def benchmark(estimates: np.ndarray, weights: np.ndarray, direct_total: float, *, method: str = "ratio") -> Benchmarked:
    """Make the weighted mean of a department's stations equal its direct score, by one factor or one shift for all.

    weights : (m,) shares of the stations in the department (their estimated numbers of users), any positive scale.
    """
    estimates, weights = np.asarray(estimates, float), np.asarray(weights, float)
    if not estimates.size or (weights < 0).any() or weights.sum() <= 0:
        raise ScoringError(
            "Benchmarking needs stations whose weights are not negative and not all 0.", code="benchmark"
        )
    mean = float(weights @ estimates / weights.sum())
    if method == "difference":
        return Benchmarked(estimates + (direct_total - mean), direct_total - mean)
    if method != "ratio":
        raise ScoringError(
            "Benchmark by 'ratio' or 'difference', not %(method)r.", code="benchmark-method", method=method
        )
    if mean == 0:
        raise ScoringError("A mean of 0 cannot be scaled; benchmark by difference.", code="benchmark-zero")
    return Benchmarked(estimates * (direct_total / mean), direct_total / mean)


@dataclass(frozen=True)
class StationScores:
    """Scores of s stations, internal only. Arrays (s,); NaN for a station that nobody answered about.

    estimates : benchmarked to the department. std_errors : √mse of the model, which the common factor leaves as it is.
    shares : weight of the station's own answers. adjustments : department → factor of its benchmark.
    """

    estimates: np.ndarray
    std_errors: np.ndarray
    shares: np.ndarray
    between_variance: float
    adjustments: Mapping[str, float]


def station_scores(
    departments: Sequence[str],
    direct: np.ndarray,
    direct_variances: np.ndarray,
    n: np.ndarray,
    users: np.ndarray,
    department_scores: Mapping[str, float],
) -> StationScores:
    """Estimate the stations of a round's departments together, each department's mean held at its own direct score.

    departments : (s,) department of each station. direct, direct_variances, n : (s,) direct score, its variance and its
    answers. users : (s,) people served, the station's weight in its department. department_scores : direct scores.
    Model: intercept and the department's score as covariate (the intercept alone where all departments score alike),
    variances smoothed over all stations; then the ratio benchmark. Stations without an answer stay without a score.
    """
    direct, n, users = np.asarray(direct, float), np.asarray(n, float), np.asarray(users, float)
    labels = np.asarray(departments, dtype=object)
    psi = smoothed_variances(direct_variances, n)
    used = (n > 0) & np.isfinite(direct)
    level = np.array([department_scores[department] for department in departments], float)
    x = np.ones((int(used.sum()), 1))
    if np.ptp(level[used]) > 0:
        x = np.column_stack([x, level[used] - level[used].mean()])
    found = fay_herriot(direct[used], psi[used], x)
    estimates, errors, shares = (np.full(direct.shape, np.nan) for _ in range(3))
    estimates[used], errors[used], shares[used] = found.estimates, np.sqrt(found.mse), found.shares
    adjustments = {}
    for department in dict.fromkeys(departments):
        mine = used & (labels == department)
        if mine.any():
            held = benchmark(estimates[mine], users[mine], department_scores[department])
            estimates[mine], adjustments[department] = held.estimates, held.adjustment
    return StationScores(estimates, errors, shares, found.between_variance, adjustments)


def _check(y: np.ndarray, psi: np.ndarray, x: np.ndarray) -> None:
    if y.ndim != 1 or psi.shape != y.shape or x.ndim != 2 or x.shape[0] != y.size:
        raise ScoringError("Give one estimate, one variance and one row of covariates per area.", code="areas-shape")
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(psi) & (psi > 0) & np.isfinite(x).all(axis=1)))
    if bad.size:
        raise ScoringError(
            "Area %(area)s has estimate %(estimate)g and variance %(variance)g; smooth the variances and leave empty "
            "areas out.",
            code="area-values",
            position=int(bad[0]),
            area=int(bad[0]) + 1,
            estimate=y[bad[0]],
            variance=psi[bad[0]],
        )
    if y.size <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ScoringError(
            "%(areas)s areas cannot carry %(covariates)s covariates, or some of these depend on each other.",
            code="areas-rank",
            areas=y.size,
            covariates=x.shape[1],
        )
