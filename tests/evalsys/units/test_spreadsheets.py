"""XLSX is read as the text a person sees, and never unpacked when that could do harm."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from evalsys.units import spreadsheets
from evalsys.units.import_rows import ImportProblem, read_table

ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'


def make_book(*rows) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def repack(stream: io.BytesIO, changed: dict[str, bytes]) -> io.BytesIO:
    """The same archive with some parts replaced or added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, content in changed.items():
            new.writestr(name, content)
    packed.seek(0)
    return packed


def test_cells_become_the_text_that_a_person_sees():
    book = make_book(
        ["号", "日", "时", "数", "真", "空"],
        [17400000001.0, datetime(2026, 3, 5), datetime(2026, 3, 5, 9, 30), 1.5, True, None],
    )
    table = read_table(book)
    assert table.encoding == "xlsx"
    assert list(table.rows) == [
        (
            2,
            {
                "号": "17400000001",
                "日": "2026-03-05",
                "时": "2026-03-05 09:30:00",
                "数": "1.5",
                "真": "TRUE",
                "空": "",
            },
        )
    ]


def test_a_formula_is_text_and_is_not_computed():
    table = read_table(make_book(["a"], ['=HYPERLINK("http://evil")'], ["=1+1"]))
    assert [row["a"] for _, row in table.rows] == ['=HYPERLINK("http://evil")', "=1+1"]


def test_row_numbers_are_those_of_the_sheet():
    table = read_table(make_book(["a"], [None], ["x"]))
    assert list(table.rows) == [(3, {"a": "x"})]


def test_a_sheet_that_states_a_wrong_size_is_read_in_full():
    book = make_book(["a", "b"], ["1", "2"], ["3", "4"])
    sheet = zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml").replace(b'ref="A1:B3"', b'ref="A1:A2"')
    table = read_table(repack(book, {"xl/worksheets/sheet1.xml": sheet}))
    assert [row["b"] for _, row in table.rows] == ["2", "4"]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_xml_entities_are_refused_in_every_part(part):
    with pytest.raises(ImportProblem, match="declares XML entities"):
        read_table(repack(make_book(["a"]), {part: ENTITY}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = repack(make_book(["a"]), {"xl/media/zeros.bin": b"\0" * 20_000_000})
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(ImportProblem, match="packed in a way that real spreadsheets are not"):
        read_table(bomb)


def test_a_file_that_unpacks_to_too_much_is_refused_with_its_size(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MAX_UNPACKED", 1000)
    with pytest.raises(ImportProblem, match="which is too much; hand it in as CSV"):
        read_table(make_book(["a"], ["b"]))


def test_parts_that_share_their_packed_bytes_are_refused():
    """Two directory entries that point at the same bytes: each looks harmless, together they unpack without end."""
    book = make_book(["a"])
    archive = zipfile.ZipFile(book, "a")
    shared = archive.infolist()
    archive.filelist.extend(shared * 200)
    archive._didModify = True
    archive.close()
    book.seek(0)
    with pytest.raises(ImportProblem):
        read_table(book)


def test_a_broken_archive_is_refused_politely():
    whole = make_book(["a"], ["b"]).getvalue()
    with pytest.raises(ImportProblem, match="damaged"):
        read_table(io.BytesIO(whole[: len(whole) // 2]))


def test_a_zip_without_a_sheet_is_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    packed.seek(0)
    with pytest.raises(ImportProblem, match="holds no sheet"):
        read_table(packed)
