"""The score table as rows of a page or sheet, made of published figures alone: what a figure does not hold cannot be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class ScoreRow:
    """One unit. ``figures`` is its entry of the round; ``annual`` its year, where the table has one; numbers are strings."""

    number: int
    code: str
    name: str
    figures: Figures
    annual: Figures | None
    grade_name: str | None

    @property
    def is_shown(self) -> bool:
        """Whether anything but the name may be shown to the reader of this table."""
        return self.figures["visibility"] != "nothing"

    @property
    def composite(self) -> str | None:
        """综合分: the year's total where there is one, else the round's score."""
        return self.annual["total"] if self.annual else self.get("score")

    def get(self, name: str) -> Any:
        """A figure, or ``None`` where it is hidden."""
        return self.figures.get(name) if self.is_shown else None

    def mean(self, indicator: str) -> str | None:
        """The mean of an indicator, 0–100, six decimals."""
        part = (self.get("indicators") or {}).get(indicator)
        return part["mean"] if part else None

    def group(self, code: str) -> Figures:
        """The survey score within an evaluator group with its error and answers; empty where it may not be shown."""
        cell = (self.get("groups") or {}).get(code, {"hidden": True})
        return {} if cell["hidden"] else cell

    @property
    def hotline_score(self) -> str | None:
        """热线分, 0–100."""
        return (self.get("hotline") or {}).get("score")

    @property
    def rank_set(self) -> str | None:
        """The simultaneous rank set as ``2–5``, or ``None``."""
        low, high = self.get("rank_low"), self.get("rank_high")
        if low is None:
            return None
        return str(low) if low == high else f"{low}–{high}"


@dataclass(frozen=True)
class ScoreCategory:
    """The units of a category, and what they share.

    ``selected``: see ``arrange_rows``; what is said of the category is said of all its rows.
    """

    code: str
    name: str
    rows: tuple[ScoreRow, ...]
    shared: Figures
    selected: tuple[ScoreRow, ...] | None = None

    @property
    def listed(self) -> tuple[ScoreRow, ...]:
        """The rows that the reader asked for, in the order asked for; all of them else."""
        return self.rows if self.selected is None else self.selected

    @property
    def hidden_count(self) -> int:
        """How many units may not be shown."""
        return sum(not row.is_shown for row in self.rows)

    @property
    def worst_names(self) -> tuple[str, ...]:
        """Units that cannot be excluded as last."""
        worst = set(self.shared.get("worst_set", ()))
        return tuple(row.name for row in self.rows if row.code in worst)


@dataclass(frozen=True)
class ScoreTable:
    """Units by category with the configuration that names everything. ``has_year``: mid-year and total columns are there."""

    configuration: Figures
    language: str
    categories: tuple[ScoreCategory, ...]
    has_year: bool

    @property
    def scored(self) -> list[Figures]:
        """The scored indicators in order."""
        return [row for row in self.configuration["indicators"] if row["role"] == "scored"]

    @property
    def auxiliary(self) -> list[Figures]:
        """The auxiliary indicators in order."""
        return [row for row in self.configuration["indicators"] if row["role"] == "auxiliary"]

    @property
    def rows(self) -> list[ScoreRow]:
        """All rows, category by category."""
        return [row for category in self.categories for row in category.rows]

    def find(self, unit: str) -> ScoreRow | None:
        """The row of a unit."""
        return next((row for row in self.rows if row.code == unit), None)

    def category_of(self, row: ScoreRow) -> ScoreCategory:
        """The category in which a row stands."""
        return next(category for category in self.categories if row in category.rows)


def make_score_table(
    figures: Figures,
    configuration: Figures,
    names: Mapping[str, Mapping[str, str]],
    language: str,
    annual: Figures | None = None,
) -> ScoreTable:
    """The table of a round's ``figures``; ``names``: unit code → {zh, en}; ``annual``: the year's figures beside them."""
    grades = {grade["code"]: grade["name"][language] for grade in configuration["grades"]}
    years = {unit["unit"]: unit for unit in annual["units"]} if annual else {}
    shared = {entry["category"]: entry for entry in figures["categories"]}
    categories = []
    for category in configuration["categories"]:
        units = [unit for unit in figures["units"] if unit["category"] == category["code"]]
        if units:
            rows = _rows(units, names, language, years, grades)
            categories.append(
                ScoreCategory(category["code"], category["name"][language], rows, shared.get(category["code"], {}))
            )
    return ScoreTable(configuration, language, tuple(categories), bool(annual))


def _rows(
    units: Sequence[Figures],
    names: Mapping[str, Mapping[str, str]],
    language: str,
    years: Mapping[str, Figures],
    grades: Mapping[str, str],
) -> tuple[ScoreRow, ...]:
    # By the register's code and not by the score: where ranks cannot be told apart, an order would tell one.
    rows = []
    for number, unit in enumerate(sorted(units, key=lambda unit: unit["unit"]), 1):
        year = years.get(unit["unit"])
        hidden = unit["visibility"] == "nothing"
        grade = None if hidden else (year or unit).get("grade")
        rows.append(
            ScoreRow(
                number=number,
                code=unit["unit"],
                name=names.get(unit["unit"], {}).get(language, unit["unit"]),
                figures=unit,
                annual=None if hidden else year,
                grade_name=grades.get(grade) if grade else None,
            )
        )
    return tuple(rows)
