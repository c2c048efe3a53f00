"""Documents that are handed around: each is read back by a program other than the one that wrote it."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import re
import subprocess
import zipfile
import zlib
from datetime import timedelta

import openpyxl
import pytest
from docx import Document
from docx.oxml.ns import qn
from flask_babel import force_locale

from evalsys.accounts.actions import add_user
from evalsys.base.clock import FixedClock
from evalsys.base.database import db, transaction
from evalsys.outbox.worker import run_due_jobs
from evalsys.render.unit_report import describe_change, make_page
from evalsys.results import reports
from evalsys.results.queries import get_publication
from evalsys.results.reports import ReportContent, find_reports, order_reports
from tests.evalsys.faces.published_city import YEAR_END, all_figures, hidden_units, publish_city
from tests.evalsys.faces.staff import PASSWORD, send, signed_in

LANGUAGES = ("zh_Hans", "en")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """An application with two published rounds."""
    return publish_city(tmp_path_factory.mktemp("city"))


@pytest.fixture
def client(city):
    return city.test_client()


def without_cached_values(workbook: bytes) -> bytes:
    """The workbook without what its formulas came to, so that whoever opens it has to compute."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            new.writestr(name, content)
    return buffer.getvalue()


def test_libreoffice_computes_the_published_scores_from_the_workbook_s_formulas(client, tmp_path):
    published = client.get(f"/results/{YEAR_END}/scores.xlsx?lang=en").data
    (tmp_path / "scores.xlsx").write_bytes(without_cached_values(published))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run(
        [*command, "--outdir", tmp_path / "out", tmp_path / "scores.xlsx"], check=True, capture_output=True, timeout=120
    )
    empty = openpyxl.load_workbook(tmp_path / "scores.xlsx", data_only=True)
    assert empty["Scores"]["L3"].value is empty["Scores"]["S3"].value is None, "nothing is left to copy"
    again = openpyxl.load_workbook(tmp_path / "out" / "scores.xlsx", data_only=True)
    stated = openpyxl.load_workbook(io.BytesIO(published), data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(published))
    computed = [cell for sheet in formulas for row in sheet.rows for cell in row if cell.data_type == "f"]
    composite = next(cell.column for cell in formulas["Scores"][1] if cell.value == "Composite")
    assert sum(cell.parent.title == "Scores" and cell.column == composite for cell in computed) == 9
    for cell in computed:
        here, there = (book[cell.parent.title][cell.coordinate].value for book in (stated, again))
        assert there == pytest.approx(here, abs=1e-9), (cell.parent.title, cell.coordinate)


def test_every_sheet_prints_on_the_width_of_a_page(client):
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/results/{YEAR_END}/scores.xlsx?lang=zh_Hans").data))
    for sheet in book:
        assert sheet.print_area and sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
    assert book["总表"].freeze_panes == "C2" and book["总表"].print_title_rows


def plain_pdf(content: bytes) -> bytes:
    """What a PDF says, its packed parts unpacked."""
    parts = []
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompress(part))
    return content + b"".join(parts)


@pytest.fixture
def content(city):
    """What the Chinese reports of the year-end round are made of."""
    with city.app_context(), force_locale("zh_Hans"):
        publication = get_publication(db.session(), YEAR_END)
        yield ReportContent.of(db.session(), city.extensions["evalsys"], publication, "zh")
        db.session.remove()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_of_a_unit_is_one_accessible_page(client, language):
    answer = client.get(f"/results/{YEAR_END}/units/U002/report.pdf?lang={language}")
    plain = plain_pdf(answer.data)
    assert len(re.findall(rb"/Type ?/Page\b", plain)) == 1
    assert b"pdfuaid:part" in plain and b"/StructTreeRoot" in plain and b"/Figure" in plain
    assert ("/Lang (zh-Hans)" if language == "zh_Hans" else "/Lang (en)").encode() in plain


def test_the_report_says_score_interval_indicators_and_rank_set_as_published(city, content):
    row = content.table.find("U002")
    page = make_page(content.table, row, content.disclosure, content.round_name, None)
    for value in (row.composite, row.hotline_score, row.rank_set, f"{row.get('survey_low')}–{row.get('survey_high')}"):
        assert value in page
    for item in content.table.scored:
        assert f'<td class="number">{float(row.mean(item["code"])):.2f}</td>' in page
    assert "无法与上一年比较" in page and "区间重叠的单位不能区分先后" in page


def test_no_report_shows_anything_of_a_hidden_unit(city, client, content):
    hidden = hidden_units(city)
    assert client.get(f"/results/{YEAR_END}/units/{hidden[0]}/report.pdf").status_code == 404
    unit = content.table.find("U002")
    names = [row.name for row in content.table.rows if row.code in hidden]
    page = make_page(content.table, unit, content.disclosure, content.round_name, None)
    for picture in re.findall(r"base64,([^\"]+)", page):
        page += base64.b64decode(picture).decode()
    assert unit.name in page and not any(name in page for name in names)


