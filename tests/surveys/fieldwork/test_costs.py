"""What calls and messages cost, and how many more a budget allows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from surveys.fieldwork import Costs


def test_minutes_and_messages_are_added_up_as_written_and_not_as_binary_fractions():
    costs = Costs.from_configuration({"cost_per_minute": 0.1, "cost_per_message": 0.05, "budget": 1})
    assert costs.spent(minutes=3, messages=2) == Decimal("0.40")


@pytest.mark.parametrize(
    ("spent", "calls", "messages"),
    [("0", 10, 20), ("0.7", 3, 6), ("0.91", 0, 1), ("0.95", 0, 1), ("0.96", 0, 0), ("1", 0, 0), ("1.3", 0, 0)],
)
def test_a_budget_allows_whole_calls_and_messages_only(spent, calls, messages):
    costs = Costs(Decimal("0.1"), Decimal("0.05"), Decimal(1))
    assert costs.affordable(by_phone=True, spent=Decimal(spent)) == calls
    assert costs.affordable(by_phone=False, spent=Decimal(spent)) == messages


def test_without_a_budget_anything_is_affordable_and_what_costs_nothing_is_until_the_budget_is_spent():
    assert Costs.from_configuration({}).affordable(by_phone=True, spent=Decimal(9)) is None
    free_messages = Costs(Decimal("0.1"), Decimal(0), Decimal(1))
    assert free_messages.affordable(by_phone=False, spent=Decimal("0.9")) is None
    assert free_messages.affordable(by_phone=False, spent=Decimal(1)) == 0
