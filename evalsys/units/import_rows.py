"""Tables that people hand in: CSV in the encodings that really occur, and XLSX, read with every line's number.

Nothing is imported here. A reader yields rows of text; whoever imports them collects a ``RowProblem`` for each thing
that is wrong, so that a person sees all of them at once.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from evalsys.units.spreadsheets import N_, ImportProblem, read_sheet

__all__ = ["ROW_SENTENCES", "ImportProblem", "RowProblem", "Table", "detect_encoding", "read_table"]

MAX_COLUMNS = 200
MAX_CELL = 32_767
"""What a spreadsheet's cell can hold."""

_CHUNK = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


ROW_SENTENCES = {
    "missing": N_("is missing"),
    "too-many-cells": N_("stands beyond the last column of the header"),
    "too-long": N_("is longer than %(longest)s characters"),
    "broken-line": N_("cannot be read as CSV (%(reason)s); what follows was not read"),
}


@dataclass(frozen=True)
class RowProblem:
    """One thing that is wrong in one line: where, what was found, and the key of the sentence that says why."""

    line: int | None
    column: str
    value: str
    problem: str
    params: Mapping[str, object] = field(default_factory=dict)

    def sentence(
        self, sentences: Mapping[str, str] = ROW_SENTENCES, translate: Callable[[str], str] = lambda text: text
    ) -> str:
        """The problem in the reader's language, for example ``is missing``."""
        text = translate(sentences.get(self.problem, self.problem))
        return text % self.params if self.params else text


class Table(NamedTuple):
    """A header, its rows as ``(line number, {column: text})`` to be read once, the encoding, what reading found wrong.

    ``problems`` fills while ``rows`` is consumed.
    """

    header: tuple[str, ...]
    rows: Iterator[tuple[int, dict[str, str]]]
    encoding: str
    problems: list[RowProblem]


def read_table(source: str | Path | BinaryIO) -> Table:
    """Open a CSV or XLSX file, told apart by content, never by name.

    Encodings: ``utf-8``, ``utf-8-sig``, ``gb18030`` (GBK and GB2312 are part of it), ``xlsx``. Every value is text
    with the spaces around it removed; formulas stay the text that was typed. Memory is bounded for CSV of any length.

    Raises ``ImportProblem`` for a file that is empty, is neither CSV nor XLSX, has an unusable header, or unpacks
    dangerously.
    """
    stream = _open(source)
    head = stream.read(4)
    stream.seek(0)
    if not head:
        raise ImportProblem(N_("The file is empty."))
    if head == _OLE:
        raise ImportProblem(N_("This is an old Excel file (.xls); save it as .xlsx or CSV."))
    if head[:2] in _UTF16:
        raise ImportProblem(N_("The file is UTF-16; save it as CSV UTF-8 or .xlsx."))
    if head == b"PK\x03\x04":
        return _table(read_sheet(stream, MAX_COLUMNS), "xlsx")
    encoding = detect_encoding(stream)
    return _table(_read_lines(stream, encoding), encoding)


def _open(source: str | Path | BinaryIO) -> BinaryIO:
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise ImportProblem(N_("There is no file %(path)s."), path=str(path))
        return path.open("rb")
    return source if source.seekable() else io.BytesIO(source.read())


def detect_encoding(stream: BinaryIO) -> str:
    """``utf-8``, ``utf-8-sig`` or ``gb18030``: the first that decodes the whole stream, read in pieces and rewound."""
    start = stream.read(3)
    stream.seek(0)
    if start == codecs.BOM_UTF8:
        candidates: tuple[str, ...] = ("utf-8-sig",)
    else:
        candidates = ("utf-8", "gb18030")
    for name in candidates:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        finally:
            stream.seek(0)
        return name
    raise ImportProblem(N_("The file is neither UTF-8 nor GBK/GB18030 text; save it as CSV UTF-8 or .xlsx."))


def _read_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    first = text.readline()
    text.seek(0)
    # Semicolons and tabs are what spreadsheets write under some regional settings.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _table(lines: Iterator[tuple[int, list[str]]], encoding: str) -> Table:
    try:
        header = next((_header(cells) for _, cells in lines if any(cell.strip() for cell in cells)), None)
    except csv.Error as error:
        raise ImportProblem(N_("The header cannot be read as CSV (%(reason)s)."), reason=str(error)) from error
    if header is None:
        raise ImportProblem(N_("The file has no header line."))
    problems: list[RowProblem] = []
    return Table(header, _rows(lines, header, problems), encoding, problems)


def _header(cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise ImportProblem(N_("The header has more than %(most)s columns."), most=MAX_COLUMNS)
    for position, name in enumerate(names, 1):
        if not name:
            raise ImportProblem(N_("Column %(position)s of the header has no name."), position=position)
        if name in names[: position - 1]:
            raise ImportProblem(N_("The header names column %(column)s twice."), column=name)
    return tuple(names)


def _rows(
    lines: Iterator[tuple[int, list[str]]], header: tuple[str, ...], problems: list[RowProblem]
) -> Iterator[tuple[int, dict[str, str]]]:
    width = len(header)
    line = 1
    try:
        for line, cells in lines:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            problems += [RowProblem(line, "", value[:80], "too-many-cells") for value in values[width:] if value]
            row = dict(zip(header, values + [""] * (width - len(values)), strict=False))
            for name, value in row.items():
                if len(value) > MAX_CELL:
                    problems.append(RowProblem(line, name, value[:80], "too-long", {"longest": MAX_CELL}))
                    row[name] = ""
            yield line, row
    except csv.Error as error:
        problems.append(RowProblem(line + 1, "", "", "broken-line", {"reason": str(error)}))
