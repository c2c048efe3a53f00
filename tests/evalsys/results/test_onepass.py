"""The one pass over a data set: whole numbers that are those of the single rows, however they are packed and stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from surveys.errors import DesignError
from tests.evalsys.results.made_up_answers import DONT_KNOW, SATISFIED, SCALES, STRATA, Rows, assert_same, summed


@pytest.mark.parametrize("by", ["stratum", "station"])
@pytest.mark.parametrize("scales", [SCALES, {"I1": "FIVE", "I3": "FIVE", "I4": "PLAIN"}], ids=["hundredths", "tens"])
@pytest.mark.parametrize("most", [None, 300, 10**6, 10**9, 10**10], ids=str)
def test_sums_are_those_of_the_single_rows_however_many_share_a_number(tmp_path, by, scales, most):
    rows = Rows.made_up(900, scales)
    found = summed(rows.write(tmp_path), scales, by, most=most)
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
