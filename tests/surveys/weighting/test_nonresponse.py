"""Respondents carry the eligible of their class, by counted classes or by classes of an estimated propensity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DesignError
from surveys.weighting import ClassCounts, weigh_classes
from surveys.weighting.propensity import nonresponse_factors, propensity_classes, response_propensities


def test_a_class_is_weighed_as_by_hand():
    """N 1000, released 100: 40 complete, 30 other eligible, 10 ineligible, 20 unknown; e = 70/80."""
    weight = weigh_classes([ClassCounts("a", 1000, 40, 30, 10, 20)])["a"]
    assert weight.base == 10 and weight.eligible_share == 0.875
    assert weight.nonresponse == pytest.approx((70 + 17.5) / 40)
    assert weight.final == pytest.approx(21.875)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), min_size=3, max_size=3), st.integers(1, 40), st.integers(0, 500))
def test_completes_carry_the_estimated_eligible_population(others, complete, more):
    rest, ineligible, unknown = others
    released = complete + sum(others)
    weight = weigh_classes([ClassCounts("x", released + more, complete, rest, ineligible, unknown)])["x"]
    eligible = complete + rest + weight.eligible_share * unknown
    assert weight.final * complete == pytest.approx((released + more) / released * eligible)
    assert weight.nonresponse >= 1


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((100, 0, 5, 0, 0), "Class lake has no complete"),
        ((4, 3, 2, 0, 0), "Class lake: 5 cases were released of a frame of 4"),
        ((100, 3, -2, 0, 0), "Class lake: eligible_rest is -2"),
    ],
)
def test_a_class_that_cannot_be_weighed_is_named(counts, sentence):
    with pytest.raises(DesignError, match=sentence):
        weigh_classes([ClassCounts("town", 10, 5, 0, 0, 0), ClassCounts("lake", *counts)])


def respondents(seed: int, n: int = 400):
    """Cases whose chance to respond rises with x."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, rng.random(n) < 1 / (1 + np.exp(-0.3 - x)), rng.uniform(1, 4, n)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_fitted_propensities_reproduce_the_weighted_totals_of_respondents(seed):
    """The score equations of the logistic regression."""
    x, responded, weights = respondents(seed)
    p = response_propensities(x, responded, weights)
    assert weights @ p == pytest.approx(weights @ responded, rel=1e-8)
    assert (weights * x) @ p == pytest.approx((weights * x) @ responded, rel=1e-6, abs=1e-6)


def test_propensity_classes_remove_most_of_the_bias_that_they_explain():
    x, responded, weights = respondents(3, n=20_000)
    classes = propensity_classes(response_propensities(x, responded, weights), weights)
    adjusted = weights * nonresponse_factors(classes, responded, weights)
    truth = np.average(x, weights=weights)
    before, after = np.average(x[responded], weights=weights[responded]), np.average(x, weights=adjusted)
    assert np.unique(classes).tolist() == [0, 1, 2, 3, 4]
    assert adjusted.sum() == pytest.approx(weights.sum())
    assert abs(after - truth) < 0.15 * abs(before - truth)


def test_equal_propensities_share_a_class():
    assert propensity_classes(np.array([0.2, 0.2, 0.2, 0.9])).tolist() == [0, 0, 0, 1]


def test_propensities_that_cannot_be_estimated_are_refused():
    x = np.arange(10.0)
    with pytest.raises(DesignError, match="both respondents and nonrespondents"):
        response_propensities(x, np.ones(10, bool))
    with pytest.raises(DesignError, match="without error"):
        response_propensities(x, x > 4)
    with pytest.raises(DesignError, match="Row 3 has no value"):
        response_propensities(np.where(x == 2, np.nan, x), x % 2 == 0)
    with pytest.raises(DesignError, match="class 1 has no respondent"):
        nonresponse_factors(np.array([0, 1]), np.array([True, False]), np.ones(2))
    with pytest.raises(DesignError, match="too few"):
        propensity_classes(x, classes=0)
