"""The designer's pages: what is wrong is said all at once, what is right is kept."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from tests.evalsys.faces.staff import (
    CITY,
    ROUND,
    UNITS,
    load_city,
    make_drafted_round,
    make_installation,
    programme_files,
    records_file,
    send,
    signed_in,
)

NEW_ROUND = "/design/programmes/example-2026/rounds"
RECORDS = f"/design/rounds/{ROUND}/records"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An installation with the example programme and a round of two units, none of it committed."""
    app = make_installation(tmp_path_factory.mktemp("home"))
    load_city(app)
    make_drafted_round(app)
    return app


def test_every_problem_of_a_programmes_files_is_listed_with_file_line_and_column(tmp_path):
    app = make_installation(tmp_path)
    grades = "code,at_least,name_zh,name_en\ngood,much,良好,Good\nfail,0,,Fail\n".encode()
    answer = send(signed_in(app, "planner"), "/design/", files=programme_files(grades_csv=grades), reason="try")
    assert answer.status_code == 422
    assert answer.text.count("grades.csv") == 2
    assert "at_least" in answer.text and "much" in answer.text and "name_zh" in answer.text
    assert "There is no programme yet" in signed_in(app, "planner").get("/design/").text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "P1 is answered on scale &#39;YESNO8&#39;, which does not exist"),
        ("zh_Hans", "问卷无法建立：P1 使用量表 &#39;YESNO8&#39; 作答，但该量表不存在；请在量表中补充。"),
    ],
)
def test_what_the_questionnaire_itself_refuses_is_said_in_the_readers_language(app, language, said):
    questionnaire = (CITY / "questionnaire.toml").read_bytes().replace(b'"YESNO9"', b'"YESNO8"', 1)
    files = programme_files(questionnaire_toml=questionnaire)
    answer = send(signed_in(app, "planner", language), "/design/", files=files, reason="try")
    assert answer.status_code == 422 and said in answer.text


def test_a_programme_page_shows_indicators_with_weights_and_the_version_with_its_reason(app):
    page = signed_in(app, "planner").get("/design/programmes/example-2026").text
    assert "Acts lawfully and fairly" in page or "I1" in page
    assert "0.15" in page and "first version" in page and "planner" in page


def test_a_programme_page_shows_how_many_segments_each_text_message_takes(app):
    page = signed_in(app, "planner", "zh_Hans").get("/design/programmes/example-2026").text
    row = page.partition("<code>invitation.zh</code>")[2].partition("</tr>")[0]
    assert "UCS-2" in row and row.endswith('<td class="number">2</td>')
    assert "<code>invitation.en</code>" in page and "条数" in page


def test_units_are_filtered_by_name_and_category(app):
    client = signed_in(app, "planner")
    everything, some = client.get("/design/units").text, client.get("/design/units?q=u001&category=enforcement").text
    assert "128 units" in everything
    assert "1 unit<" in some.replace("\n", "") and "U001" in some and "U002" not in some


