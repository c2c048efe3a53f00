"""Raking meets margins, and says which cannot be met."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DesignError
from surveys.weighting.raking import Margin, post_stratify, rake


def cells(seed: int):
    """24 cells of 4 × 3 × 2 with base weights, and margins of a table near them."""
    rng = np.random.default_rng(seed)
    codes = np.array(list(np.ndindex(4, 3, 2))).T
    base = rng.uniform(1, 50, codes.shape[1])
    truth = base * rng.uniform(0.6, 1.6, len(base))
    return base, [Margin(name, c, np.bincount(c, truth)) for name, c in zip("abc", codes, strict=True)]


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_every_margin_has_its_totals(seed):
    base, margins = cells(seed)
    fitted = rake(base, margins)
    for margin in margins:
        np.testing.assert_allclose(np.bincount(margin.codes, fitted), margin.totals, rtol=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_raking_rows_is_raking_the_cells_that_they_fall_into(seed):
    base, margins = cells(seed)
    split = np.repeat(np.arange(len(base)), 3)
    by_rows = rake(base[split] / 3, [Margin(m.name, m.codes[split], m.totals) for m in margins])
    np.testing.assert_allclose(np.bincount(split, by_rows), rake(base, margins), rtol=1e-9)


def test_raking_what_already_fits_changes_nothing():
    base, margins = cells(4)
    fitted = rake(base, margins)
    np.testing.assert_allclose(rake(fitted, margins), fitted, rtol=1e-9)


def test_post_strata_are_scaled_and_empty_rows_stay_empty():
    weights = post_stratify(np.array([1.0, 3.0, 0.0, 2.0]), np.array([0, 0, 1, 1]), np.array([8.0, 6.0]))
    assert weights.tolist() == [2.0, 6.0, 0.0, 6.0]


@pytest.mark.parametrize(
    ("base", "totals", "other", "sentence"),
    [
        ([1, 1], [[2, 2], [3, 2]], "b", "totals of b add up to 5, those of a to 4"),
        ([1, 0], [[2, 2], [2, 2]], "a", "a 1 has the total 2, and nobody to carry it"),
        ([1, 1], [[2, -2], [0, 0]], "a", "a 1 has the total -2, which is no count"),
        ([1, -1], [[2, 2], [2, 2]], "a", "base weight of row 2 is -1"),
        ([1, 1], [[0, 0], [0, 0]], "a", "add up to 0"),
    ],
)
def test_margins_that_cannot_be_used_are_named(base, totals, other, sentence):
    margins = [Margin("a", np.array([0, 1]), np.array(totals[0], float))]
    margins.append(Margin("b", np.array([0, 1]), np.array(totals[1], float)))
    with pytest.raises(DesignError, match=sentence):
        rake(np.array(base, float), margins)


def test_margins_that_contradict_each_other_are_found_out():
    same = np.array([0, 1])
    margins = [Margin("sex", same, np.array([3.0, 1.0]), ["F", "M"]), Margin("wife", same, np.array([1.0, 3.0]))]
    with pytest.raises(DesignError, match=r"cannot be met together: .* sex (F|M) is [+-]2"):
        rake(np.ones(2), margins, most_sweeps=50)
    with pytest.raises(DesignError, match="at least one margin"):
        rake(np.ones(2), [])
