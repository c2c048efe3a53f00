"""How a unit's score follows from its published figures, step by step, so that a reader with a pocket calculator can follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flask_babel import gettext

from evalsys.render import words
from evalsys.render.score_table import ScoreRow, ScoreTable


@dataclass(frozen=True)
class Step:
    """One line of arithmetic: what is computed, from what, and what comes out."""

    label: str
    formula: str
    result: str


def derive_score(table: ScoreTable, row: ScoreRow) -> tuple[Step, ...]:
    """The steps from indicators to the grade; none for a unit that may not be shown, and none where a figure is missing."""
    if not row.is_shown:
        return ()
    return tuple([*_survey_steps(table, row), *_round_steps(table, row), *_year_steps(row), *_grade_steps(table, row)])


def list_parts(table: ScoreTable, row: ScoreRow) -> list[tuple[str, float]]:
    """What each indicator and the hotline contribute to the round's score, in points; empty where there is no score."""
    if row.get("score") is None:
        return []
    methods = {name: float(weight) for name, weight in table.configuration["scoring"]["methods"].items()}
    there = {"survey": row.get("survey_score") is not None, "hotline": row.hotline_score is not None}
    total = sum(weight for name, weight in methods.items() if there[name])
    answered = [item for item in table.scored if row.mean(item["code"]) is not None]
    weights = sum(item["weight"] for item in answered)
    parts = []
    if there["survey"]:
        for item in answered:
            share = methods["survey"] / total * item["weight"] / weights
            parts.append((f"{item['code']} {item['name'][table.language]}", share * float(row.mean(item["code"]))))
    if there["hotline"]:
        parts.append((gettext("Citizen hotline"), methods["hotline"] / total * float(row.hotline_score)))
    return parts


def _survey_steps(table: ScoreTable, row: ScoreRow) -> Iterator[Step]:
    score = row.get("survey_score")
    if score is None:
        return
    parts = {item["code"]: row.mean(item["code"]) for item in table.scored}
    weights = {item["code"]: Fraction(str(item["weight"])) for item in table.scored}
    yield Step(gettext("Survey score"), _weighted(parts, weights), words.show_number(score))
    if row.get("survey_low") is not None:
        yield Step(
            gettext(
                "%(level)s interval", level=words.show_share(table.configuration["scoring"]["confidence_level"], 0)
            ),
            gettext(
                "%(score)s ± t × standard error %(error)s, t with %(df)s degrees of freedom",
                score=words.show_number(score),
                error=words.show_number(row.get("survey_std_error"), 3),
                df=row.get("df"),
            ),
            f"{words.show_number(row.get('survey_low'))}–{words.show_number(row.get('survey_high'))}",
        )


def _round_steps(table: ScoreTable, row: ScoreRow) -> Iterator[Step]:
    if row.get("score") is not None:
        methods = table.configuration["scoring"]["methods"]
        parts = {"survey": row.get("survey_score"), "hotline": row.hotline_score}
        weights = {name: Fraction(str(methods[name])) for name in parts}
        yield Step(gettext("This round"), _weighted(parts, weights), words.show_number(row.get("score")))


def _year_steps(row: ScoreRow) -> Iterator[Step]:
    year = row.annual
    if not year or year["total"] is None:
        return
    weights = {name: Fraction(weight) for name, weight in year["weights"].items()}
    yield Step(
        gettext("Rounds together"),
        _weighted({name: year[name] for name in weights}, weights),
        words.show_number(year["base"]),
    )
    yield Step(
        gettext("Composite"),
        f"{words.show_number(year['base'])} + {words.show_number(year['adjustment'])}",
        words.show_number(year["total"]),
    )


def _grade_steps(table: ScoreTable, row: ScoreRow) -> Iterator[Step]:
    if row.grade_name:
        limits = [f"{grade['name'][table.language]} ≥ {grade['at_least']}" for grade in table.configuration["grades"]]
        yield Step(gettext("Grade"), "; ".join(limits), row.grade_name)


def _weighted(parts: Mapping[str, str | None], weights: Mapping[str, Fraction]) -> str:
    """Σ weight × value over the parts that exist, divided by the weights used where these do not sum to 1."""
    kept = {name: value for name, value in parts.items() if value is not None and weights[name]}
    total = sum((weights[name] for name in kept), Fraction(0))
    top = " + ".join(f"{_plain(weights[name])} × {value}" for name, value in kept.items())
    return top if total == 1 else f"({top}) ÷ {_plain(total)}"


def _plain(weight: Fraction) -> str:
    return f"{float(weight):.6g}"
