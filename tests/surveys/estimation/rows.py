"""Made-up rows of a sample for the tests of estimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from surveys.estimation import CellSums, Sample, sums_from_rows


@dataclass(frozen=True)
class Rows:
    """n rows: points in hundredths (n, J), answered (n, J), stratum, domain, cell (n,), and one weight per cell."""

    points: np.ndarray
    answered: np.ndarray
    stratum: np.ndarray
    domain: np.ndarray
    cell: np.ndarray
    weights: np.ndarray
    population: np.ndarray

    @property
    def sample(self) -> Sample:
        sampled = np.bincount(self.stratum, minlength=len(self.population))
        return Sample(sampled, self.population, self.weights)

    @property
    def domains(self) -> int:
        return int(self.domain.max()) + 1

    def sums(self, order: np.ndarray | None = None) -> CellSums:
        order = np.arange(len(self.stratum)) if order is None else order
        return sums_from_rows(
            self.stratum[order], self.domain[order], self.cell[order], self.points[order], self.answered[order]
        )


def make_rows(seed: int, n: int = 60, indicators: int = 3, strata: int = 4, domains: int = 3, cells: int = 3) -> Rows:
    """Rows from a seed; every stratum has at least two, domains cross strata, weighting cells cross both."""
    rng = np.random.default_rng(seed)
    stratum = np.concatenate([np.repeat(np.arange(strata), 2), rng.integers(0, strata, n - 2 * strata)])
    points = rng.choice([0, 3000, 6000, 8000, 10000], size=(n, indicators))
    return Rows(
        points=points,
        answered=rng.random((n, indicators)) < 0.85,
        stratum=stratum,
        domain=rng.integers(0, domains, n),
        cell=rng.integers(0, cells, n),
        weights=rng.uniform(0.5, 5, cells).round(3),
        population=np.bincount(stratum) * rng.integers(1, 9, strata).astype(float),
    )


def seeds():
    """Seeds of made-up rows."""
    return st.integers(0, 10**6)
