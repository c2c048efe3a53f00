"""Score tables as figures.

What is stored, what may be shown to whom, and the same figures computed again from a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np

from surveys.errors import ScoringError
from surveys.scoring.estimates import IndicatorInput, ScoredUnit, UnitInput
from surveys.scoring.figures import figure, rounded
from surveys.scoring.gates import may_see, may_tell_orders
from surveys.scoring.hotline import NO_ORDERS, RATES, HotlineCounts, HotlineScore
from surveys.scoring.rounds import CategoryScores, RoundScores, UnitScore, derive
from surveys.scoring.schemes import Gates, Scheme

FORMAT = "evalsys-scores-1"
_COUNTS = ("orders", "responded", "resolution_known", "resolved", "satisfaction_known", "satisfied")


def figures_of(scores: RoundScores) -> dict:
    """All figures of a round for the commission, ready for ``canonical_json``.

    Decimals are strings, counts are integers.
    """
    return {
        "format": FORMAT,
        "units": [
            _unit_figures(scores.scheme, row)
            | {"groups": {cell.group: cell.figures() for cell in scores.groups if cell.unit == row.inputs.unit.code}}
            for row in scores.units
        ],
        "categories": [_category_figures(shared) for shared in scores.categories],
    }


def public_figures(figures: Mapping, gates: Gates) -> dict:
    """The figures that may leave the commission: a unit below the gate keeps its name and category only.

    An auxiliary indicator with fewer answers than a score needs is left out, and so are counts of hotline orders below
    ``nothing_below`` with what they could be worked out from; the hotline score stays. What the units of a category
    share rests on units alone whose figures are shown, or is left out with them, so it gives nothing away.
    """
    units = [_public_unit(unit, gates) for unit in figures["units"]]
    told = {unit["category"] for unit in units if "hotline" in unit and unit["hotline"]["counts"] is not None}
    categories = [
        entry if entry["category"] in told else {**entry, "hotline_rates": dict.fromkeys(RATES)}
        for entry in figures["categories"]
    ]
    return {**figures, "units": units, "categories": categories}


def _public_unit(unit: Mapping, gates: Gates) -> dict:
    if not may_see(unit["visibility"], "score"):
        return {"unit": unit["unit"], "category": unit["category"], "is_key": unit["is_key"], "visibility": "nothing"}
    shown = dict(unit)
    shown["indicators"] = {
        code: part if part["n"] >= gates.internal_below else _HIDDEN_INDICATOR
        for code, part in unit["indicators"].items()
    }
    counts = unit["hotline"]["counts"]
    if not may_tell_orders(gates, (counts["orders"], counts["resolution_known"], counts["satisfaction_known"])):
        shown["hotline"] = {**_HIDDEN_HOTLINE, "score": unit["hotline"]["score"]}
    return shown


_HIDDEN_INDICATOR = {"mean": None, "std_error": None, "n": 0, "dont_know": 0, "satisfied_share": None}
_HIDDEN_HOTLINE = {"counts": None, "rates": None, "shrunk": None, "dont_know": None}


def recompute(figures: Mapping, scheme: Scheme) -> dict:
    """Compute all figures again from the published ones alone: means, errors, counts and stored quantiles.

    Works on the commission's and on the public figures. Raises ``ScoringError`` for another format.
    """
    if figures.get("format") != FORMAT:
        raise ScoringError(
            "The figures are of format %(found)r, not %(wanted)s.",
            code="figures-format",
            found=figures.get("format"),
            wanted=FORMAT,
        )
    shown = [unit for unit in figures["units"] if "indicators" in unit]
    by_category = {entry["category"]: entry for entry in figures["categories"]}
    again = derive(
        scheme,
        [_read_unit(unit) for unit in shown],
        {code: _decimals(entry["hotline_rates"]) for code, entry in by_category.items()},
        covariance=_read_covariance(figures, [unit["unit"] for unit in shown]),
        critical_values={
            code: [Decimal(value) for value in entry["critical_values"]] for code, entry in by_category.items()
        },
        hotline={unit["unit"]: _unseen_hotline(unit) for unit in shown if unit["hotline"]["counts"] is None},
    )
    rows = {row.inputs.unit.code: _unit_figures(scheme, row) for row in again.units}
    shared = {entry.category: _category_figures(entry) for entry in again.categories}
    units = []
    for unit in figures["units"]:
        row = rows.get(unit["unit"], dict(unit))
        if "hotline" in row and unit["hotline"]["counts"] is None:
            row["hotline"] = unit["hotline"]
        if "groups" in unit:
            # What was estimated is taken as stated, as the indicators' means are.
            row["groups"] = unit["groups"]
        units.append(row)
    # A category none of whose units is shown has nothing to be computed from.
    return {
        "format": FORMAT,
        "units": units,
        "categories": [shared.get(entry["category"], dict(entry)) for entry in figures["categories"]],
    }


def differences(figures: Mapping, scheme: Scheme) -> list[str]:
    """What differs between published figures and the same figures computed again, one line each.

    Empty when all agree.
    """
    return list(_compare(figures, recompute(figures, scheme), "figures"))


def _compare(stated: object, computed: object, where: str) -> list[str]:
    if isinstance(stated, Mapping) and isinstance(computed, Mapping):
        found = [f"{where}.{key}: stated but not computed" for key in stated.keys() - computed.keys()]
        found += [f"{where}.{key}: computed but not stated" for key in computed.keys() - stated.keys()]
        return found + [
            line
            for key in sorted(stated.keys() & computed.keys())
            for line in _compare(stated[key], computed[key], f"{where}.{key}")
        ]
    if isinstance(stated, list) and isinstance(computed, list) and len(stated) == len(computed):
        return [
            line
            for number, (one, other) in enumerate(zip(stated, computed, strict=True))
            for line in _compare(one, other, f"{where}[{_label(one, number)}]")
        ]
    return [] if stated == computed else [f"{where}: stated {stated!r}, computed {computed!r}"]


def _label(entry: object, number: int) -> object:
    return entry.get("unit", entry.get("category", number)) if isinstance(entry, Mapping) else number


def _unit_figures(scheme: Scheme, row: UnitScore) -> dict:
    entry, standing = row.inputs, row.standing
    return {
        "unit": entry.unit.code,
        "category": entry.unit.category,
        "is_key": entry.unit.is_key,
        "completes": entry.completes,
        "n": row.n,
        "awareness_share": figure(row.awareness_share),
        "indicators": {code: _indicator_figures(part) for code, part in entry.indicators.items()},
        "survey_score": figure(row.survey_score),
        "survey_std_error": figure(entry.survey_std_error),
        "df": entry.df,
        "survey_low": figure(row.survey_low),
        "survey_high": figure(row.survey_high),
        "hotline": _hotline_figures(scheme, entry.hotline, row.hotline),
        "score": figure(row.score),
        "visibility": standing.visibility,
        "grade": row.grade,
        "reliability": figure(standing.reliability),
        "z": figure(standing.z),
        "band": standing.band,
        "rank": standing.rank,
        "rank_low": standing.rank_low,
        "rank_high": standing.rank_high,
        "in_worst_set": standing.in_worst_set,
        "notes": list(row.notes),
    }


def _indicator_figures(part: IndicatorInput) -> dict:
    return {
        "mean": figure(part.mean),
        "std_error": figure(part.std_error),
        "n": part.n,
        "dont_know": part.dont_know,
        "satisfied_share": figure(part.satisfied_share),
    }


def _hotline_figures(scheme: Scheme, counts: HotlineCounts, result: HotlineScore) -> dict:
    def shares(values: Mapping[str, Fraction | None]) -> dict:
        return {rate: figure(rounded(value, scheme.rounding.shares)) for rate, value in values.items()}

    return {
        "counts": {name: getattr(counts, name) for name in _COUNTS},
        "rates": shares(result.rates),
        "dont_know": shares(result.dont_know),
        "shrunk": {rate: figure(value) for rate, value in result.shrunk.items()},
        "score": figure(result.score),
    }


def _category_figures(shared: CategoryScores) -> dict:
    return {
        "category": shared.category,
        "hotline_rates": {rate: figure(value) for rate, value in shared.hotline_rates.items()},
        "compared": list(shared.compared),
        "ranked": list(shared.ranked),
        "worst_set": list(shared.worst_set),
        "target": figure(shared.target),
        "phi": figure(shared.phi),
        "tau2": figure(shared.tau2),
        "critical_values": [figure(value) for value in shared.critical_values],
        "covariance": None
        if shared.covariance is None
        else [[figure(value) for value in line] for line in shared.covariance],
    }


def _read_unit(unit: Mapping) -> UnitInput:
    counts = unit["hotline"]["counts"]
    return UnitInput(
        unit=ScoredUnit(unit["unit"], unit["category"], unit["is_key"]),
        completes=unit["completes"],
        indicators={
            code: IndicatorInput(
                mean=_decimal(part["mean"]),
                std_error=_decimal(part["std_error"]),
                n=part["n"],
                dont_know=part["dont_know"],
                satisfied_share=_decimal(part["satisfied_share"]),
            )
            for code, part in unit["indicators"].items()
        },
        survey_std_error=_decimal(unit["survey_std_error"]),
        df=unit["df"],
        hotline=HotlineCounts(**counts) if counts else NO_ORDERS,
        notes=tuple(
            note for note in unit["notes"] if note not in _DERIVED_NOTES and not note.startswith("missing-rate")
        ),
    )


#: notes that ``derive`` writes itself
_DERIVED_NOTES = ("no-survey", "no-hotline", "hotline-of-category")


def _unseen_hotline(unit: Mapping) -> HotlineScore:
    nothing = dict.fromkeys(RATES)
    missing = tuple(note.removeprefix("missing-rate:") for note in unit["notes"] if note.startswith("missing-rate:"))
    return HotlineScore(nothing, nothing, nothing, missing, _decimal(unit["hotline"]["score"]))


def _read_covariance(figures: Mapping, units: list[str]) -> np.ndarray | None:
    """(U, U) of the units shown; only ranked units of one category share a published covariance."""
    if all(entry["covariance"] is None for entry in figures["categories"]):
        return None
    matrix = np.full((len(units), len(units)), np.nan)
    for entry in figures["categories"]:
        at = [units.index(code) for code in entry["ranked"]]
        for position, line in zip(at, entry["covariance"] or [], strict=False):
            matrix[position, at] = [float(value) for value in line]
    return matrix


def _decimals(values: Mapping[str, str | None]) -> dict[str, Decimal | None]:
    return {key: _decimal(value) for key, value in values.items()}


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
