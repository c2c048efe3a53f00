"""The one pass over a data set: whole numbers that are those of the single rows, however they are packed and stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalsys.results.onepass import RoundSums, sum_dataset
from surveys.errors import DesignError
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
        rng = np.random.default_rng(count)
        columns = {
            "stratum": rng.choice(STRATA, count),
            "station": rng.choice(STATIONS, count),
            "outcome": rng.choice(["1.1", "1.1", "1.1", "1.2", "2.11"], count),
        }
        for code, scale in scales.items():
            columns[code] = rng.choice([*POINTS[scale], "8", "9", "dont_know", ""], count)
        return cls(pa.table({name: pa.array(column.tolist()) for name, column in columns.items()}), scales)

    def write(self, folder: Path, **how) -> Path:
        path = folder / "answers.parquet"
        pq.write_table(self.table, path, **how)
        return path

    @property
    def complete(self) -> dict[str, np.ndarray]:
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
    order = np.lexsort((expected.domain, expected.stratum))
    for name in ("stratum", "domain", "cell", *VALUES):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name)[order], err_msg=name)


def summed(path: Path, scales: dict[str, str], by: str = "stratum", most: int | None = None) -> RoundSums:
    codes = {"stratum": sorted(STRATA), "station": sorted(STATIONS)}[by]
    return sum_dataset(path, scheme_of(scales), DONT_KNOW, {code: d for d, code in enumerate(codes)}, by=by, most=most)


@pytest.mark.parametrize("by", ["stratum", "station"])
@pytest.mark.parametrize("scales", [SCALES, {"I1": "FIVE", "I3": "FIVE", "I4": "PLAIN"}], ids=["hundredths", "tens"])
@pytest.mark.parametrize("most", [None, 300, 10**6, 10**9, 10**10], ids=str)
def test_sums_are_those_of_the_single_rows_however_many_share_a_number(tmp_path, by, scales, most):
    rows = Rows.made_up(900, scales)
    found = summed(rows.write(tmp_path), scales, by, most)
    assert found.strata == tuple(sorted(STRATA))
    assert_same(found.sums, rows.sums(by))


@pytest.mark.parametrize(("scale", "best"), [("FIVE", "1"), ("FINE", "a")])
def test_no_number_overflows_where_all_answer_the_best_and_the_stratum_is_as_large_as_was_said(tmp_path, scale, best):
    scales = {f"I{j}": scale for j in range(6)}
    columns = {"stratum": ["U1/enterprises"] * 4095, "station": ["S1"] * 4095, "outcome": ["1.1"] * 4095}
    rows = Rows(pa.table(columns | {code: [best] * 4095 for code in scales}), scales)
    assert_same(summed(rows.write(tmp_path), scales, most=4095).sums, rows.sums("stratum"))


def test_dont_know_and_satisfied_are_counted_and_no_answer_is_neither(tmp_path):
    rows = Rows.made_up(700, SCALES)
    found = summed(rows.write(tmp_path), SCALES)
    complete = rows.complete
    for h, stratum in enumerate(found.strata):
        for j, (code, scale) in enumerate(SCALES.items()):
            answers = complete[code][complete["stratum"] == stratum].tolist()
            assert found.dont_know[h, j] == answers.count(DONT_KNOW.get(scale, "not in this scale"))
            assert found.satisfied[h, j] == sum(map(answers.count, SATISFIED[scale]))


@pytest.mark.parametrize("how", [{"row_group_size": 7}, {"use_dictionary": False, "compression": "none"}], ids=str)
def test_neither_the_order_of_rows_nor_how_they_are_stored_changes_a_number(tmp_path, how):
    rows = Rows.made_up(500, SCALES)
    first = summed(rows.write(tmp_path), SCALES, "station")
    shuffled = replace(rows, table=rows.table.take(np.random.default_rng(1).permutation(500)))
    second = summed(shuffled.write(tmp_path, **how), SCALES, "station")
    for name, column in vars(first.sums).items():
        assert column.tobytes() == getattr(second.sums, name).tobytes(), name
    assert (first.dont_know.tobytes(), first.satisfied.tobytes()) == (
        second.dont_know.tobytes(),
        second.satisfied.tobytes(),
    )


def test_a_stratum_of_more_interviews_than_was_said_is_refused_by_name(tmp_path):
    table = pa.table({"stratum": ["U1/individuals"] * 3, "outcome": ["1.1"] * 3, "I1": ["1", "2", ""]})
    pq.write_table(table, tmp_path / "answers.parquet")
    with pytest.raises(DesignError, match="U1/individuals has 3 answering rows but only 2"):
        summed(tmp_path / "answers.parquet", {"I1": "FIVE"}, most=2)
    assert summed(tmp_path / "answers.parquet", {"I1": "FIVE"}, most=3).sums.rows.tolist() == [3]


def test_a_data_set_without_a_complete_interview_has_no_sums(tmp_path):
    table = pa.table({"stratum": ["U1/individuals"], "outcome": ["2.11"], "I1": [""], "I4": [""]})
    pq.write_table(table, tmp_path / "answers.parquet")
    found = summed(tmp_path / "answers.parquet", {"I1": "FIVE", "I4": "PLAIN"}, most=0)
    assert found.strata == () and found.sums.total.shape == (0, 2, 2) and found.dont_know.shape == (0, 2)
