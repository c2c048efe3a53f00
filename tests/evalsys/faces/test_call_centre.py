"""The exchange with a call centre on the page of a round: a list is downloaded, results are uploaded, by those who run fieldwork only."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from evalsys.accounts.actions import add_user
from tests.evalsys.faces.staff import PASSWORD, PEOPLE, send, signed_in
from tests.evalsys.fieldwork.call_centre import (
    COMPLETE,
    HEADER,
    copy_of_exchange,
    make_exchange,
    result,
    take_list,
    write_results,
)
from tests.evalsys.installation import ROUND

PAGE = f"/commission/rounds/{ROUND}"
LISTS, RESULTS = f"{PAGE}/call-centre/lists", f"{PAGE}/call-centre/results"


@pytest.fixture(scope="module")
def _exchange(tmp_path_factory):
    place = make_exchange(tmp_path_factory.mktemp("exchange"))
    for name, role in PEOPLE.items():
        place.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    return place


@pytest.fixture
def place(_exchange, tmp_path):
    """An open round whose calls a call centre makes, and people who sign in."""
    return copy_of_exchange(_exchange, tmp_path / "home")


def upload(place, client, *lines, **fields):
    """Send a file of results."""
    path = write_results(place.home / "results.csv", lines)
    content = path.read_bytes()
    path.unlink()
    return send(client, PAGE, RESULTS, results=(io.BytesIO(content), "results.csv"), **fields)


def test_a_list_is_downloaded_as_a_workbook_that_says_what_is_asked_and_what_comes_back(place):
    client = signed_in(place.app, "chair")
    answer = send(client, PAGE, LISTS, limit="5", kind=".xlsx")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert f'filename="{ROUND}-list-1.xlsx"' in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["工作单", "结果回传", "问卷", "结果用语"]
    rows = list(book["工作单"].iter_rows(values_only=True))
    assert len(rows) == 6 and all(row[1].startswith("+861740") for row in rows[1:])
    assert [cell.value for cell in book["结果回传"][1]] == list(HEADER)
    questions = [row[0] for row in book["问卷"].iter_rows(min_row=2, values_only=True) if row[0]]
    assert questions == list(HEADER[6:])
    assert "{" not in str(list(book["问卷"].iter_rows(values_only=True)))
    assert ("无人接听", "3.13", "无人接听") in list(book["结果用语"].iter_rows(values_only=True))
    assert place.sql("SELECT count(*), min(state) FROM attempt") == [(5, "placed")]


def test_the_page_shows_what_is_due_which_lists_are_out_and_which_files_came_back(place):
    client = signed_in(place.app, "chair")
    row = take_list(place, limit=2).rows[0]
    assert upload(place, client, result(place, row.code, 通话秒数="60", **COMPLETE)).status_code == 302
    page = client.get(PAGE).text
    assert "1 of 1 lines imported; 0 were known already, 0 are bad and were left out." in page
    assert "results.csv" in page and "Download again" in page
    again = send(client, PAGE, f"{LISTS}/1")
    assert len(list(openpyxl.load_workbook(io.BytesIO(again.data))["工作单"].iter_rows())) == 2
    assert place.sql("SELECT outcome FROM interview WHERE state = 'answered'") == [("1.1",)]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "is not a code of a work list"), ("zh_Hans", "不是工作单上的编号")]
)
def test_bad_lines_are_listed_on_a_page_and_nothing_is_imported(place, language, words):
    client = signed_in(place.app, "chair", language)
    good = take_list(place, limit=1).rows[0].code
    lines = [result(place, good, 结果="占线"), result(place, "ffff-0000", 结果="占线")]
    answer = upload(place, client, *lines)
    assert answer.status_code == 422 and "ffff-0000" in answer.text and words in answer.text
    assert place.sql("SELECT count(*) FROM result_file") == [(0,)]
    assert upload(place, client, *lines, accept="y").status_code == 302
    assert place.sql("SELECT imported, refused FROM result_file") == [(1, 1)]
    assert upload(place, client, *lines, accept="y").status_code == 409


def test_an_uploaded_file_is_gone_once_it_was_read(place, monkeypatch):
    """Whatever the upload was kept in while it was read, nothing of it is left on the disk."""
    folder = place.home / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    client = signed_in(place.app, "chair")
    row = take_list(place, limit=1).rows[0]
    assert upload(place, client, result(place, row.code, **COMPLETE)).status_code == 302
    assert upload(place, client, result(place, "no-code", **COMPLETE)).status_code == 422
    assert list(folder.rglob("*")) == []
    assert [path for path in Path(place.home).rglob("results*")] == []


def test_a_form_without_a_file_or_with_a_bad_number_says_so_on_the_page(place):
    client = signed_in(place.app, "chair")
    answer = send(client, PAGE, RESULTS)
    assert answer.status_code == 422 and "Choose a file." in answer.text
    answer = send(client, PAGE, LISTS, limit="-1", kind=".csv")
    assert answer.status_code == 422 and place.sql("SELECT count(*) FROM attempt") == [(0,)]


def test_when_nothing_is_due_the_page_says_so_instead_of_an_empty_file(place):
    client = signed_in(place.app, "chair")
    take_list(place)
    assert send(client, PAGE, LISTS, limit="", kind=".csv").status_code == 302
    assert "No call is due." in client.get(PAGE).text


def test_who_only_reads_fieldwork_gets_no_form_and_an_installation_that_dials_shows_no_call_centre(place):
    assert "call-centre/" not in signed_in(place.app, "planner").get(PAGE).text
    place.runtime.settings = replace(place.runtime.settings, telephone="twilio")
    assert 'id="call-centre"' not in signed_in(place.app, "chair").get(PAGE).text
