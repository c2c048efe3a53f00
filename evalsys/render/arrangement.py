"""Score tables in the order and selection that a reader asks for, without scripts: by the address of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_babel import lazy_gettext

from evalsys.render import words
from evalsys.render.score_table import ScoreRow, ScoreTable

ORDERS = {
    "code": lazy_gettext("code"),
    "name": lazy_gettext("name"),
    "survey": lazy_gettext("survey score, highest first"),
    "survey-up": lazy_gettext("survey score, lowest first"),
    "composite": lazy_gettext("composite, highest first"),
    "hotline": lazy_gettext("hotline score, highest first"),
    "completes": lazy_gettext("completes, most first"),
}
BANDS = {"": lazy_gettext("All"), **words.BANDS}


@dataclass(frozen=True)
class Arrangement:
    """What a reader asked for: an order, a part of a name, a band. Whatever is not known is taken for not asked."""

    order: str = "code"
    part: str = ""
    band: str = ""

    @classmethod
    def from_query(cls, query) -> Arrangement:
        """From an address: ``sort``, ``find`` and ``band``."""
        order, band = query.get("sort", ""), query.get("band", "")
        part = query.get("find", "").strip()[:80]
        return cls(order if order in ORDERS else "code", part, band if band in BANDS else "")


def arrange_rows(table: ScoreTable, asked: Arrangement) -> ScoreTable:
    """The table with the rows that were asked for; a category in which there are none has an empty selection.

    Units that may not be shown stand last in every order of figures, by their code.
    """
    categories = []
    for category in table.categories:
        rows = [row for row in category.rows if _fits(row, asked)]
        categories.append(replace(category, selected=tuple(sorted(rows, key=lambda row: _key(row, asked.order)))))
    return replace(table, categories=tuple(categories))


def _fits(row: ScoreRow, asked: Arrangement) -> bool:
    found = asked.part.casefold() in row.name.casefold()
    return found and (not asked.band or row.get("band") == asked.band)


def _key(row: ScoreRow, order: str) -> tuple:
    if order in ("code", "name"):
        return (row.name,) if order == "name" else (row.code,)
    value = {
        "survey": row.get("survey_score"),
        "survey-up": row.get("survey_score"),
        "composite": row.composite,
        "hotline": row.hotline_score,
        "completes": row.get("completes"),
    }[order]
    if value is None:
        return (True, 0.0, row.code)
    return (False, float(value) if order == "survey-up" else -float(value), row.code)
