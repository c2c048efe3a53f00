"""What may be shown of a unit, by the number of answers and the reliability of its score."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from surveys.errors import ScoringError
from surveys.scoring.figures import as_decimal
from surveys.scoring.schemes import Gates

#: nothing at all; inside the commission only; score with its interval; grade, band and rank too
VISIBILITIES = ("nothing", "internal", "score", "full")


def visibility(gates: Gates, n: int, reliability: float | Decimal | None, *, has_error: bool = True) -> str:
    """How much of a unit's result may be shown.

    n : the smallest number of answers to a scored indicator. reliability : λ, 0–1; ``None`` where it cannot be
    estimated. Below ``nothing_below`` nothing, below ``internal_below`` internal only, below ``grade_from`` or the
    reliability gate score and interval, else everything. A score without a standard error has no interval and stays
    internal. n = 0 and n = 1 show nothing. Raises ``ScoringError`` for a negative n.
    """
    if n < 0:
        raise ScoringError("The number of answers is %(n)s; it cannot be negative.", code="n-negative", n=n)
    if n < gates.nothing_below:
        return "nothing"
    if n < gates.internal_below or not has_error:
        return "internal"
    reliable = reliability is not None and as_decimal(reliability) >= gates.reliability_from
    return "full" if n >= gates.grade_from and reliable else "score"


def may_see(visible: str, least: str) -> bool:
    """Whether a result of this visibility may be shown where at least ``least`` is asked for."""
    return VISIBILITIES.index(visible) >= VISIBILITIES.index(least)


def may_tell_orders(gates: Gates, bases: Iterable[int]) -> bool:
    """Whether counts of hotline orders may be shown: each base (orders, answers known) is 0 or not below ``nothing_below``."""
    return not any(0 < base < gates.nothing_below for base in bases)
