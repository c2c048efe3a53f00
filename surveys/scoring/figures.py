"""Figures as they are published: decimals rounded half up, written as strings, the same on every machine."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

#: decimals of an indicator's published mean, from which the survey score is computed again by anyone
MEAN_PLACES = 6


def as_decimal(value: float | int | str | Decimal | Fraction) -> Decimal:
    """A number as the decimal that a person typed: 0.15 is exactly 0.15."""
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return value if isinstance(value, Decimal) else Decimal(str(value))


def rounded(value: float | Decimal | Fraction | None, places: int) -> Decimal | None:
    """Round half away from zero to ``places`` decimals; ``None`` for ``None``, NaN and infinities. Never "-0.00"."""
    if value is None:
        return None
    if isinstance(value, Fraction):
        scaled = abs(value) * 10**places
        whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
        result = Decimal(whole if value >= 0 else -whole).scaleb(-places)
    else:
        if not math.isfinite(value):
            return None
        result = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(result) if result == 0 else result


def figure(value: Decimal | None) -> str | None:
    """A rounded decimal as it stands in a bundle: a string, so that no reader turns it into a binary fraction."""
    return None if value is None else format(value, "f")


def canonical_json(figures: Mapping) -> bytes:
    """Figures as bytes: sorted keys, UTF-8, no spaces. Raises ``TypeError`` on a float: figures are rounded first."""
    _refuse_floats(figures, "figures")
    return json.dumps(figures, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse_floats(value: object, where: str) -> None:
    if isinstance(value, float):
        raise TypeError(f"{where} holds the float {value!r}; round it to its published decimals first.")
    if isinstance(value, Mapping):
        for key, part in value.items():
            _refuse_floats(part, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            _refuse_floats(part, f"{where}[{number}]")
