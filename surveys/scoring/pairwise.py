"""Indicator weights from pairwise comparisons (analytic hierarchy process, AHP).

Source: T. L. Saaty, *The Analytic Hierarchy Process* (1980), with his random indices for n = 1 … 15, which are what the
limit 0.10 for the consistency ratio refers to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from surveys.errors import ScoringError

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
CONSISTENCY_LIMIT = 0.10


@dataclass(frozen=True)
class PairwiseWeights:
    """Weights from comparisons.

    weights : name → weight, four decimals, exactly 1 in sum. eigenvalue : λ_max ≥ n. consistency_ratio : CR ≥ 0.
    worst_pair : the two names whose comparison fits the others least, and worst_ratio : what it would be if it did.
    """

    weights: Mapping[str, Decimal]
    eigenvalue: float
    consistency_ratio: float
    worst_pair: tuple[str, str] | None
    worst_ratio: float | None

    @property
    def is_consistent(self) -> bool:
        """CR at most 0.10."""
        return self.consistency_ratio <= CONSISTENCY_LIMIT


def comparison_matrix(names: Sequence[str], judgements: Mapping[tuple[str, str], float]) -> np.ndarray:
    """The reciprocal matrix of judgements "a is r times as important as b", each pair given once, r from 1/9 to 9."""
    position = {name: k for k, name in enumerate(names)}
    matrix = np.eye(len(names))
    filled = np.eye(len(names), dtype=bool)
    for (one, other), ratio in judgements.items():
        for name in (one, other):
            if name not in position:
                raise ScoringError(
                    "%(name)r is compared but is not one of %(known)s.",
                    code="pair-unknown",
                    name=name,
                    known=", ".join(names),
                )
        a, b = position[one], position[other]
        if filled[a, b]:
            raise ScoringError(
                "%(one)s and %(other)s are compared twice; give each pair once.",
                code="pair-twice",
                one=one,
                other=other,
            )
        matrix[a, b], matrix[b, a] = ratio, 1 / ratio if ratio else 0.0
        filled[a, b] = filled[b, a] = True
    if not filled.all():
        a, b = np.argwhere(~filled)[0]
        raise ScoringError(
            "%(one)s and %(other)s are not compared yet.", code="pair-missing", one=names[a], other=names[b]
        )
    return matrix


def pairwise_weights(names: Sequence[str], matrix: np.ndarray, *, confirmed: bool = False) -> PairwiseWeights:
    """Weights as the principal eigenvector of a reciprocal matrix, CR = [(λ − n)/(n − 1)]/RI.

    matrix : (n, n), entry (a, b) how many times as important a is as b. n = 1 weighs 1; n ≤ 2 is always consistent.
    Raises ``ScoringError`` for a matrix that is not reciprocal or goes beyond 1/9 … 9, for more than 15 names, and for
    CR > 0.10 unless ``confirmed``: the sentence names the pair that fits least.
    """
    matrix = np.asarray(matrix, float)
    _check(names, matrix)
    eigenvalue, vector = _principal(matrix)
    n = len(names)
    index = (eigenvalue - n) / (n - 1) if n > 2 else 0.0
    ratio = max(0.0, index / RANDOM_INDEX[n - 1]) if n > 2 else 0.0
    pair, fitting = _worst_pair(names, matrix, vector)
    if ratio > CONSISTENCY_LIMIT and not confirmed:
        raise ScoringError(
            "The comparisons contradict each other (consistency ratio %(consistency_ratio).3f, limit %(limit).2f); "
            "look at %(one)s against %(other)s first, or confirm.",
            code="pairs-inconsistent",
            consistency_ratio=ratio,
            pair=pair,
            limit=CONSISTENCY_LIMIT,
            one=pair[0],
            other=pair[1],
        )
    weights = dict(zip(names, _four_decimals(vector), strict=True))
    return PairwiseWeights(weights, eigenvalue, ratio, pair, fitting)


def _check(names: Sequence[str], matrix: np.ndarray) -> None:
    n = len(names)
    if not 1 <= n <= len(RANDOM_INDEX):
        raise ScoringError(
            "Comparisons are of 1 to %(most)s names, not %(n)s.", code="pairs-count", most=len(RANDOM_INDEX), n=n
        )
    if matrix.shape != (n, n) or not np.isfinite(matrix).all():
        raise ScoringError("Comparing %(n)s names takes a full %(n)s × %(n)s matrix.", code="pairs-shape", n=n)
    if (matrix < 1 / 9 - 1e-9).any() or (matrix > 9 + 1e-9).any():
        raise ScoringError("A comparison lies outside 1/9 … 9.", code="pairs-range")
    wrong = np.argwhere(np.abs(matrix * matrix.T - 1) > 1e-3)
    if wrong.size:
        a, b = wrong[0]
        raise ScoringError(
            "%(one)s against %(other)s is %(forth)g, but the other way round %(back)g; one must be 1 over the other.",
            code="pairs-reciprocal",
            one=names[a],
            other=names[b],
            forth=matrix[a, b],
            back=matrix[b, a],
        )


def _principal(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """λ_max and its vector, sum 1, by power iteration: for a positive matrix it converges from any start (Perron)."""
    vector = np.full(matrix.shape[0], 1 / matrix.shape[0])
    for _ in range(1000):
        image = matrix @ vector
        following = image / image.sum()
        if np.abs(following - vector).max() < 1e-15:
            break
        vector = following
    return float((matrix @ vector).sum() / vector.sum()), vector


def _worst_pair(
    names: Sequence[str], matrix: np.ndarray, vector: np.ndarray
) -> tuple[tuple[str, str] | None, float | None]:
    """The comparison furthest, in ratio, from the one that its weights imply."""
    if len(names) < 3:
        return None, None
    implied = vector[:, None] / vector[None, :]
    misfit = np.triu(np.abs(np.log(matrix / implied)), 1)
    a, b = np.unravel_index(int(np.argmax(misfit)), misfit.shape)
    return (names[a], names[b]), float(implied[a, b])


def _four_decimals(vector: np.ndarray) -> list[Decimal]:
    """Weights of four decimals that sum to exactly 1: the largest remainders go up."""
    scaled = vector / vector.sum() * 10_000
    down = np.floor(scaled + 1e-9).astype(int)
    order = np.argsort(-(scaled - down), kind="stable")
    down[order[: 10_000 - int(down.sum())]] += 1
    return [Decimal(int(value)).scaleb(-4) for value in down]
