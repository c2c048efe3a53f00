"""Looking ahead: hand-computed forecasts, their honest edges, and how often the ranges hold."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from surveys.errors import FieldworkError
from surveys.fieldwork import CallingHours, ReleaseRule, ReplicateProgress, Window
from surveys.fieldwork.forecast import (
    Range,
    allocation_deff,
    forecast_completes,
    forecast_hours,
    moment_after,
    moment_before,
    total_hours,
)

RULE = ReleaseRule(0.8, 0.3, 30)
#: 9–12 and 14–20, and nothing on the second day
HOURS = CallingHours(
    (Window(time(9), time(12)), Window(time(14), time(20))), UTC, frozenset({datetime(2026, 6, 9, tzinfo=UTC).date()})
)
MONDAY = datetime(2026, 6, 8, tzinfo=UTC)
counts = st.integers(1, 400)


def test_one_event_more_after_one_in_an_hour_comes_as_the_distribution_in_closed_form_says():
    # P(T > t) = (h/(h + t))^(x + 1/2) for one event more: with x = 1 and h = 1 the quantile q is (1 − q)^(−2/3) − 1.
    expected = [(1 - share) ** (-2 / 3) - 1 for share in (0.1, 0.5, 0.9)]
    found = forecast_hours(1, 1, 1.0)
    assert [found.low, found.middle, found.high] == pytest.approx(expected)


def test_many_events_come_at_the_pace_of_the_last_hours():
    found = forecast_hours(500, 1000, 10.0)
    assert found.middle == pytest.approx(5.0, rel=0.01)
    # √(1/500 + 1/1000) = 5.5 %: 1.28 of these either way
    assert found.low == pytest.approx(4.66, abs=0.03) and found.high == pytest.approx(5.36, abs=0.03)


def test_nothing_missing_needs_no_hour_and_without_a_pace_nothing_is_foretold():
    assert forecast_hours(0, 0, 0.0) == Range(0.0, 0.0, 0.0)
    assert forecast_hours(3, 0, 8.0) is None
    assert forecast_hours(3, 5, 0.0) is None


@pytest.mark.parametrize("wrong", [(-1, 1, 1.0), (1, -1, 1.0), (1, 1, -1.0)])
def test_a_forecast_from_negative_counts_is_refused(wrong):
    with pytest.raises(FieldworkError):
        forecast_hours(*wrong)
    with pytest.raises(FieldworkError):
        forecast_hours(1, 1, 1.0, level=1.0)


@given(counts, counts, st.floats(0.1, 200), st.floats(0.1, 10))
def test_a_forecast_lies_within_its_range_and_stretches_with_the_hours(missing, events, hours, factor):
    found, longer = forecast_hours(missing, events, hours), forecast_hours(missing, events, hours * factor)
    assert 0 < found.low <= found.middle <= found.high
    assert longer.middle == pytest.approx(found.middle * factor)
    assert forecast_hours(missing + 1, events, hours).middle > found.middle
    assert forecast_hours(missing, events + 1, hours).middle < found.middle


def test_eight_of_ten_forecasts_hold_whatever_the_pace():
    rng = np.random.default_rng(20260608)
    for pace in (1.5, 8.0, 60.0):
        events = rng.poisson(pace * 5, size=4000)
        took = rng.gamma(20, 1 / pace, size=4000)
        ranges = {int(x): forecast_hours(20, int(x), 5.0) for x in set(events) if x}
        held = [ranges[int(x)].low <= t <= ranges[int(x)].high for x, t in zip(events, took, strict=True) if x]
        assert np.mean(held) == pytest.approx(0.8, abs=0.03)


def test_completes_to_come_are_those_that_releases_count_with():
    # 12 of 40 and 9 of 30 planned: 0.3 of the 20 open ones
    found = forecast_completes([ReplicateProgress(60, 40, 12)], RULE)
    assert found.middle == pytest.approx(18.0)
    assert 12 <= found.low < 18 < found.high <= 32


def test_a_unit_that_is_worked_out_keeps_what_it_has_and_one_without_release_has_nothing():
    assert forecast_completes([ReplicateProgress(60, 60, 17)], RULE) == Range(17, 17, 17)
    assert forecast_completes([], RULE) == Range(0, 0, 0)


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 80))
def test_completes_to_come_are_never_below_those_there_are_nor_above_the_cases(completes, others, still_open):
    part = ReplicateProgress(completes + others + still_open, completes + others, completes)
    found = forecast_completes([part], RULE)
    assert completes <= found.low <= found.high <= completes + still_open
    assert completes <= found.middle <= completes + still_open


def test_a_short_list_taken_whole_beside_a_large_group_costs_what_kish_says():
    # W = (0.9, 0.1) with 50 cases each: 100 · (0.81/50 + 0.01/50) = 1.64
    assert allocation_deff([0.9, 0.1], [50, 50]) == pytest.approx(1.64)
    assert allocation_deff([9, 1, 4], [50, 50, 0]) == pytest.approx(1.64)
    assert allocation_deff([], []) == 1.0


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.lists(st.floats(0.01, 1), min_size=8, max_size=8))
def test_an_allocation_in_proportion_costs_nothing_and_any_other_something(sizes, shares):
    assert allocation_deff(sizes, sizes) == pytest.approx(1.0)
    assert allocation_deff(shares[: len(sizes)], sizes) >= 1 - 1e-12


def between(after, until):
    """The stretches between two moments in which calls may ring."""
    return tuple(HOURS.openings(after, until))


def test_a_range_of_completes_holds_the_share_of_the_beta_binomial_that_it_names():
    found = forecast_completes([ReplicateProgress(60, 40, 12)], RULE)
    exact = stats.betabinom(20, 21, 49)
    assert (found.low - 12, found.high - 12) == (exact.ppf(0.1), exact.ppf(0.9))


def test_hours_are_counted_only_while_calls_may_ring():
    assert total_hours(between(MONDAY, MONDAY + timedelta(days=3))) == 18
    assert total_hours(between(MONDAY.replace(hour=11), MONDAY.replace(hour=15))) == 2
    assert total_hours(()) == 0


def test_a_finish_skips_the_break_and_the_holiday_and_is_none_after_the_field_period():
    ahead = between(MONDAY, MONDAY + timedelta(days=3))
    assert moment_after(ahead, 3) == MONDAY.replace(hour=12)
    assert moment_after(ahead, 3.5) == MONDAY.replace(hour=14, minute=30)
    assert moment_after(ahead, 10) == MONDAY.replace(day=10, hour=10)
    assert moment_after(ahead, 18.5) is None
    assert moment_after((), 1) is None


def test_the_last_hours_are_counted_back_over_breaks():
    past = between(MONDAY, MONDAY.replace(hour=15))
    assert moment_before(past, 2) == MONDAY.replace(hour=11)
    assert moment_before(past, 50) == MONDAY.replace(hour=9)
    assert moment_before((), 1) is None


@given(st.floats(0.1, 17.9))
def test_counting_on_and_back_meet(wanted):
    end = moment_after(between(MONDAY, MONDAY + timedelta(days=3)), wanted)
    back = moment_before(between(MONDAY, end), wanted)
    assert abs(total_hours(between(back, end)) - wanted) < 1e-6
