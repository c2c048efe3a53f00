"""What everybody may see is complete in both languages, and nothing more than may be shown."""

from __future__ import annotations

import html
import io
import json
import re

import openpyxl
import pytest

from evalsys.base.database import db, transaction
from evalsys.results.disclosure import ITEMS
from evalsys.results.models import Publication
from tests.evalsys.faces.published_city import MID_YEAR, OUTCOMES, YEAR_END, all_figures, hidden_units, publish_city

LANGUAGES = ("zh_Hans", "en")
PAGES = (
    "/",
    "/verify/",
    f"/results/{MID_YEAR}/",
    f"/results/{YEAR_END}/",
    f"/results/{YEAR_END}/units/U002",
    f"/results/{YEAR_END}/units/U001",
    f"/results/{YEAR_END}/method",
    f"/results/{YEAR_END}/verify",
)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """An application with two published rounds."""
    return publish_city(tmp_path_factory.mktemp("city"))


@pytest.fixture
def client(city):
    return city.test_client()


def read(client, address: str, language: str = "en") -> str:
    """The text of a page that must be there."""
    answer = client.get(address, query_string={"lang": language})
    assert answer.status_code == 200, address
    return answer.text


def read_sheets(client, language: str, formulas: bool = False, round_code: str = YEAR_END) -> dict[str, list[tuple]]:
    """Every sheet of a round's workbook as rows."""
    content = client.get(f"/results/{round_code}/scores.xlsx?lang={language}").data
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=not formulas)
    return {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_there_in_both_languages(client, address, language):
    text = read(client, address, language)
    assert f'<html lang="{language.replace("_", "-")}">' in text
    assert ("行风评议" in text) == (language == "zh_Hans")
    assert ("虚构" in text) == (language == "zh_Hans"), "the banner of the example stands on every page"
    assert "<script>" not in text and " style=" not in text and " onclick=" not in text


def test_the_start_page_links_every_published_round(client):
    text = read(client, "/")
    assert f"/results/{MID_YEAR}/" in text and f"/results/{YEAR_END}/" in text
    assert text.count("<h2>2026</h2>") == 1, "rounds stand under their year"


@pytest.mark.parametrize("address", ["", "method", "verify", "scores.xlsx", "bundle.zip", "categories/services.json"])
def test_a_round_that_is_not_published_is_not_found(client, address):
    assert client.get(f"/results/2031-mid-year/{address}").status_code == 404


def test_the_table_has_the_figures_of_every_unit_that_may_be_shown(client, city):
    text = read(client, f"/results/{MID_YEAR}/")
    shown = [unit for unit in all_figures(city, MID_YEAR)["units"] if unit["visibility"] == "full"]
    assert shown
    for unit in shown:
        for value in (unit["survey_score"], unit["survey_low"], unit["score"], unit["hotline"]["score"]):
            assert value in text, (unit["unit"], value)


@pytest.mark.parametrize("code", [MID_YEAR, YEAR_END])
def test_a_hidden_unit_has_its_name_and_dashes_in_every_table(client, city, code):
    text = read(client, f"/results/{code}/")
    for unit in hidden_units(city):
        rows = re.findall(rf"<tr[^>]*>(?:(?!</tr>).)*/units/{unit}\".*?</tr>", text, re.DOTALL)
        cells = re.findall(r"<td[^>]*>(.*?)</td>", rows[0], re.DOTALL)
        assert len(rows) == 1 and len(cells) > 12
        assert {cell.strip() for cell in cells[2:]} == {"—"}
        page = read(client, f"/results/{code}/units/{unit}").partition("<main")[2]
        assert "not shown: too few answers" in page and not re.search(r"\d\.\d", page)


@pytest.mark.parametrize("code", [MID_YEAR, YEAR_END])
def test_no_file_or_figure_holds_a_mean_of_a_hidden_unit(client, city, code):
    hidden = hidden_units(city)
    means = {
        part["mean"]
        for unit in all_figures(city, code)["units"]
        if unit["unit"] in hidden
        for part in unit["indicators"].values()
    }
    assert len(means) == 27
    everything = json.dumps(read_sheets(client, "en", round_code=code), default=str)
    everything += "".join(
        client.get(f"/results/{code}/categories/{name}.json").text
        for name in ("enforcement", "services", "administration")
    )
    assert not {float(mean) for mean in means} & {float(number) for number in re.findall(r"\d+\.\d+", everything)}


def test_a_figure_for_the_screen_has_exactly_the_units_that_are_shown(client, city):
    hidden = hidden_units(city)
    shared = [unit for unit in all_figures(city, YEAR_END)["units"] if unit["category"] == "services"]
    drawn = json.loads(client.get(f"/results/{YEAR_END}/categories/services.json").text)["data"][0]
    assert len(drawn["y"]) == sum(unit["unit"] not in hidden for unit in shared)
    assert "Education" not in json.dumps(drawn)


def test_the_worst_set_is_said_in_words(client, city):
    assert "cannot be excluded as last" in read(client, f"/results/{YEAR_END}/")
    worst = all_figures(city, YEAR_END)["categories"][0]["worst_set"]
    assert worst
    assert "cannot be excluded that this unit is last" in read(client, f"/results/{YEAR_END}/units/{worst[0]}")


def test_a_unit_page_says_how_its_score_follows(client, city):
    unit = next(one for one in all_figures(city, MID_YEAR)["units"] if one["unit"] == "U002")
    text = read(client, f"/results/{MID_YEAR}/units/U002")
    terms = " + ".join(
        f"{weight} × {unit['indicators'][code]['mean']}"
        for code, weight in {"I1": 0.2, "I2": 0.15, "I3": 0.2, "I4": 0.1, "I5": 0.15, "I6": 0.2}.items()
    )
    assert terms in text
    assert f"0.7 × {unit['survey_score']} + 0.3 × {unit['hotline']['score']}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_method_page_has_every_item_that_a_disclosure_must_have(client, language):
    text = read(client, f"/results/{YEAR_END}/method", language)
    assert text.count("<h2>") == len(ITEMS)
    for code, count in OUTCOMES.items():
        assert f"<td>{code}</td>" in text and f">{count}</td>" in text


def test_the_public_bundle_can_be_downloaded_and_the_auditor_s_cannot(client):
    assert client.get(f"/results/{YEAR_END}/bundle.zip").data == b"public bundle"
    refused = client.get(f"/results/{YEAR_END}/bundle-auditor.zip")
    assert refused.status_code == 302 and "/sign-in" in refused.location
    assert b"auditor bundle" not in refused.data


@pytest.mark.parametrize("code", ["..", "../..", "%2e%2e/%2e%2e", "..%2f..%2fsecret.key"])
def test_no_address_leads_out_of_what_is_published(client, code):
    assert client.get(f"/results/{code}/bundle.zip").status_code in (301, 308, 404)
    assert client.get(f"/static/{code}/secret.key").status_code == 404


def test_the_verifier_is_the_program_that_repeats_the_draw(client):
    answer = client.get("/verify_draw.py")
    assert answer.status_code == 200
    compile(answer.text, "verify_draw.py", "exec")


def test_the_verification_page_tells_the_installation_s_public_key(client, city):
    key = city.extensions["evalsys"].keyring.signing_key().public_key().public_bytes_raw().hex()
    assert key in read(client, "/verify/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_recomputes_survey_and_round_scores_from_the_indicators(client, city, language):
    formulas, values = read_sheets(client, language, formulas=True), read_sheets(client, language)
    scores = list(formulas)[1]
    rows = [row for row in formulas[scores] if any(str(cell).startswith("=ROUND(SUMPRODUCT") for cell in row)]
    shown = [unit for unit in all_figures(city, YEAR_END)["units"] if unit["visibility"] == "full"]
    assert len(rows) == len(shown)
    indicators = list(formulas)[2]
    header, weights, *means = values[indicators]
    for unit in shown:
        row = next(line for line in means if line[0] == unit["unit"])
        again = sum(weights[at] * row[at] for at in range(3, 9)) / sum(weights[3:9])
        assert round(again, 2) == pytest.approx(float(unit["survey_score"]), abs=0.0051)


def test_the_workbook_joins_the_rounds_of_the_year_with_the_weights_beside_them(client):
    formulas, values = read_sheets(client, "en", formulas=True)["The year"], read_sheets(client, "en")["The year"]
    rows = [line for line in zip(formulas, values, strict=True) if str(line[0][7]).startswith("=ROUND")]
    assert len(rows) == 9
    assert any(value[3] is None for _, value in rows), "a unit that is no key unit has a year-end round only"
    for formula, value in rows:
        middle, share, end, rest = value[3:7]
        assert ((middle or 0) * share + end * rest) / (share + rest) == pytest.approx(value[7], abs=0.0051)
        assert value[9] == pytest.approx(value[7] + value[8])
        assert formula[9].startswith("=H")


SHEETS = {
    "zh_Hans": [
        "说明",
        "总表",
        "指标明细",
        "全年",
        "群体×方式",
        "执行情况",
        "热线",
        "加扣分",
        "整改",
        "方法",
        "修订记录",
    ],
    "en": [
        "About",
        "Scores",
        "Indicators",
        "The year",
        "Groups × methods",
        "Conduct of fieldwork",
        "The hotline",
        "Bonus and deduction",
        "Rectification",
        "Method",
        "Revisions",
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_its_sheets_by_name(client, language):
    assert list(read_sheets(client, language)) == SHEETS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_groups_has_the_published_scores_and_those_of_the_unit_s_page(client, city, language):
    """Score, error and answers of every group that may be shown, then survey, hotline and round; weights above them."""
    rows = list(read_sheets(client, language).values())[4]
    assert rows[1][3::3][:3] == (0.5, 0.25, 0.25) and rows[1][12:14] == (0.7, 0.3)
    numbers = {row[0]: row[3:] for row in rows[2:]}
    units = all_figures(city, YEAR_END)["units"]
    assert set(numbers) == {unit["unit"] for unit in units}
    assert any(cell["hidden"] for unit in units for cell in unit["groups"].values() if unit["visibility"] != "nothing")
    for unit in units:
        given = [cell[name] for cell in unit["groups"].values() for name in ("score", "std_error", "n")]
        given += [unit["survey_score"], unit["hotline"]["score"], unit["score"]]
        hidden = unit["unit"] in hidden_units(city)
        assert numbers[unit["unit"]] == tuple(None if hidden or x is None else float(x) for x in given)
        page = read(client, f"/results/{YEAR_END}/units/{unit['unit']}", language)
        for score in given[:9:3]:
            assert hidden or score is None or f">{score}<" in page


def test_a_small_group_is_empty_and_not_alone_in_its_unit(client, city):
    """Twelve representatives: neither their score nor that of a second group is on the sheet or on the unit's page."""
    unit = all_figures(city, YEAR_END)["units"][1]
    row = next(row for row in read_sheets(client, "en")["Groups × methods"] if row[0] == unit["unit"])
    assert row[9:12] == (None, None, None) and row[3:12].count(None) == 6
    table = read(client, f"/results/{YEAR_END}/units/{unit['unit']}").partition("Evaluator groups</h2>")[2]
    assert table.partition("</table>")[0].count(">—<") == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_method_sheet_says_what_the_method_page_says(client, language):
    """Every text and number of the page stands on the sheet in the same order, and nothing else does."""
    main = read(client, f"/results/{YEAR_END}/method", language).partition('class="lead-in"')[2].partition("</main>")[0]
    elements = re.findall(r"<(h2|p|li|dt|dd|caption|th|td)\b[^>]*>(.*?)</\1>", main.partition("</p>")[2], re.DOTALL)
    page = [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for _, text in elements]
    sheet = [
        cell
        if isinstance(cell, str)
        else f"{cell:,}"
        if isinstance(cell, int) and kind == "0"
        else f"{100 * cell:.1f}%"
        for cell, kind in read_method(client, language)
    ]
    assert len(page) > 100
    assert sheet == [text for text in page if text != "—"]


def read_method(client, language: str) -> list[tuple]:
    """The cells of the method sheet that hold something, with ``0`` for a count and ``%`` for a share."""
    content = client.get(f"/results/{YEAR_END}/scores.xlsx?lang={language}").data
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[-2]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    return [(cell.value, "%" if cell.number_format.endswith("%") else "0") for cell in cells]


def test_text_in_the_workbook_is_never_a_formula(city, client):
    with city.app_context():
        with transaction() as session:
            publication = session.query(Publication).join(Publication.round).filter_by(code=YEAR_END).one()
            unit = next(one for one in publication.round.units if one.code == "U002")
            before, unit.name_en = unit.name_en, '=HYPERLINK("http://elsewhere")'
        db.session.remove()
    rows = read_sheets(client, "en", formulas=True)
    content = client.get(f"/results/{YEAR_END}/scores.xlsx?lang=en").data
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet.rows for cell in row]
    named = [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith("'=HYPERLINK")]
    with city.app_context():
        with transaction() as session:
            publication = session.query(Publication).join(Publication.round).filter_by(code=YEAR_END).one()
            next(one for one in publication.round.units if one.code == "U002").name_en = before
        db.session.remove()
    assert rows and named
    assert {cell.data_type for cell in named} == {"s"}
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]


def listed(text: str) -> list[str]:
    """Unit codes in the order in which the score tables list them."""
    return re.findall(r'<th scope="row" class="unit"><a href="/results/[^/]+/units/([^"]+)"', text)


def test_the_address_orders_and_selects_rows_without_scripts(client, city):
    units = {unit["unit"]: unit for unit in all_figures(city, YEAR_END)["units"] if unit["category"] == "services"}
    place = f"/results/{YEAR_END}/categories/services/"
    shown = [code for code in units if code not in hidden_units(city)]
    by_score = sorted(shown, key=lambda code: -float(units[code]["survey_score"]))
    assert listed(client.get(f"{place}?sort=survey").text)[: len(shown)] == by_score
    upwards = listed(client.get(f"{place}?sort=survey-up").text)
    assert upwards[: len(shown)] == by_score[::-1] and set(upwards[len(shown) :]) <= set(hidden_units(city))
    assert listed(client.get(f"{place}?sort=nonsense").text) == sorted(units)
    assert listed(client.get(f"/results/{YEAR_END}/?find=traffic+POLICE&lang=en").text) == ["U002"]
    assert "cannot be excluded as last" in client.get(f"/results/{YEAR_END}/?find=traffic&lang=en").text


@pytest.mark.parametrize("kind", ["intervals", "ranks", "funnel", "indicators"])
def test_no_figure_of_a_category_draws_a_hidden_unit(client, city, kind):
    place = f"/results/{YEAR_END}/categories/services.json?lang=en&figure={kind}"
    figure = json.loads(client.get(place).text)
    names = json.dumps([[trace.get("y"), trace.get("text")] for trace in figure["data"]])
    assert "Education" not in names and figure["data"]
    points = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    shared = [unit for unit in all_figures(city, YEAR_END)["units"] if unit["category"] == "services"]
    assert {len(trace["text"]) for trace in points} == {sum(u["unit"] not in hidden_units(city) for u in shared)}


def test_the_anatomy_of_a_score_adds_up_to_it(client, city):
    unit = next(one for one in all_figures(city, YEAR_END)["units"] if one["unit"] == "U002")
    bars = json.loads(client.get(f"/results/{YEAR_END}/units/U002/anatomy.json").text)["data"][0]["x"]
    assert len(bars) == 8 and sum(bars[:-1]) == pytest.approx(bars[-1])
    assert bars[-1] == pytest.approx(float(unit["score"]), abs=0.011)
    assert client.get(f"/results/{YEAR_END}/units/{hidden_units(city)[0]}/anatomy.json").status_code == 404


def test_other_weights_are_compared_by_the_published_means(client):
    text = client.get(f"/results/{YEAR_END}/categories/services/?lang=en").text.partition(
        "What other weights would do</h2>"
    )[2]
    assert text.count("without I") == 6 and "equal weights" in text
    shares = re.findall(r'<td class="number">(-?[\d.]+)%</td></tr>', text)
    assert len(shares) == 6 and sum(map(float, shares)) == pytest.approx(100, abs=0.4)


@pytest.mark.parametrize("address", ["/", f"/results/{YEAR_END}/", f"/results/{YEAR_END}/scores.csv"])
def test_what_a_reader_already_has_is_not_sent_again(city, address):
    first = city.test_client().get(f"{address}?x=1", headers={"Accept-Language": "en"})
    assert first.status_code == 200 and "max-age" in first.headers["Cache-Control"]
    assert {"Cookie", "Accept-Language"} <= set(first.vary)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = city.test_client().get(f"{address}?x=1", headers={"Accept-Language": "en", **tag})
    assert again.status_code == 304 and not again.data
    other = city.test_client().get(f"/results/{YEAR_END}/?sort=survey", headers={"Accept-Language": "en", **tag})
    assert other.status_code == 200


def test_the_auditor_s_and_the_health_s_answers_are_not_kept(client):
    assert "max-age" not in client.get("/healthz").headers.get("Cache-Control", "")
    assert "max-age" not in client.get(f"/results/{YEAR_END}/analysis-auditor.zip").headers.get("Cache-Control", "")
