"""Published scores for programs: CSV and JSON, in which what is hidden is empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from evalsys.render.score_table import ScoreRow, ScoreTable
from evalsys.render.spreadsheet_cells import plain_text

NUMBERS = ("completes", "n", "awareness_share", "survey_score", "survey_std_error", "df", "survey_low", "survey_high")
STANDING = ("score", "reliability", "grade", "band", "rank", "rank_low", "rank_high", "in_worst_set")


def list_records(table: ScoreTable) -> Iterator[dict]:
    """One flat record a unit, under the same names in every language; numbers as published, ``None`` where hidden."""
    for category in table.categories:
        for row in category.rows:
            yield _record(table, category.code, row)


def _record(table: ScoreTable, category: str, row: ScoreRow) -> dict:
    record = {"unit": row.code, "name": row.name, "category": category, "visibility": row.figures["visibility"]}
    record |= {name: row.get(name) for name in NUMBERS}
    for item in (*table.scored, *table.auxiliary):
        record[f"{item['code']}_mean"] = row.mean(item["code"])
    record["hotline_score"] = row.hotline_score
    record |= {name: row.get(name) for name in STANDING}
    if table.has_year:
        year = row.annual or {}
        record |= {f"year_{name}": year.get(name) for name in ("mid_year", "year_end", "adjustment", "total", "grade")}
    return record


def write_csv(table: ScoreTable) -> bytes:
    """The records as CSV, UTF-8 with a mark that spreadsheets know it by; no cell begins like a formula."""
    records = list(list_records(table))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(records[0]) if records else ["unit"])
    writer.writeheader()
    for record in records:
        writer.writerow({name: _cell(name, value) for name, value in record.items()})
    return buffer.getvalue().encode("utf-8-sig")


def _cell(name: str, value: object) -> object:
    """Texts are made harmless; a published number may begin with a minus."""
    if isinstance(value, str) and name in ("unit", "name", "category"):
        return plain_text(value)
    return "" if value is None else value
