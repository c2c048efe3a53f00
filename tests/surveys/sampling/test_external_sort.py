"""Sorting in bounded memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.sampling import external_sort
from surveys.sampling.external_sort import ExternalSorter, sorted_lines

LINES = st.lists(st.binary(max_size=4).filter(lambda line: b"\n" not in line), max_size=60)


@settings(max_examples=40, deadline=None)
@given(LINES, st.integers(1, 9))
def test_lines_come_back_in_bytewise_order_whatever_the_chunk(lines, chunk_lines):
    assert list(sorted_lines(lines, chunk_lines=chunk_lines)) == sorted(lines)


def test_more_runs_than_one_merge_takes_are_merged_in_passes(monkeypatch):
    """With a fan-in of 3 and 40 runs the order is the same."""
    monkeypatch.setattr(external_sort, "_FAN_IN", 3)
    lines = [f"{number * 7919 % 1000:03d}".encode() for number in range(200)]
    assert list(sorted_lines(lines, chunk_lines=5)) == sorted(lines)


def test_no_more_lines_than_a_chunk_are_held_and_the_runs_vanish(tmp_path):
    """The sorter's memory is the chunk; the rest lies in a folder that is gone afterwards."""
    with ExternalSorter(chunk_lines=10, directory=tmp_path) as sorter:
        for number in range(95):
            sorter.add(str(number).encode())
            assert len(sorter._chunk) < 10
        assert list(tmp_path.iterdir())
        assert len(list(sorter.sorted_lines())) == 95
    assert list(tmp_path.iterdir()) == []
