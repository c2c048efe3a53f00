"""Intervals hold the truth as often as they say, from few answers to many."""

from __future__ import annotations

import pytest

from tests.surveys.estimation.simulation import simulate_coverage

ROUNDS = 2000
#: two Monte-Carlo errors of a coverage of 0.95
TWO_ERRORS = 2 * (0.95 * 0.05 / ROUNDS) ** 0.5


@pytest.mark.parametrize(("n", "lost"), [(10, 0.033), (30, 0.013), (100, 0.006), (300, 0.003)])
def test_intervals_of_a_stratified_mean_hold_the_truth_at_their_level(n, lost):
    """What a skewed five-point scale costs Student's interval, measured over 20,000 rounds, from n = 10 to n = 300."""
    assert abs(simulate_coverage(n, ROUNDS, seed=7) - 0.95) < lost + TWO_ERRORS


def test_a_lower_level_gives_intervals_that_hold_the_truth_less_often():
    assert abs(simulate_coverage(100, ROUNDS, seed=8, level=0.8) - 0.8) < 0.006 + 2 * (0.8 * 0.2 / ROUNDS) ** 0.5
