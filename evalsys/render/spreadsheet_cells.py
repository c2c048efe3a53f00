"""Cells of a workbook: text that is never a formula, numbers as numbers, and the method page as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalsys.render.method import MethodSection, MethodTable

#: how a text would begin that some program takes for a formula
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
#: where numbers begin on the method's sheet
NUMBERS_FROM = 2


def plain_text(text: str) -> str:
    """The text of a cell; one that begins like a formula gets an apostrophe, so that it is none after saving as CSV either."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def write_text(sheet, at: int, column: int, text: str, shape=None) -> None:
    """A text, whatever it begins with."""
    sheet.write_string(at, column, plain_text(text), shape)


def write_heads(sheet, heads: Sequence[str], shape) -> None:
    """The first row."""
    for column, text in enumerate(heads):
        write_text(sheet, 0, column, text, shape)


def write_number(sheet, at: int, column: int, value: str | int | float | None, shape=None) -> None:
    """A published figure as a number; nothing where it is hidden."""
    if value is not None:
        sheet.write_number(at, column, float(value), shape)


@dataclass(frozen=True)
class MethodFormats:
    """XlsxWriter's formats of heads, running text and shares."""

    head: Any
    wrap: Any
    percent: Any


def write_method(sheet, sections: Sequence[MethodSection], formats: MethodFormats) -> None:
    """The sections below each other: texts in the first two columns, numbers in the next two."""
    at = 0
    for section in sections:
        write_text(sheet, at, 0, section.title, formats.head)
        lines = [("", text) for text in (*section.sentences, *section.points, section.code) if text]
        for term, text in (*lines, *section.facts):
            at += 1
            if term:
                write_text(sheet, at, 0, term, formats.wrap)
            write_text(sheet, at, 1, text, formats.wrap)
        for table in section.tables:
            at = _write_table(sheet, at + 1, table, formats)
        at += 2


def _write_table(sheet, at: int, table: MethodTable, formats: MethodFormats) -> int:
    """A table from row ``at`` on; its last row."""
    columns = [
        step if step <= table.label else NUMBERS_FROM + step - table.label - 1 for step in range(len(table.heads))
    ]
    write_text(sheet, at, 0, table.caption)
    for column, head in zip(columns, table.heads, strict=True):
        write_text(sheet, at + 1, column, head, formats.head)
    for place, row in enumerate(table.rows, at + 2):
        for column, cell in zip(columns, row, strict=True):
            if isinstance(cell, str):
                write_text(sheet, place, column, cell, formats.wrap)
            else:
                write_number(sheet, place, column, cell, formats.percent if isinstance(cell, float) else None)
    return at + 1 + len(table.rows)
