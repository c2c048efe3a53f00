"""Made-up data sets for the one pass, and what they amount to row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evalsys.results.onepass import RoundSums, sum_dataset
from surveys.estimation import CellSums, sums_from_rows

STRATA = ("U1/individuals", "U1/enterprises", "U2/individuals")
STATIONS = ("S1", "S2", "S3", "S4")
#: the second scale has points that only a hundredth divides, the third says nothing of who does not know
POINTS = {"FIVE": {"1": 10000, "2": 8000, "3": 6000, "4": 3000, "5": 0}, "FINE": {"a": 10000, "b": 6667, "c": 3333}}
POINTS["PLAIN"] = {"yes": 10000, "no": 0}
SATISFIED = {"FIVE": frozenset({"1", "2"}), "FINE": frozenset({"a"}), "PLAIN": frozenset()}
DONT_KNOW = {"FIVE": "8", "FINE": "dont_know"}
SCALES = {"I1": "FIVE", "I2": "FINE", "I3": "FIVE", "I4": "PLAIN"}
VALUES = ("rows", "count", "total", "product")


def scheme_of(scales: dict[str, str]) -> SimpleNamespace:
    """What of a scheme the pass looks at."""
    indicators = tuple(SimpleNamespace(code=code, scale=scale) for code, scale in scales.items())
    return SimpleNamespace(indicators=indicators, points=POINTS, satisfied=SATISFIED)


@dataclass(frozen=True)
class Rows:
    """Made-up rows of a data set, and what they amount to row by row."""

    table: pa.Table
    scales: dict[str, str]

    @classmethod
    def made_up(cls, count: int, scales: dict[str, str]) -> Rows:
        """Rows of all outcomes, with answers that a scale knows and others."""
        rng = np.random.default_rng(count)
        columns = {
            "stratum": rng.choice(STRATA, count),
            "station": rng.choice(STATIONS, count),
            "outcome": rng.choice(["1.1", "1.1", "1.1", "1.2", "2.11"], count),
        }
        for code, scale in scales.items():
            columns[code] = rng.choice([*POINTS[scale], "8", "9", "dont_know", ""], count)
        return cls(pa.table({name: pa.array(column.tolist()) for name, column in columns.items()}), scales)

    def write(self, folder: Path, **how: Any) -> Path:
        """Write them as pyarrow does with ``how``."""
        path = folder / "answers.parquet"
        pq.write_table(self.table, path, **how)
        return path

    @property
    def complete(self) -> dict[str, np.ndarray]:
        """The columns of complete interviews."""
        columns = {name: np.array(self.table[name].to_pylist()) for name in self.table.column_names}
        return {name: column[columns["outcome"] == "1.1"] for name, column in columns.items()}

    def sums(self, by: str) -> CellSums:
        """The sums of the single rows."""
        rows = self.complete
        stratum = np.unique(rows["stratum"], return_inverse=True)[1]
        domain = np.unique(rows[by], return_inverse=True)[1]
        points = [[POINTS[scale].get(value, -1) for value in rows[code]] for code, scale in self.scales.items()]
        points = np.array(points).T
        return sums_from_rows(stratum, domain, stratum, points, points >= 0)


def assert_same(found: CellSums, expected: CellSums) -> None:
    """Every number is the same, whatever the order of the expected ones."""
    order = np.lexsort((expected.domain, expected.stratum))
    for name in ("stratum", "domain", "cell", *VALUES):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name)[order], err_msg=name)


def summed(path: Path, scales: dict[str, str], by: str = "stratum", **how: Any) -> RoundSums:
    """The pass over a file, as ``sum_dataset`` does it with ``how``."""
    codes = {"stratum": sorted(STRATA), "station": sorted(STATIONS)}[by]
    return sum_dataset(path, scheme_of(scales), DONT_KNOW, {code: d for d, code in enumerate(codes)}, by=by, **how)
