"""Exact sufficient statistics of a frozen data set: integers, so that they are the same on every engine and in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError


@dataclass(frozen=True)
class CellSums:
    """Counts and sums per (stratum, domain, weighting cell), one entry each; points are whole hundredths (100 points = 10 000).

    Attributes
    ----------
    stratum, domain, cell : (C,) integer indices, 0-based.
    rows : (C,) rows of the entry, answered or not.
    count : (C, J, J) rows in which indicators j and k are both answered; the diagonal is n_j.
    total : (C, J, J) ``total[c, j, k]`` = Σ y_j over the rows in which j and k are both answered; the diagonal is Σ
        y_j.
    product : (C, J, J) Σ y_j y_k over the same rows.

    All int64: 9·10^18 holds the squares of 9·10^10 answers of 10 000 hundredths.
    """

    stratum: np.ndarray
    domain: np.ndarray
    cell: np.ndarray
    rows: np.ndarray
    count: np.ndarray
    total: np.ndarray
    product: np.ndarray

    def __post_init__(self) -> None:
        entries, indicators = len(self.stratum), self.count.shape[1] if self.count.ndim == 3 else -1
        shape = (entries, indicators, indicators)
        flat = (self.domain, self.cell, self.rows)
        if any(part.shape != (entries,) for part in flat) or any(
            part.shape != shape for part in (self.count, self.total, self.product)
        ):
            raise DesignError(
                "Sums of %(entries)s entries and %(indicators)s indicators do not fit together in shape.",
                code="sums-shape",
                entries=entries,
                indicators=indicators,
            )

    @property
    def indicators(self) -> int:
        """J."""
        return self.count.shape[1]

    def __add__(self, other: CellSums) -> CellSums:
        """The sums of both parts of a data set; entries stay apart, which changes no estimate."""
        if self.indicators != other.indicators:
            raise DesignError("Sums over different numbers of indicators cannot be added.", code="sums-shape")
        return CellSums(
            *(np.concatenate([one, two]) for one, two in zip(vars(self).values(), vars(other).values(), strict=True))
        )


def sums_from_rows(
    stratum: np.ndarray, domain: np.ndarray, cell: np.ndarray, points: np.ndarray, answered: np.ndarray
) -> CellSums:
    """The sums of single rows: for notebooks and tests; a data set of millions is summed by a database engine.

    Parameters
    ----------
    stratum, domain, cell : (n,) integer indices.
    points : (n, J) whole hundredths; what stands where ``answered`` is false does not matter.
    answered : (n, J) bool.

    n = 0 gives no entries. Raises ``DesignError`` where the shapes differ.
    """
    points, answered = np.asarray(points), np.asarray(answered, bool)
    if points.shape != answered.shape or points.ndim != 2 or len(stratum) != len(points):
        raise DesignError("Points and answered must both be rows × indicators.", code="sums-shape")
    keys = np.stack([stratum, domain, cell], axis=1).astype(np.int64)
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)][: len(keys)])
    given = answered[order].astype(np.int64)
    values = np.where(answered, points, 0).astype(np.int64)[order]

    def summed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        result = np.zeros((len(starts), left.shape[1], left.shape[1]), np.int64)
        # One column of products at a time: rows × indicators² would not stay small in memory.
        for k in range(left.shape[1] if len(starts) else 0):
            result[:, :, k] = np.add.reduceat(left * right[:, k : k + 1], starts, axis=0)
        return result

    return CellSums(
        *keys[starts].T,
        np.diff(np.append(starts, len(keys))),
        summed(given, given),
        summed(values, given),
        summed(values, values),
    )
