"""Intervals, quantiles and tests at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DesignError
from surveys.estimation import adjusted, estimate_quantiles, make_design, proportion_interval, weighted_quantile
from surveys.estimation.hypotheses import association_test, difference_test, max_t_critical_value, t_test
from surveys.estimation.intervals import t_interval
from surveys.estimation.proportions import METHODS


@settings(max_examples=40)
@given(
    st.sampled_from([m for m in METHODS if m != "mean"]),
    st.floats(0.02, 0.98),
    st.floats(0.5, 4),
    st.integers(20, 500),
)
def test_intervals_of_proportions_hold_the_estimate_and_stay_within_0_and_1(method, share, deff, n):
    low, high = proportion_interval(share, deff * share * (1 - share) / n, n, n - 1, method)
    if method == "asin" and np.sqrt(n / deff * share) < 2:
        return  # R's arc sine interval turns back at the edge
    assert 0 <= low <= share <= high <= 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_0_or_1_has_an_interval_where_its_method_knows_one(share):
    low, high = proportion_interval(share, 0.0, 50, 49, "beta")
    assert (low == 0 and 0.05 < high < 0.09) if share == 0 else (high == 1 and 0.91 < low < 0.95)
    low, high = proportion_interval(share, 0.0, 50, 49, "wilson")
    assert low == pytest.approx(0, abs=1e-15) if share == 0 else high == pytest.approx(1)
    assert np.isnan(proportion_interval(share, 0.0, 50, 49, "logit")).all()
    assert np.isnan(proportion_interval(share, 0.0, 1, 0, "beta")).all()


def test_unknown_methods_levels_and_shares_are_refused():
    with pytest.raises(DesignError, match="method is 'guess'"):
        proportion_interval(0.5, 0.01, 10, 9, "guess")
    with pytest.raises(DesignError, match="level of 95"):
        t_interval(np.ones(1), np.ones(1), np.ones(1), 95)
    with pytest.raises(DesignError, match="quantile of 1.5"):
        estimate_quantiles(make_design(rows=3), np.arange(3.0), [1.5])
    with pytest.raises(DesignError, match="rule is 'hf9'"):
        weighted_quantile(np.ones(2), np.ones(2), 0.5, "hf9")
    with pytest.raises(DesignError, match="adjustment is 'none'"):
        adjusted(np.ones(2), "none")


def test_intervals_without_a_degree_of_freedom_are_not_given():
    low, high = t_interval(np.array([5.0, 5.0]), np.array([1.0, 1.0]), np.array([0, 9]))
    assert np.isnan(low[0]) and np.isnan(high[0]) and high[1] == pytest.approx(5 + 2.2621571628)


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.floats(0, 1))
def test_quantiles_of_equal_weights_are_those_of_numpy(values, share):
    values = np.array(values)
    found = weighted_quantile(values, np.full(len(values), 2.5), share, "hf7")
    assert found == pytest.approx(np.quantile(values, share), rel=1e-9, abs=1e-9)


def test_a_median_met_exactly_lies_between_two_values_in_school_only():
    values, weights = np.array([1.0, 2, 3, 4]), np.ones(4)
    assert [weighted_quantile(values, weights, 0.5, rule) for rule in ("math", "school", "hf7")] == [2, 2.5, 2.5]
    assert np.isnan(weighted_quantile(values, np.zeros(4), 0.5))


def test_quantiles_of_a_subset_leave_the_others_out():
    rng = np.random.default_rng(1)
    values, inside = rng.normal(size=80), np.arange(80) < 50
    found = estimate_quantiles(make_design(rows=80), values, [0.5], inside=inside)
    assert found.estimates[0] == weighted_quantile(values[:50], np.ones(50), 0.5)
    assert found.n == 50 and found.low[0] < found.estimates[0] < found.high[0]
    single = estimate_quantiles(make_design(rows=2), np.array([4.0, np.nan]), [0.5])
    assert single.estimates[0] == 4 and np.isnan(single.low[0])


def test_a_difference_and_a_table_need_two_sides():
    design = make_design(rows=4)
    with pytest.raises(DesignError, match="no answers"):
        difference_test(design, np.arange(4.0), np.zeros(4, bool))
    with pytest.raises(DesignError, match="at least two rows and columns"):
        association_test(design, np.array([0, 0, 0, 0]), np.array([0, 1, 0, 1]))
    assert np.isnan(t_test(3.0, 1.0, 0).p)


def test_adjusted_p_values_leave_missing_ones_out():
    found = adjusted(np.array([0.01, np.nan, 0.04, 0.03]))
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2, 3]], [0.03, 0.06, 0.06])


def test_the_largest_t_of_one_test_is_students():
    found = max_t_critical_value(np.eye(1), 12, np.random.default_rng(1), draws=200_000)
    assert found == pytest.approx(2.1788, abs=0.02)
