"""Taking in service records: every bad line is named, and nothing is imported while there is one."""

from __future__ import annotations

import pytest
import xlsxwriter
from cryptography.exceptions import InvalidTag

from evalsys.base.errors import BadLines, Refused
from evalsys.samples.imports import import_service_records, import_staff_numbers, read_phone
from evalsys.samples.models import ServiceRecord
from tests.evalsys.installation import HEADER, write_records

GOOD = ("R1", "U001", "", "个人", "13800138000", "2026-03-02", "办证", "370102")
BAD = [
    GOOD,
    ("", "U001", "", "个人", "13800138001", "2026-03-02", "", "370102"),
    ("R1", "U001", "", "个人", "13800138002", "2026-03-02", "", "370102"),
    ("R3", "U999", "", "个人", "13800138003", "2026-03-02", "", "370102"),
    ("R4", "U001", "", "外星人", "13800138004", "2026-03-02", "", "370102"),
    ("R5", "U001", "", "个人", "13800138005", "2026-02-30", "", "370102"),
    ("R6", "U001", "", "个人", "13800138006", "2026-03-02", "", "999999"),
    ("R7", "U002", "U001-370102001-1", "个人", "13800138007", "2026-03-02", "", "370102"),
]
FOUND = [
    (3, "业务流水号", "missing"),
    (4, "业务流水号", "repeated-number"),
    (5, "单位代码", "unknown-unit"),
    (6, "服务对象类型", "unknown-group"),
    (7, "办理日期", "bad-date"),
    (8, "区县代码", "unknown-county"),
    (9, "站所代码", "unknown-station"),
]


def count(place) -> int:
    return place.sql("select count(*) from service_record")[0][0]


def take(place, path, **values):
    return place.on_round(import_service_records, path=path, actor="designer", **values)


def test_every_bad_line_is_named_with_number_and_column_and_nothing_is_imported(draft, tmp_path):
    with pytest.raises(BadLines) as caught:
        take(draft, write_records(tmp_path / "bad.csv", BAD))
    assert [(p.line, p.column, p.problem) for p in caught.value.problems] == FOUND
    assert count(draft) == 0
    assert draft.sql("select count(*) from frame_import") == [(0,)]


def test_the_good_lines_are_imported_where_somebody_says_so(draft, tmp_path):
    report = take(draft, write_records(tmp_path / "bad.csv", BAD), accept_good=True)
    assert (report.lines, report.imported, report.refused) == (8, 1, 7)
    assert draft.sql("select record_no from service_record") == [("R1",)]
    assert draft.sql("select lines, imported, refused from frame_import") == [(8, 1, 7)]


def test_the_same_file_is_not_imported_twice_whatever_it_is_called(draft, tmp_path):
    take(draft, write_records(tmp_path / "one.csv", [GOOD]))
    with pytest.raises(Refused, match="imported into this round before"):
        take(draft, write_records(tmp_path / "two.csv", [GOOD]))
    assert count(draft) == 1


def test_a_number_of_another_file_is_not_imported_again(draft, tmp_path):
    take(draft, write_records(tmp_path / "one.csv", [GOOD]))
    with pytest.raises(BadLines):
        take(draft, write_records(tmp_path / "two.csv", [GOOD, ("R2", *GOOD[1:])]))
    assert count(draft) == 1


def test_gbk_and_utf8_with_mark_and_xlsx_give_the_same_records(draft, tmp_path):
    write_records(tmp_path / "gbk.csv", [GOOD], encoding="gb18030")
    write_records(tmp_path / "utf8.csv", [("R2", *GOOD[1:])], encoding="utf-8-sig")
    book = xlsxwriter.Workbook(tmp_path / "book.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ("R3", *GOOD[1:]))
    book.close()
    encodings = [take(draft, tmp_path / name).encoding for name in ("gbk.csv", "utf8.csv", "book.xlsx")]
    assert encodings == ["gb18030", "utf-8-sig", "xlsx"]
    rows = draft.sql('select "group", county, served_on, matter, person_index from service_record')
    assert len(rows) == 3
    assert len(set(rows)) == 1


@pytest.mark.parametrize(
    "written", ["2026-03-02", "2026/3/2", "2026.03.02", "2026年3月2日", "20260302", "2026-03-02 00:00:00"]
)
def test_a_day_is_understood_however_departments_write_it(draft, tmp_path, written):
    take(draft, write_records(tmp_path / "day.csv", [(*GOOD[:5], written, *GOOD[6:])]))
    assert draft.sql("select served_on from service_record") == [("2026-03-02",)]


def test_a_number_that_cannot_be_called_is_set_aside_and_not_kept(draft, tmp_path):
    rows = [(f"R{n}", *GOOD[1:4], phone, *GOOD[5:]) for n, phone in enumerate(["110", "+1 202 456 1111", "4008108888"])]
    report = take(draft, write_records(tmp_path / "aside.csv", rows))
    assert report.set_aside == {"invalid_number": 1, "foreign": 1, "premium": 1}
    assert draft.sql("select count(*) from service_record where phone_cipher is not null") == [(0,)]


def test_a_file_without_a_needed_column_is_refused_by_its_name(draft, tmp_path):
    path = tmp_path / "lacking.csv"
    path.write_text("业务流水号,单位代码\nR1,U001\n", encoding="utf-8")
    with pytest.raises(BadLines, match="手机号"):
        take(draft, path)


def test_no_number_stands_in_the_database_and_a_moved_one_cannot_be_read(draft, tmp_path):
    take(draft, write_records(tmp_path / "two.csv", [GOOD, ("R2", *GOOD[1:4], "13800138009", *GOOD[5:])]))
    first, second = draft.act(lambda s, r: s.query(ServiceRecord).order_by(ServiceRecord.record_no).all())
    assert read_phone(draft.runtime, first) == "+8613800138000"
    first.phone_cipher = second.phone_cipher
    with pytest.raises(InvalidTag):
        read_phone(draft.runtime, first)
    for path in draft.home.glob("evalsys.sqlite*"):
        assert b"13800138000" not in path.read_bytes()


def test_staff_numbers_are_kept_as_blind_indexes_and_counted_once(draft, tmp_path):
    path = tmp_path / "staff.csv"
    path.write_text("手机号\n13800138000\n138 0013 8000\nnothing\n", encoding="utf-8")
    assert draft.act(lambda s, r: import_staff_numbers(s, r, path, actor="designer")) == 1
    assert draft.act(lambda s, r: import_staff_numbers(s, r, path, actor="designer")) == 0
    assert "13800138000" not in str(draft.sql("select * from staff_number"))
