"""Interviewer diagnostics from sums: what they promise for any interviews, and at the edges."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from surveys.errors import FieldworkError
from surveys.fieldwork.diagnostics import (
    Sums,
    compare_each,
    intraclass_correlation,
    is_straight_line,
    pooled_deviation,
    standardized_residual,
)

VALUES = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=12)
GROUPS = st.lists(VALUES, min_size=2, max_size=6)


@given(VALUES, VALUES)
def test_sums_of_two_parts_are_the_sums_of_the_whole(first, second):
    assert Sums.over(first) + Sums.over(second) == Sums.over(first + second)
    assert Sums.over(first + second) - Sums.over(second) == Sums.over(first)


@given(VALUES)
def test_mean_and_variance_follow_from_the_sums(values):
    sums = Sums.over(values)
    assert sums.mean == pytest.approx(statistics.mean(values))
    assert sums.variance == pytest.approx(statistics.variance(values), abs=1e-9)


def test_nothing_has_no_mean_and_one_no_variance():
    assert math.isnan(Sums().mean) and math.isnan(Sums.over([3.0]).variance)


@given(GROUPS, st.integers(1, 9), st.integers(-9, 9))
def test_the_correlation_is_the_same_on_any_scale(groups, factor, shift):
    before = intraclass_correlation([Sums.over(values) for values in groups])
    moved = [Sums.over(value * factor + shift for value in values) for values in groups]
    after = intraclass_correlation(moved)
    if before is None:
        assert after is None
        return
    assert after.correlation == pytest.approx(before.correlation, abs=1e-6)
    assert after.design_effect == pytest.approx(before.design_effect, abs=1e-5)


@given(GROUPS)
def test_the_interval_holds_the_correlation_and_the_design_effect_is_never_below_one(groups):
    found = intraclass_correlation([Sums.over(values) for values in groups])
    assume(found is not None)
    assert found.low <= found.correlation + 1e-9 and found.correlation <= found.high + 1e-9
    assert found.design_effect >= 1
    assert found.correlation <= 1


def test_interviewers_who_always_hear_the_same_correlate_fully():
    assert intraclass_correlation([Sums.over([1.0] * 4), Sums.over([2.0] * 4)]).correlation == 1


def test_interviewers_of_equal_means_correlate_as_little_as_can_be():
    found = intraclass_correlation([Sums.over([-1.0, 1.0]), Sums.over([-2.0, 2.0])])
    assert found.correlation == -1  # -1/(m - 1) with two each
    assert found.design_effect == 1


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([], id="nobody"),
        pytest.param([[1.0, 2.0, 3.0]], id="one interviewer"),
        pytest.param([[1.0], [2.0]], id="one interview each"),
        pytest.param([[1.0, 1.0], [1.0, 1.0]], id="nothing varies"),
        pytest.param([[1.0, 2.0], []], id="one without interviews"),
    ],
)
def test_there_is_no_correlation_where_none_can_be_computed(groups):
    assert intraclass_correlation([Sums.over(values) for values in groups]) is None


@given(GROUPS)
def test_two_interviewers_differ_by_the_same_with_opposite_signs(groups):
    first, second = (Sums.over(values) for values in groups[:2])
    one, other = compare_each([first, second])
    assert one.error == pytest.approx(other.error)
    if one.error:
        assert one.statistic == pytest.approx(-other.statistic)
        assert one.conspicuous == other.conspicuous


def test_if_all_are_alike_somebody_is_called_conspicuous_as_rarely_as_was_asked_for():
    chance = random.Random(7)
    rounds = 400
    hits = 0
    for _ in range(rounds):
        groups = [Sums.over(chance.gauss(0, 1) for _ in range(40)) for _ in range(8)]
        hits += any(one.conspicuous for one in compare_each(groups, level=0.95))
    assert hits / rounds <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / rounds)


def test_who_invents_friendly_answers_is_conspicuous_among_many():
    chance = random.Random(7)
    groups = [Sums.over(chance.gauss(0, 1) for _ in range(40)) for _ in range(19)]
    groups.append(Sums.over(chance.gauss(1, 0.5) for _ in range(40)))
    assert [one.conspicuous for one in compare_each(groups)] == [False] * 19 + [True]


def test_a_difference_without_any_variance_is_conspicuous_and_no_difference_is_not():
    same, other = Sums.over([0.0] * 30), Sums.over([1.0] * 30)
    assert [one.conspicuous for one in compare_each([same, other])] == [True, True]
    assert [one.conspicuous for one in compare_each([same, same])] == [False, False]


@pytest.mark.parametrize("sums", [[Sums.over([1.0, 2.0])], [Sums.over([1.0]), Sums.over([5.0, 6.0])]])
def test_nobody_is_conspicuous_beside_nobody_or_with_one_interview(sums):
    assert not compare_each(sums)[0].conspicuous


@given(VALUES)
def test_standardised_residuals_of_a_stratum_add_up_to_nothing(values):
    sums = Sums.over(values)
    deviation = pooled_deviation([sums])
    found = [standardized_residual(value, sums, deviation) for value in values]
    if len(set(values)) == 1:
        assert set(found) == {None}
        return
    assert math.fsum(found) == pytest.approx(0, abs=1e-7)
    assert math.fsum(z * z for z in found) == pytest.approx(len(values))


def test_a_stratum_of_one_tells_nothing():
    assert math.isnan(pooled_deviation([Sums.over([80.0])]))
    assert standardized_residual(80.0, Sums.over([80.0]), 10.0) is None
    assert standardized_residual(80.0, Sums.over([80.0, 60.0]), math.nan) is None


def test_a_straight_line_needs_several_equal_answers():
    assert is_straight_line(["2", "2", "2", "2"], least=4)
    assert not is_straight_line(["2", "2", "2"], least=4)
    assert not is_straight_line(["2", "2", "2", "1"], least=4)


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5])
def test_levels_that_cannot_be_are_refused(level):
    with pytest.raises(FieldworkError):
        compare_each([], level=level)
    with pytest.raises(FieldworkError):
        intraclass_correlation([], level=level)
