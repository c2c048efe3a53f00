import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surveys.errors import ScoringError
from surveys.scoring.suppression import feasible_range, suppress

tables = hnp.arrays(int, st.tuples(st.integers(2, 5), st.integers(2, 4)), elements=st.integers(0, 60))


def augmented(counts, result):
    rows = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    table = np.concatenate([rows, rows.sum(axis=0, keepdims=True)])
    hidden = np.zeros(table.shape, bool)
    hidden[:-1, :-1] = result.hidden
    hidden[:-1, -1] = result.row_totals
    hidden[-1, :-1] = result.column_totals
    return table, hidden


def test_a_table_without_small_cells_hides_nothing():
    """All counts at least 10: everything is shown."""
    result = suppress(np.array([[40, 20], [30, 10]]))
    assert not result.hidden.any() and not result.row_totals.any() and not result.column_totals.any()


def test_one_small_cell_takes_three_others_with_it():
    """In a 2 × 2 table with totals a single hidden cell would be a subtraction away."""
    result = suppress(np.array([[40, 20], [30, 8]]))
    assert result.primary.sum() == 1
    assert result.hidden.all()


def test_the_cheapest_cover_is_chosen():
    """The small cell (2, 2) is covered by the smallest cycle, not by the big cells."""
    counts = np.array([[90, 20, 80], [95, 21, 8], [99, 98, 22]])
    result = suppress(counts)
    assert result.hidden[1, 2] and not result.hidden[:, 0].any()


def test_a_zero_is_structural_and_shown():
    """A group that a unit does not have is no small cell."""
    assert not suppress(np.array([[40, 0], [30, 20]])).hidden.any()


@given(tables)
@settings(max_examples=40, deadline=None)
def test_no_hidden_cell_can_be_worked_out(counts):
    """An attacker with linear programming: each primary cell may lie three answers (or a tenth) either way."""
    try:
        result = suppress(counts)
    except ScoringError:
        return
    table, hidden = augmented(counts, result)
    assert (result.primary <= result.hidden).all()
    assert (result.primary == ((counts > 0) & (counts < 10))).all()
    for row, column in np.argwhere(result.primary):
        x = counts[row, column]
        low, high = feasible_range(table, hidden, row, column)
        assert low <= max(0, x - 3) + 1e-6 and high >= x + 3 - 1e-6


def test_a_table_that_cannot_be_protected_is_refused():
    """One row and one column: the total is the cell."""
    with pytest.raises(ScoringError):
        suppress(np.array([[5]]))
    with pytest.raises(ScoringError):
        suppress(np.array([[-1, 20]]))
