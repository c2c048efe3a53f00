"""Trimming keeps the sum, and the table of weighting says what each step costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DesignError
from surveys.weighting.steps import effective_n, kish_deff, weight_steps
from surveys.weighting.trimming import trim_weights


@settings(max_examples=30)
@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=40))
def test_strictly_trimmed_weights_lie_within_bounds_and_keep_their_sum(weights):
    weights = np.array(weights)
    upper = weights.mean() * 1.5
    trimmed = trim_weights(weights, upper=upper, strict=True)
    assert trimmed.max() <= upper * (1 + 1e-12)
    assert trimmed.sum() == pytest.approx(weights.sum(), rel=1e-9)


def test_weights_that_cannot_all_be_inside_are_refused():
    with pytest.raises(DesignError, match="cannot all lie between 0 and 2"):
        trim_weights(np.array([1.0, 9.0, 3.0]), upper=2, strict=True)
    with pytest.raises(DesignError, match="lower bound 3 is above"):
        trim_weights(np.ones(2), lower=3, upper=2)


def test_the_table_of_steps_counts_cells_by_their_rows():
    base, final = np.array([2.0, 2.0, 4.0]), np.array([3.0, 1.0, 4.0])
    lines = weight_steps({"base": base, "raked": final}, counts=np.array([5, 3, 2]))
    rows = np.repeat(final, [5, 3, 2])
    assert [line.name for line in lines] == ["base", "raked"]
    assert lines[1].n == 10 and lines[1].total == rows.sum()
    assert lines[1].deff == pytest.approx(kish_deff(rows)) == pytest.approx(10 / effective_n(rows))
    assert lines[1].cv == pytest.approx(rows.std() / rows.mean())
    assert (lines[1].smallest, lines[1].largest) == (1.0, 4.0)


def test_equal_weights_cost_nothing_and_no_weights_have_no_effect_to_show():
    assert kish_deff(np.full(7, 0.1)) == pytest.approx(1) and effective_n(np.full(7, 0.1)) == pytest.approx(7)
    (line,) = weight_steps({"none": np.zeros(2)})
    assert line.n == 0 and np.isnan(line.deff) and line.effective_n == 0


def test_a_negative_weight_is_named_with_its_step():
    with pytest.raises(DesignError, match="Step raked: the weight of row 2 is -1"):
        weight_steps({"raked": np.array([1.0, -1.0])})
