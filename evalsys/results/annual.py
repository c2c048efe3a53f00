"""The arithmetic of the year over published figures: also what a verifier runs again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from surveys.scoring import Scheme, annual_result, figure

FORMAT = "evalsys-annual-1"


def annual_figures(configuration: Mapping, year_end: Mapping, mid_year: Mapping | None) -> dict:
    """The year of every unit of the year-end round, from both rounds' figures.

    A unit whose year-end result may not be shown has no annual one; a mid-year result that may not be shown does not count, and the
    weights say so.
    """
    scheme = Scheme.from_configuration(configuration)
    earlier = {unit["unit"]: unit for unit in mid_year["units"]} if mid_year else {}
    return {
        "format": FORMAT,
        "units": [_year_of(scheme, unit, earlier.get(unit["unit"])) for unit in year_end["units"]],
    }


def _year_of(scheme: Scheme, unit: Mapping, before: Mapping | None) -> dict:
    end, middle = _shown_score(unit), _shown_score(before)
    result = annual_result(
        scheme,
        is_key=unit["is_key"],
        mid_year=middle,
        year_end=end,
        may_grade=unit["visibility"] == "full",
    )
    return {
        "unit": unit["unit"],
        "category": unit["category"],
        "is_key": unit["is_key"],
        "mid_year": figure(middle),
        "year_end": figure(end),
        "weights": {kind: str(weight) for kind, weight in result.weights.items()},
        "missing": list(result.missing),
        "base": figure(result.base),
        "adjustment": figure(result.adjustment),
        "total": figure(result.total),
        "grade": result.grade,
    }


def _shown_score(unit: Mapping | None) -> Decimal | None:
    if unit is None or unit["visibility"] not in ("score", "full") or unit["score"] is None:
        return None
    return Decimal(unit["score"])