def test_areas_add_up_to_all_stations(app):
    page = signed_in(app, "planner").get("/design/areas").text
    rows = [row.split("</td>")[-2].rpartition(">")[2] for row in page.split("</tr>") if 'scope="row"' in row]
    stations = (CITY / "stations.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert sum(int(cell.replace(",", "")) for cell in rows) == len(stations)


def test_a_changed_unit_keeps_its_name_in_a_round_that_is_made_already(app):
    client = signed_in(app, "planner")
    new = {"name_zh": "市新名局", "name_en": "Bureau of New Names", "category": "services", "is_key": "y"}
    assert send(client, f"/design/units/{UNITS[1]}", **new).status_code == 302
    assert "Bureau of New Names" in client.get("/design/units?q=U002").text
    assert "Bureau of New Names" not in client.get(f"/design/rounds/{ROUND}").text


def test_a_unit_without_a_name_is_not_saved_and_the_form_says_so(app):
    answer = send(signed_in(app, "planner"), "/design/units/U003", name_zh="", name_en="X", category="services")
    assert answer.status_code == 422
    assert "Fill this in." in answer.text


def test_a_round_that_nobody_planned_can_be_typed_in(app):
    client = signed_in(app, "planner")
    typed = {
        "plan": "-",
        "code": "2026-extra",
        "kind": "mid_year",
        "name_zh": "加测",
        "name_en": "Extra round",
        "period_from": "2026-01-01",
        "period_until": "2026-03-31",
        "field_from": "2026-05-01",
        "field_until": "2026-05-20",
        "frame_supplier": "the units",
        "units": ["U001"],
    }
    answer = send(client, NEW_ROUND, **typed | {"field_until": "2026-04-01"})
    assert answer.status_code == 422 and "The last day is before the first." in answer.text
    answer = send(client, NEW_ROUND, **typed | {"code": ""})
    assert answer.status_code == 422 and "Fill this in." in answer.text
    assert send(client, NEW_ROUND, **typed).status_code == 302
    page = client.get("/design/rounds/2026-extra").text
    assert "Extra round" in page and "May 1, 2026" in page and "May 20, 2026" in page


def test_a_bad_line_is_named_and_nothing_is_imported_until_good_lines_are_accepted(app):
    client = signed_in(app, "planner")
    page = "/design/rounds/2026-year-end"
    made = send(client, NEW_ROUND, plan="2026-year-end", units=list(UNITS), frame_supplier="x", kind="year_end")
    assert made.status_code == 302
    answer = send(client, page, f"{page}/records", file=records_file("bad.csv", broken=True))
    assert answer.status_code == 422
    assert "122" in answer.text and "U999" in answer.text and "31 June" in answer.text
    assert "No file was imported yet." in client.get(page).text
    answer = send(client, page, f"{page}/records", file=records_file("bad.csv", broken=True), accept_good="y")
    assert answer.status_code == 302
    assert "120 of 121 lines imported, 1 refused." in client.get(page).text


def test_the_frame_report_says_how_many_records_stay_and_why_others_do_not(app):
    page = signed_in(app, "planner").get(f"/design/rounds/{ROUND}?report=1").text
    assert "120 of 120 records are in the frame." in page
    assert "landline" in page


def test_who_may_only_read_sees_no_form(app):
    client = signed_in(app, "looker")
    assert '<form method="post" enctype' not in client.get(f"/design/rounds/{ROUND}").text
    assert client.post(RECORDS).status_code == 403


def test_a_questionnaire_leaves_as_a_form_and_comes_back_changed_as_the_next_version(tmp_path):
    app = make_installation(tmp_path)
    load_city(app)
    client, page = signed_in(app, "planner"), "/design/programmes/example-2026"
    form = client.get(f"{page}/questionnaire.xlsx").data
    assert {path.name for path in CITY.iterdir()} == set(
        zipfile.ZipFile(io.BytesIO(client.get(f"{page}/files.zip").data)).namelist()
    )
    book = openpyxl.load_workbook(io.BytesIO(form))
    row = next(row for row in range(2, 30) if book["survey"].cell(row, 2).value == "I1")
    for wording, status in (("", 422), ("一个新的问法", 302)):
        book["survey"].cell(row, 3).value = wording
        changed = io.BytesIO()
        book.save(changed)
        changed.seek(0)
        answer = send(client, page, f"{page}/questionnaire", workbook=(changed, "form.xlsx"), reason="clearer")
        assert answer.status_code == status
        assert (f"survey {row}" in answer.text) == (status == 422)
    shown = signed_in(app, "planner", "zh_Hans").get(page).text
    assert "一个新的问法" in shown and "clearer" in shown
    assert signed_in(app, "looker").post(f"{page}/questionnaire").status_code in (400, 403)


def test_the_printed_form_is_sent_in_both_languages_and_kinds_and_the_page_names_what_its_head_lacks(app):
    client, page = signed_in(app, "planner"), "/design/programmes/example-2026"
    for language in ("zh", "en"):
        for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK")):
            assert client.get(f"{page}/form/{language}/{kind}").data.startswith(begins)
    assert client.get(f"{page}/form/fr/pdf").status_code == 404
    assert "form number, issuing authority, approval number, valid until" in client.get(page).text
