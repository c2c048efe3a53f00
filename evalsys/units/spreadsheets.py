"""XLSX read row by row, after it has been made sure that unpacking it is harmless."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO

import openpyxl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.utils.exceptions import InvalidFileException

from evalsys.base.errors import BadInput

MAX_UNPACKED = 512 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 2_000


def N_(text: str) -> str:  # noqa: N802 - the name that Babel extracts
    """Mark a sentence for translation without translating it here."""
    return text


class ImportProblem(BadInput):
    """A file as a whole cannot be read; the sentence says why and what to hand in instead."""


def check_archive(stream: BinaryIO) -> None:
    """Refuse zip bombs and XML entities before anything is unpacked to memory.

    The sizes in a zip directory can be trusted here: Python never reads a part beyond its declared size. Parts that
    share the same packed bytes would make the packed sizes sum to more than the file.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
        parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ImportProblem(N_("The .xlsx file is damaged; save it again.")) from error
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
        raise ImportProblem(
            N_("The .xlsx file unpacks to %(megabytes)s MB in %(parts)s parts, which is too much; hand it in as CSV."),
            megabytes=unpacked >> 20,
            parts=len(parts),
        )
    if packed > size or unpacked > 1024 * 1024 and unpacked > MAX_RATIO * packed:
        raise ImportProblem(N_("The .xlsx file is packed in a way that real spreadsheets are not; hand it in as CSV."))
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            _check_prolog(archive, part)
    stream.seek(0)


def _check_prolog(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """A document type can only stand before the first element, so parsing up to that element is enough."""
    try:
        with archive.open(part) as content:
            next(iter(iterparse(content, events=("start",), forbid_dtd=True)), None)
    except DefusedXmlException as error:
        raise ImportProblem(N_("The .xlsx file declares XML entities in %(part)s."), part=part.filename) from error
    except (zipfile.BadZipFile, SyntaxError, NotImplementedError, RuntimeError, OSError) as error:
        raise ImportProblem(N_("The .xlsx file is damaged in %(part)s; save it again."), part=part.filename) from error


def read_sheet(stream: BinaryIO, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """The first sheet as ``(row number, cells as text)``; the checks run before the first row is asked for."""
    return _read_rows(_open_book(stream).worksheets[0], most_columns)


def read_sheets(stream: BinaryIO, most_columns: int, most_rows: int) -> dict[str, list[tuple[int, list[str]]]]:
    """Every sheet by its name, with the rows that are not empty; raises ``ImportProblem`` for one with more rows than ``most_rows``."""
    sheets = {}
    for sheet in _open_book(stream).worksheets:
        rows = []
        for number, cells in _read_rows(sheet, most_columns):
            if number > most_rows:
                raise ImportProblem(
                    N_("Sheet %(sheet)s has more than %(most)s rows."), sheet=sheet.title, most=most_rows
                )
            if any(cell.strip() for cell in cells):
                rows.append((number, cells))
        sheets[sheet.title] = rows
    return sheets


def _open_book(stream: BinaryIO) -> openpyxl.Workbook:
    check_archive(stream)
    try:
        # data_only=False: a formula is the text that was typed, never a value that somebody computed for us.
        book = openpyxl.load_workbook(stream, read_only=True, data_only=False, keep_links=False)
        if not book.worksheets:
            raise IndexError
    except (InvalidFileException, KeyError, IndexError, ValueError, zipfile.BadZipFile) as error:
        raise ImportProblem(N_("The file is packed like .xlsx but holds no sheet.")) from error
    return book


def _read_rows(sheet, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # some programs write a wrong size, which would cut rows off
    rows = sheet.iter_rows(values_only=True, max_col=most_columns + 1)
    return ((number, [_text(value) for value in row]) for number, row in enumerate(rows, 1))


def _text(value: object) -> str:
    """A cell as the text a person sees: whole numbers without ``.0``, days as YYYY-MM-DD."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
