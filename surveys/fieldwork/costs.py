"""What calls and messages cost, and how many more a budget allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Costs:
    """The price of a started minute of a call and of a segment of a message, and what a round may cost in all, in one currency.

    ``budget`` is ``None`` where there is no limit.
    """

    per_minute: Decimal = Decimal(0)
    per_message: Decimal = Decimal(0)
    budget: Decimal | None = None

    @classmethod
    def from_configuration(cls, fieldwork: Mapping) -> Costs:
        """Read the costs from the configuration's fieldwork part; what it does not name costs nothing and has no limit."""
        minute, message, budget = (fieldwork.get(name) for name in ("cost_per_minute", "cost_per_message", "budget"))
        return cls(_money(minute or 0), _money(message or 0), None if budget is None else _money(budget))

    def spent(self, minutes: int, messages: int) -> Decimal:
        """What so many started minutes and segments of messages cost."""
        return self.per_minute * minutes + self.per_message * messages

    def affordable(self, *, by_phone: bool, spent: Decimal) -> int | None:
        """How many more calls (of a minute each) or segments of messages the budget allows; ``None``: any number."""
        price = self.per_minute if by_phone else self.per_message
        if self.budget is None or price == 0 and spent < self.budget:
            return None
        return max(0, int((self.budget - spent) / price)) if price else 0


def _money(value: float) -> Decimal:
    """The amount as it was written: 0.1 and not the nearest binary fraction."""
    return Decimal(str(value))