@pytest.mark.parametrize(("before", "said"), [("66.0", "可能出于偶然"), ("40.0", "超出了偶然的范围")])
def test_a_change_since_the_year_before_is_said_with_its_interval(content, before, said):
    row = content.table.find("U002")
    own = float(row.get("survey_score"))
    earlier = {"visibility": "full", "survey_score": f"{before}", "survey_std_error": "2.000", "df": 60}
    sentence = describe_change(row, earlier, "0.95")
    assert said in sentence and f"{own - float(before):+.2f}" in sentence


def test_the_reports_of_all_units_come_from_one_job_that_another_worker_can_go_on_with(tmp_path, monkeypatch):
    app = publish_city(tmp_path, per_category=2)
    made = []

    def write(table, row, *_):
        made.append(row.code)
        if len(made) == 2:
            raise OSError("the disk is full")
        return b"%PDF " + row.code.encode()

    monkeypatch.setattr(reports, "write_unit_report", write)
    with app.app_context():
        runtime = app.extensions["evalsys"]
        runtime.clock = FixedClock(runtime.clock.now())
        with transaction() as session:
            order_reports(session, runtime, YEAR_END, "en")
        assert run_due_jobs() == 1
        found = find_reports(db.session(), runtime, get_publication(db.session(), YEAR_END), "en")
        assert (found.made, found.of, found.over, "disk is full" in found.error) == (1, 3, False, True)
        db.session.remove()
        runtime.clock.advance(timedelta(minutes=5))
        assert run_due_jobs() == 1
        found = find_reports(db.session(), runtime, get_publication(db.session(), YEAR_END), "en")
        assert (found.made, found.of, found.over, found.error) == (3, 3, True, "")
        with zipfile.ZipFile(found.path) as archive:
            shown = {name: archive.read(name) for name in archive.namelist()}
        db.session.remove()
    assert made.count(made[0]) == 1, "a report that is there is not made again"
    assert shown == {f"{code}.pdf": b"%PDF " + code.encode() for code in made} and len(shown) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_briefing_has_every_unit_with_its_interval_and_the_worst_set_in_words(city, client, language):
    units = {
        unit["unit"]: unit for unit in client.get(f"/results/{YEAR_END}/scores.json?lang={language}").json["units"]
    }
    document = Document(io.BytesIO(client.get(f"/results/{YEAR_END}/briefing.docx?lang={language}").data))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows[1:]]
    shown = {cells[0]: cells[1:] for cells in rows}
    assert shown.keys() == {unit["name"] for unit in units.values()} and len(shown) == len(rows) == 12
    for code, unit in units.items():
        low, high = unit["survey_low"], unit["survey_high"]
        assert shown[unit["name"]][2] == (f"{low}–{high}" if low else "—")
        assert code not in hidden_units(city) or set(shown[unit["name"]]) == {"—"}
    assert ("不能排除居末位" if language == "zh_Hans" else "cannot be excluded as last") in text
    for name in ("Normal", "Heading 1", "Heading 2"):
        assert document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) == "Noto Sans CJK SC"


def test_csv_and_json_hold_what_is_published_and_nothing_of_hidden_units(city, client):
    table = csv.DictReader(io.StringIO(client.get(f"/results/{YEAR_END}/scores.csv").data.decode("utf-8-sig")))
    rows = {row["unit"]: row for row in table}
    units = {unit["unit"]: unit for unit in client.get(f"/results/{YEAR_END}/scores.json").json["units"]}
    assert rows.keys() == units.keys() and len(units) == 12
    for code, unit in units.items():
        assert {name: "" if value is None else str(value) for name, value in unit.items()} == rows[code]
    for figures in all_figures(city, YEAR_END)["units"]:
        unit = units[figures["unit"]]
        if figures["unit"] in hidden_units(city):
            assert {name for name, value in unit.items() if value is not None} == {
                "unit",
                "name",
                "category",
                "visibility",
            }
        else:
            assert (
                unit["survey_score"] == figures["survey_score"]
                and unit["I1_mean"] == figures["indicators"]["I1"]["mean"]
            )


def test_the_commission_orders_the_reports_and_follows_them_and_a_stranger_does_not(city):
    page = f"/commission/rounds/{YEAR_END}/documents"
    with city.app_context():
        with transaction() as session:
            clock = city.extensions["evalsys"].clock
            add_user(session, clock, name="chair", display_name="chair", password=PASSWORD, roles=["commission"])
        db.session.remove()
    for address in (page, f"{page}/en.zip"):
        assert "/sign-in" in city.test_client().get(address).location
    client = signed_in(city, "chair")
    assert client.get(f"{page}/en.zip").status_code == client.get(f"{page}/fr.zip").status_code == 404
    assert send(client, page, f"{page}/en").status_code == 302
    assert "0 of 9 reports are made." in client.get(page).text
