"""The circuit breaker: what opens it, how long it stays open, and what closes it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveys.fieldwork import CLOSED, HALF_OPEN, OPEN, CircuitRule, Stretch, judge_circuit

RULE = CircuitRule()
LAST = datetime(2026, 6, 8, 2, 0, tzinfo=UTC)


def judge(attempts: int, failures: int, *, probing: bool = False, after: timedelta = timedelta(0)):
    return judge_circuit(RULE, Stretch(attempts, failures, LAST, probing), LAST + after)


def test_before_the_first_attempt_the_circuit_is_closed():
    assert judge_circuit(RULE, Stretch(), LAST).state == CLOSED


@pytest.mark.parametrize(
    ("attempts", "failures", "state"),
    [
        (20, 3, OPEN),  # fifteen in a hundred, and as few attempts as may decide
        (20, 2, CLOSED),
        (19, 19, CLOSED),  # too few to tell
        (20, 20, OPEN),
        (1000, 150, OPEN),
        (1000, 149, CLOSED),
        (7, 0, CLOSED),
    ],
)
def test_fifteen_in_a_hundred_of_twenty_attempts_or_more_open_it(attempts, failures, state):
    assert judge(attempts, failures).state == state


def test_it_stays_open_for_the_pause_and_then_lets_a_few_through():
    opened = judge(40, 10)
    assert (opened.state, opened.until, opened.probes) == (OPEN, LAST + timedelta(minutes=5), 0)
    assert judge(40, 10, after=timedelta(minutes=5, seconds=-1)).state == OPEN
    later = judge(40, 10, after=timedelta(minutes=5))
    assert (later.state, later.probes) == (HALF_OPEN, 5)
    assert judge(40, 10, after=timedelta(hours=14)).state == HALF_OPEN, "a night does not mend a provider"


def test_probes_that_all_get_through_close_it_and_one_that_does_not_costs_another_pause():
    assert judge(5, 0, probing=True).state == CLOSED
    assert judge(5, 1, probing=True).state == OPEN
    assert judge(1, 1, probing=True).state == OPEN
    assert judge(5, 1, probing=True, after=timedelta(minutes=5)).probes == 5


def test_while_fewer_probes_were_made_than_wanted_the_missing_ones_may_follow():
    assert (judge(2, 0, probing=True).state, judge(2, 0, probing=True).probes) == (HALF_OPEN, 3)
