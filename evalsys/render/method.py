"""What the method page and the method sheet say, from one disclosure: sections of text and tables, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from evalsys.render import words
from surveys.fieldwork import find_outcome

Cell = str | int | float | None


@dataclass(frozen=True)
class MethodTable:
    """A table of a section. In a row a text is a text, an int a count, a float a share 0–1, ``None`` a share that nobody can compute.

    label : the column that names the row.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    label: int = 0


@dataclass(frozen=True)
class MethodSection:
    """One item of the disclosure: sentences, then points, then facts as term and text, then tables; ``code``: a hash."""

    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[MethodTable, ...] = ()
    code: str = ""


def describe_method(disclosure: Mapping[str, Any], configuration: Mapping[str, Any]) -> tuple[MethodSection, ...]:
    """The sections of the method page, in its order. ``disclosure``: as published; ``configuration``: the round's."""
    titles = {item: str(label) for item, label in words.DISCLOSURE.items()}
    made = dict(_sections(disclosure, configuration, titles))
    return tuple(made[item] for item in titles)


def _sections(
    said: Mapping[str, Any], configuration: Mapping[str, Any], titles: Mapping[str, str]
) -> Iterator[tuple[str, MethodSection]]:
    def section(item: str, *sentences: str, **parts) -> tuple[str, MethodSection]:
        return item, MethodSection(titles[item], sentences, **parts)

    yield section("sponsor", words.name_in_language(said["sponsor"]))
    yield section("conductor", words.name_in_language(said["conductor"]))
    yield section("wording", facts=tuple(_wording(said["wording"], configuration["indicators"])))
    yield section("population", _population(said["population"]), tables=(_excluded(said["population"]["excluded"]),))
    yield section("frame_supplier", said["frame_supplier"])
    yield section("design", _design(said["design"]))
    yield section("modes", *_modes(said["modes"]))
    yield section("dates", f"{said['dates']['first']} – {said['dates']['last']}")
    yield section("precision", _precision(said["precision"]))
    for item in ("weighting", "quality", "limitations"):
        yield section(item, points=tuple(str(words.FACTS[fact]) for fact in said[item]))
    yield section("outcomes", tables=(_outcomes(said["outcomes"]), _rates(said["rates"])))
    yield section("configuration_sha256", code=said["configuration_sha256"])
    yield section(
        "revisions", facts=tuple((str(item["revision"]), gettext(item["reason"])) for item in said["revisions"])
    )


def _wording(wording: Mapping[str, Any], indicators: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in indicators:
        asked = wording[item["code"]]
        text = words.name_in_language(asked.get("any") or asked)
        yield f"{item['code']} {words.name_in_language(item)}", text


def _population(said: Mapping[str, Any]) -> str:
    return gettext(
        "Everyone whom a unit served from %(first)s to %(last)s, by the unit’s service records: %(records)s records,"
        " %(entries)s in the frame.",
        first=said["period_from"],
        last=said["period_until"],
        records=words.show_count(said["records"]),
        entries=words.show_count(said["entries"]),
    )


def _excluded(counts: Mapping[str, int]) -> MethodTable:
    return MethodTable(
        gettext("Records left out, each under the first reason that holds"),
        (gettext("Reason"), gettext("Records")),
        tuple((str(label), counts[reason]) for reason, label in words.EXCLUSIONS.items() if reason in counts),
    )


def _design(said: Mapping[str, Any]) -> str:
    return gettext(
        "A stratified random sample, unit × evaluator group × county: %(strata)s strata, %(released)s cases released."
        " The frame was committed before the seed was known.",
        strata=words.show_count(said["strata"]),
        released=words.show_count(said["released"]),
    )


def _modes(said: Mapping[str, Any]) -> tuple[str, str]:
    return " → ".join(str(words.CHANNELS[mode]) for mode in said["sequence"]), gettext(
        "For a random %(share)s of the cases the order is reversed. At most %(tries)s tries a person.",
        share=words.show_share(said["random_arm_share"], 0),
        tries=said["max_tries"],
    )


def _precision(said: Mapping[str, Any]) -> str:
    return gettext(
        "%(completes)s complete interviews about %(units)s units. Every score stands with its %(level)s interval.",
        completes=words.show_count(said["completes"]),
        units=said["units"],
        level=words.show_share(said["level"], 0),
    )


def _outcomes(counts: Mapping[str, int]) -> MethodTable:
    found = [(find_outcome(code), count) for code, count in counts.items() if code]
    released = sum(count for _, count in found)
    return MethodTable(
        gettext("Final outcomes by the codes of AAPOR’s Standard Definitions"),
        (gettext("Code"), gettext("Outcome"), gettext("Cases"), gettext("Share")),
        tuple((outcome.code, words.name_in_language(outcome), count, count / released) for outcome, count in found),
        label=1,
    )


def _rates(rates: Mapping[str, str | None]) -> MethodTable:
    return MethodTable(
        gettext("Rates over everyone released, as AAPOR defines them"),
        (gettext("Rate"), gettext("Share")),
        tuple((str(words.AAPOR_RATES[name]), None if value is None else float(value)) for name, value in rates.items()),
    )
