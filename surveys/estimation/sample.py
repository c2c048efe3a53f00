"""The stratified sample behind exact sums: how many rows out of how many, and the weight of each weighting cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError
from surveys.estimation.sums import CellSums


@dataclass(frozen=True)
class Sample:
    """The design behind the sums.

    sampled : (H,) rows sampled in each stratum (n_h), also those outside every domain. population : (H,) N_h, or
    ``inf`` where no finite population correction is wanted. weights : (cells,) the weight of every row of a weighting
    cell. names : (H,) how errors call the strata; their numbers by default.
    """

    sampled: np.ndarray
    population: np.ndarray
    weights: np.ndarray
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, values in (("sampled", self.sampled), ("population", self.population), ("weights", self.weights)):
            values = np.asarray(values, float)
            # only a population may be infinite
            bad = np.flatnonzero(~(values >= 0) | (np.isinf(values) & (name != "population")))
            if bad.size:
                raise DesignError(
                    "The design's %(column)s has the value %(value)s at position %(row)s; it must be at least 0.",
                    code="design-negative",
                    column=name,
                    row=int(bad[0]),
                    value=values[bad[0]],
                )
        small = np.flatnonzero(np.asarray(self.population, float) < np.asarray(self.sampled, float))
        if small.size:
            h = int(small[0])
            raise DesignError(
                "Stratum %(stratum)s has a population of %(population)s but %(sampled)s sampled rows.",
                code="fpc-below-n",
                stratum=self.name_of(h),
                row=h,
                population=self.population[h],
                sampled=self.sampled[h],
            )

    def name_of(self, stratum: int) -> str:
        """How errors call a stratum."""
        return str(stratum) if self.names is None else str(self.names[stratum])

    def factors(self, lonely: str) -> np.ndarray:
        """(H,) F_h = (1 − n_h/N_h)·n_h/(n_h − 1); for a stratum of one row what the rule makes of it, NaN where it is averaged.

        Raises ``DesignError``, naming the stratum, for the rule "fail".
        """
        sampled, population = np.asarray(self.sampled, float), np.asarray(self.population, float)
        alone = sampled == 1
        if alone.any() and lonely == "fail":
            name = self.name_of(int(np.flatnonzero(alone)[0]))
            raise DesignError(
                "Stratum %(stratum)s has one sampled row; collapse it or choose another lonely rule.",
                code="lonely-stratum",
                stratum=name,
            )
        fraction = sampled / np.where(population > 0, population, 1)
        single = {"adjust": 1.0, "average": np.nan}.get(lonely, 0.0)
        return (1 - fraction) * np.where(alone, single, sampled / np.maximum(sampled - 1, 1))

    def check_rows(self, sums: CellSums) -> None:
        """Raise ``DesignError``, naming the stratum, where the sums hold more rows of a stratum than were sampled."""
        rows = np.zeros(len(self.sampled), np.int64)
        np.add.at(rows, sums.stratum, sums.rows)
        over = np.flatnonzero(rows > np.asarray(self.sampled))
        if over.size:
            h = int(over[0])
            raise DesignError(
                "Stratum %(stratum)s has %(answering)s answering rows but only %(sampled)s sampled ones.",
                code="rows-above-n",
                stratum=self.name_of(h),
                row=h,
                answering=rows[h],
                sampled=int(self.sampled[h]),
            )
