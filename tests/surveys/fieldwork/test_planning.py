import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork import planning


@given(
    st.lists(st.tuples(st.floats(1, 1000), st.floats(0.1, 50)), min_size=1, max_size=8),
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(max_examples=80)
def test_an_allocation_keeps_its_bounds_and_its_sum(strata, fill, share):
    """Whatever the strata: every n_h within its bounds, all together n, in whole numbers too."""
    sizes = np.array([size for size, _ in strata])
    low = share * sizes / 2
    n = low.sum() + fill * (sizes.sum() - low.sum())
    found = planning.neyman_allocation(n, sizes, [s for _, s in strata], low=low)
    assert found.sum() == pytest.approx(n, rel=1e-9)
    assert (found >= low - 1e-9).all() and (found <= sizes + 1e-9).all()
    assert planning.whole_numbers(found).sum() == round(found.sum())


def test_neyman_is_never_worse_than_proportional():
    """The optimum's variance is at most that of proportional shares."""
    sizes, s = [500, 300, 200], [10, 20, 40]
    best, plain = planning.neyman_allocation(100, sizes, s), planning.proportional_allocation(100, sizes)
    assert planning.variance_of_mean(best, sizes, s) < planning.variance_of_mean(plain, sizes, s)
    assert planning.variance_of_mean([50, 50, 0], sizes, s) == math.inf


@given(st.floats(1, 10), st.floats(5, 40), st.floats(1, 2))
@settings(max_examples=40)
def test_margin_and_sample_size_undo_each_other(margin, deviation, deff):
    """The margin of the n that was planned for a margin is that margin."""
    n = planning.sample_size(margin, deviation, deff=deff)
    assert planning.margin_of_error(n, deviation, deff=deff) == pytest.approx(margin)


def test_margins_at_the_edges():
    """Nothing answered: no margin to speak of; everybody: none left; more than everybody: refused."""
    assert planning.margin_of_error(0, 10) == math.inf
    assert planning.margin_of_error(50, 10, population=50) == 0
    assert planning.sample_size(1, 0) == 0
    with pytest.raises(FieldworkError):
        planning.margin_of_error(51, 10, population=50)


def test_calls_follow_from_cases_and_tries():
    """Every try final: one call each; half of them and two tries: one and a half."""
    assert planning.calls_needed(100, final_per_try=1, max_tries=5) == 100
    assert planning.calls_needed(100, final_per_try=0.5, max_tries=2) == 150
    assert planning.cases_needed(156, contact=0.6, cooperation=0.5, eligibility=0.8) == pytest.approx(650)


def test_power_rises_with_the_difference():
    """No difference: half the error rate; a big one: certain."""
    assert planning.power_of_difference(0, 1) == pytest.approx(0.025)
    assert planning.power_of_difference(10, 1) == pytest.approx(1)
    assert planning.power_of_difference(2.8, 1) == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize(
    "call",
    [
        lambda: planning.sample_size(0, 10),
        lambda: planning.sample_size(1, 10, level=1),
        lambda: planning.cases_needed(10, contact=0, cooperation=1),
        lambda: planning.calls_needed(10, final_per_try=0, max_tries=3),
        lambda: planning.allocate(10, [1, 2], low=[6, 6]),
        lambda: planning.allocate(10, [1, 2], low=[3, 0], high=[2, 20]),
        lambda: planning.allocate(10, [1, -2]),
        lambda: planning.power_allocation(10, [100], [1], power=2),
        lambda: planning.two_sample_power(1, 5, 10),
        lambda: planning.two_sample_size(0, 10),
        lambda: planning.two_share_size(0.5, 0.5),
    ],
)
def test_what_cannot_be_planned_is_refused(call):
    """Each impossible wish is an error of the family, not a number."""
    with pytest.raises(FieldworkError):
        call()
