"""Tables as people hand them in: every encoding, every line's number, and nothing dangerous."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsys.units.import_rows import MAX_CELL, MAX_COLUMNS, ImportProblem, RowProblem, detect_encoding, read_table

TEXT = "编号,名称\n1,市公安局\n2,市图书馆\n"
ROWS = [(2, {"编号": "1", "名称": "市公安局"}), (3, {"编号": "2", "名称": "市图书馆"})]


def read_bytes(content: bytes):
    return read_table(io.BytesIO(content))


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("gb2312", "gb18030")],
)
def test_each_encoding_that_occurs_is_known_and_named(encoding, named):
    table = read_bytes(TEXT.encode(encoding))
    assert table.encoding == named
    assert table.header == ("编号", "名称")
    assert list(table.rows) == ROWS
    assert table.problems == []


def test_a_file_on_disk_is_read_like_a_stream(tmp_path):
    path = tmp_path / "named.txt"
    path.write_text(TEXT, encoding="utf-8")
    assert list(read_table(path).rows) == ROWS
    assert list(read_table(str(path)).rows) == ROWS


def test_the_encoding_of_a_long_file_is_told_from_its_end_too():
    """A GBK sign far behind the first megabyte of plain ASCII."""
    assert detect_encoding(io.BytesIO(b"a,b\n" * 600_000 + "市".encode("gbk"))) == "gb18030"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\n \n,,\n", "no header"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"a,b\n\xff\xff\xff", "neither UTF-8 nor GBK"),
        (b"\xef\xbb\xbfa,\xff\n", "neither UTF-8 nor GBK"),
        (b"a,,b\n1,2,3\n", "Column 2"),
        (b"a,b,a\n", "column a twice"),
        (b'"a,b\n1,2\n', "cannot be read as CSV"),
        (b"PK\x03\x04 not really", "damaged"),
        ((",".join(f"c{n}" for n in range(MAX_COLUMNS + 1))).encode(), "more than"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_one_sentence(content, sentence):
    with pytest.raises(ImportProblem, match=sentence):
        read_bytes(content)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(ImportProblem, match="There is no file .*absent.csv"):
        read_table(tmp_path / "absent.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_put_between_columns_is_recognised(delimiter):
    content = delimiter.join(["a", "b"]) + "\r\n" + delimiter.join(["1", "2"]) + "\r\n"
    assert list(read_bytes(content.encode()).rows) == [(2, {"a": "1", "b": "2"})]


def test_line_numbers_count_blank_lines_and_lines_inside_quotes():
    table = read_bytes(b'a,b\n\n"x\ny",1\n,\nz,2\n')
    assert list(table.rows) == [(3, {"a": "x\ny", "b": "1"}), (6, {"a": "z", "b": "2"})]


def test_a_short_line_has_empty_cells_and_a_long_one_a_problem():
    table = read_bytes(b"a,b\n1\n1,2,3,,4\n")
    assert list(table.rows) == [(2, {"a": "1", "b": ""}), (3, {"a": "1", "b": "2"})]
    assert table.problems == [RowProblem(3, "", "3", "too-many-cells"), RowProblem(3, "", "4", "too-many-cells")]


def test_a_cell_longer_than_a_spreadsheet_holds_is_a_problem_not_a_value():
    table = read_bytes(b"a,b\n" + b"x" * (MAX_CELL + 1) + b",2\n")
    assert list(table.rows) == [(2, {"a": "", "b": "2"})]
    assert [(problem.line, problem.column, problem.problem) for problem in table.problems] == [(2, "a", "too-long")]
    assert table.problems[0].sentence() == f"is longer than {MAX_CELL} characters"


def test_a_broken_line_ends_the_reading_and_is_named():
    table = read_bytes(b'a,b\n1,2\n"open,3\n4,5\n')
    assert list(table.rows) == [(2, {"a": "1", "b": "2"})]
    assert [(problem.line, problem.problem) for problem in table.problems] == [(3, "broken-line")]
    assert "what follows was not read" in table.problems[0].sentence()


def test_a_formula_stays_the_text_that_was_typed():
    table = read_bytes(b"a,b\n=cmd|' /C calc'!A0,@SUM(1)\n")
    assert list(table.rows) == [(2, {"a": "=cmd|' /C calc'!A0", "b": "@SUM(1)"})]


def test_a_sentence_is_said_in_the_readers_language():
    problem = RowProblem(2, "a", "", "missing")
    assert problem.sentence() == "is missing"
    assert problem.sentence(translate={"is missing": "缺失"}.__getitem__) == "缺失"


cells = st.text(
    st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=5), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_is_written_is_read(rows, encoding):
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    table = read_bytes(("a,b\n" + quoted).encode(encoding))
    assert [tuple(row.values()) for _, row in table.rows] == [tuple(cell.strip() for cell in row) for row in rows]
