"""What a programme's files must say together: references, sums of weights, order of days and limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from evalsys.design.instrument_checks import check_instrument
from evalsys.design.programme_problems import FileProblem
from evalsys.design.text_message_checks import check_text_messages
from surveys.fieldwork import OUTCOMES

_E164 = re.compile(r"\+[1-9]\d{6,14}")
INSTRUMENT_FILES = ("indicators.csv", "scales.csv", "questionnaire.toml")
Rows = Sequence[Mapping[str, Any]]


def check_programme(configuration: Mapping[str, Any], areas: Rows, units: Rows, stations: Rows) -> list[FileProblem]:
    """Every problem that needs more than one value to be seen; empty when the programme is sound.

    The questionnaire is looked at once its scales and indicators can be trusted.
    """
    problems = [
        *_check_lists(configuration, areas, units, stations),
        *_check_references(configuration, areas, units, stations),
        *_check_indicators(configuration),
        *_check_scales(configuration),
        *_check_weights(configuration),
        *_check_grades(configuration["grades"]),
        *_check_rounds(configuration, units),
        *_check_fieldwork(configuration["fieldwork"]),
        *_check_interviewers(configuration),
        *_check_hours(configuration["fieldwork"], areas),
        *_check_call_centre(configuration["fieldwork"]),
        *_check_scoring(configuration),
        *_check_parents("areas.csv", areas),
        *_check_parents("units.csv", units),
    ]
    if any(problem.file in INSTRUMENT_FILES for problem in problems):
        return problems
    return [*problems, *check_text_messages(configuration, units), *check_instrument(configuration)]


def _row(file: str, index: int, column: str, value: object, problem: str, **params: object) -> FileProblem:
    return FileProblem(file, None, column, str(value), problem, params, index)


def _key(file: str, column: str, value: object, problem: str, **params: object) -> FileProblem:
    return FileProblem(file, None, column, str(value), problem, params)


def _check_lists(configuration: Mapping, areas: Rows, units: Rows, stations: Rows) -> Iterator[FileProblem]:
    lists: dict[str, Rows] = {
        "indicators.csv": configuration["indicators"],
        "groups.csv": configuration["groups"],
        "categories.csv": configuration["categories"],
        "grades.csv": configuration["grades"],
        "areas.csv": areas,
        "units.csv": units,
    }
    for file, rows in lists.items():
        if not rows:
            yield _key(file, "", "", "no-rows")
        yield from _duplicates(file, "code", [row["code"] for row in rows])
    yield from _duplicates("stations.csv", "code", [row["code"] for row in stations])
    unit_codes = {row["code"] for row in units}
    for index, row in enumerate(stations):
        if row["code"] in unit_codes:
            yield _row("stations.csv", index, "code", row["code"], "duplicate")
    for name in ("rounds", "questions"):
        file, members = (
            ("programme.toml", configuration["rounds"])
            if name == "rounds"
            else ("questionnaire.toml", configuration["questionnaire"]["questions"])
        )
        for index in _second_places([member["code"] for member in members]):
            yield _key(file, f"{name}[{index + 1}].code", members[index]["code"], "duplicate")


def _duplicates(file: str, column: str, values: Sequence[object]) -> Iterator[FileProblem]:
    for index in _second_places(values):
        yield _row(file, index, column, values[index], "duplicate")


def _second_places(values: Iterable[object]) -> list[int]:
    seen: set[object] = set()
    places = []
    for index, value in enumerate(values):
        if value in seen:
            places.append(index)
        seen.add(value)
    return places


def _check_references(configuration: Mapping, areas: Rows, units: Rows, stations: Rows) -> Iterator[FileProblem]:
    codes = {
        "scales.csv": {scale["code"] for scale in configuration["scales"]},
        "categories.csv": {row["code"] for row in configuration["categories"]},
        "areas.csv": {row["code"] for row in areas},
        "units.csv": {row["code"] for row in units},
    }
    references: tuple[tuple[str, Rows, str, str], ...] = (
        ("indicators.csv", configuration["indicators"], "scale", "scales.csv"),
        ("areas.csv", areas, "parent", "areas.csv"),
        ("units.csv", units, "category", "categories.csv"),
        ("units.csv", units, "area", "areas.csv"),
        ("units.csv", units, "parent", "units.csv"),
        ("stations.csv", stations, "unit", "units.csv"),
        ("stations.csv", stations, "area", "areas.csv"),
    )
    for file, rows, column, target in references:
        for index, row in enumerate(rows):
            if row[column] and row[column] not in codes[target]:
                yield _row(file, index, column, row[column], "unknown-reference", target=target)


def _check_indicators(configuration: Mapping) -> Iterator[FileProblem]:
    for index, row in enumerate(configuration["indicators"]):
        if row["role"] == "auxiliary" and row["weight"]:
            yield _row("indicators.csv", index, "weight", row["weight"], "auxiliary-weight")


def _check_scales(configuration: Mapping) -> Iterator[FileProblem]:
    index = 0
    for scale in configuration["scales"]:
        for column in ("value", "phone_key"):
            for place in _second_places([option[column] for option in scale["options"]]):
                yield _row("scales.csv", index + place, column, scale["options"][place][column], "duplicate")
        for option in scale["options"]:
            if (option["kind"] == "rated") != (option["points"] is not None):
                problem = "points-missing" if option["kind"] == "rated" else "points-not-allowed"
                shown = "" if option["points"] is None else option["points"]
                yield _row("scales.csv", index, "points", shown, problem)
            index += 1


def _check_weights(configuration: Mapping) -> Iterator[FileProblem]:
    scoring = configuration["scoring"]
    scored = [row["weight"] for row in configuration["indicators"] if row["role"] == "scored"]
    sums = {
        ("indicators.csv", "weight"): scored,
        ("groups.csv", "weight"): [row["weight"] for row in configuration["groups"]],
        ("groups.csv", "quota_share"): [row["quota_share"] for row in configuration["groups"]],
        ("scoring.toml", "methods"): scoring["methods"].values(),
        ("scoring.toml", "hotline"): [scoring["hotline"][name] for name in ("response", "resolution", "satisfaction")],
        ("scoring.toml", "annual.key"): scoring["annual"]["key"].values(),
        ("scoring.toml", "annual.other"): scoring["annual"]["other"].values(),
    }
    for (file, column), weights in sums.items():
        total = sum(weights)
        if abs(total - 1) > 1e-9:
            yield _key(file, column, "", "sum-not-one", sum=f"{total:.6g}")


def _check_grades(grades: Rows) -> Iterator[FileProblem]:
    for index in range(1, len(grades)):
        if grades[index]["at_least"] >= grades[index - 1]["at_least"]:
            yield _row("grades.csv", index, "at_least", grades[index]["at_least"], "grades-not-falling")
    if grades and grades[-1]["at_least"] != 0:
        yield _row("grades.csv", len(grades) - 1, "at_least", grades[-1]["at_least"], "lowest-grade")


def _check_rounds(configuration: Mapping, units: Rows) -> Iterator[FileProblem]:
    try:
        ZoneInfo(configuration["programme"]["time_zone"])
    except (KeyError, ValueError, OSError):
        yield _key("programme.toml", "time_zone", configuration["programme"]["time_zone"], "unknown-time-zone")
    rounds = configuration["rounds"]
    for index in _second_places([member["kind"] for member in rounds]):
        yield _key("programme.toml", f"rounds[{index + 1}].kind", rounds[index]["kind"], "two-rounds-of-kind")
    for number, member in enumerate(rounds, 1):
        for first, last in (("period_from", "period_until"), ("field_from", "field_until")):
            if member[last] < member[first]:
                yield _key("programme.toml", f"rounds[{number}].{last}", member[last], "days-not-ordered")
        if not any(unit["is_key"] or member["covers"] == "all" for unit in units):
            yield _key("programme.toml", f"rounds[{number}].covers", member["covers"], "no-unit-covered")


def _check_fieldwork(fieldwork: Mapping) -> Iterator[FileProblem]:
    file = "fieldwork.toml"
    for index in _second_places(fieldwork["mode_sequence"]):
        yield _key(file, "mode_sequence", fieldwork["mode_sequence"][index], "duplicate")
    for number in fieldwork["caller_ids"]:
        if not _E164.fullmatch(number):
            yield _key(file, "caller_ids", number, "caller-not-e164")
    needed = {"phone": "cost_per_minute", "sms": "cost_per_message"}
    for mode in fieldwork["mode_sequence"]:
        if fieldwork["budget"] is not None and fieldwork[needed[mode]] is None:
            yield _key(file, "budget", fieldwork["budget"], "cost-missing", cost=needed[mode])


def _check_interviewers(configuration: Mapping) -> Iterator[FileProblem]:
    interviewers, key = configuration["fieldwork"]["interviewers"], configuration["questionnaire"]["interviewer_key"]
    if interviewers and not _E164.fullmatch(interviewers["number"]):
        yield _key("fieldwork.toml", "interviewers.number", interviewers["number"], "caller-not-e164")
    if key and not interviewers:
        yield _key("questionnaire.toml", "interviewer_key", key, "interviewers-missing")
    calls_by = configuration["fieldwork"]["calls_by"]
    if calls_by != "machine" and "phone" not in configuration["fieldwork"]["mode_sequence"]:
        yield _key("fieldwork.toml", "calls_by", calls_by, "calls-without-phone")


def _check_call_centre(fieldwork: Mapping) -> Iterator[FileProblem]:
    outcomes = (fieldwork["call_centre"] or {"outcomes": {}})["outcomes"]
    for word, outcome in outcomes.items():
        column = f"call_centre.outcomes.{word}"
        if outcome not in OUTCOMES:
            yield _key("fieldwork.toml", column, outcome, "unknown-outcome")
        elif outcome == "4.80":
            yield _key("fieldwork.toml", column, outcome, "quota-outcome")


def _check_hours(fieldwork: Mapping, areas: Rows) -> Iterator[FileProblem]:
    file, own = "fieldwork.toml", fieldwork["area_hours"]
    lists = {name: fieldwork[name] for name in ("calling_hours", "slots")}
    if fieldwork["interviewers"] and fieldwork["interviewers"]["hours"]:
        lists["interviewers.hours"] = fieldwork["interviewers"]["hours"]
    lists |= {f"area_hours[{number}].calling_hours": area["calling_hours"] for number, area in enumerate(own, 1)}
    for name, spans in lists.items():
        for number, span in enumerate(spans, 1):
            if span["to"] <= span["from"]:
                yield _key(file, f"{name}[{number}].to", span["to"], "hours-not-ordered")
    counties = {row["code"] for row in areas if row["level"] == "county"}
    for number, area in enumerate(own, 1):
        if area["county"] not in counties:
            yield _key(file, f"area_hours[{number}].county", area["county"], "unknown-county")
    for index in _second_places([area["county"] for area in own]):
        yield _key(file, f"area_hours[{index + 1}].county", own[index]["county"], "duplicate")


def _check_scoring(configuration: Mapping) -> Iterator[FileProblem]:
    scoring = configuration["scoring"]
    gates = scoring["gates"]
    if not gates["nothing_below"] <= gates["internal_below"] <= gates["grade_from"]:
        yield _key("scoring.toml", "gates", "", "gates-not-ordered")
    rated = {
        scale["code"]: [option["value"] for option in scale["options"] if option["kind"] == "rated"]
        for scale in configuration["scales"]
    }
    for number, preset in enumerate(scoring["presets"], 1):
        column = f"presets[{number}]"
        if preset["scale"] not in rated:
            yield _key("scoring.toml", f"{column}.scale", preset["scale"], "unknown-reference", target="scales.csv")
        elif set(preset["points"]) != set(rated[preset["scale"]]):
            values = ", ".join(rated[preset["scale"]])
            yield _key("scoring.toml", f"{column}.points", ", ".join(preset["points"]), "preset-values", values=values)


def _check_parents(file: str, rows: Rows) -> Iterator[FileProblem]:
    parents = {row["code"]: row["parent"] for row in rows}
    for index, row in enumerate(rows):
        seen = {row["code"]}
        above = row["parent"]
        while above and above not in seen:
            seen.add(above)
            above = parents.get(above, "")
        if above == row["code"]:
            yield _row(file, index, "parent", row["parent"], "parent-loop")
