"""A made-up citizen understands the telephone and the web page as a person would."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

import evalsys
from evalsys.design.programme_files import read_programme
from evalsys.gateways.simulator.hearing import Hearing, parse_form
from evalsys.render.question_forms import make_form
from surveys.instrument import Questionnaire, hearing_table

ROOT = Path(evalsys.__file__).parent
CONFIGURATION = read_programme(ROOT / "examples" / "city").configuration
QUESTIONNAIRE = Questionnaire.from_configuration(CONFIGURATION)
TABLE = hearing_table(CONFIGURATION)
HEARING = Hearing(TABLE)
CONTEXT = {"unit": "东城区税务局", "month": "2026年3月", "link": "https://example.org/q/abc"}
SPOKEN = [(code, language) for code in TABLE for language in ("zh", "en")]


def spoken_page(code, language):
    menu = QUESTIONNAIRE.message("menu", language, "voice", CONTEXT)
    return QUESTIONNAIRE.spoken(code, language, CONTEXT) + " " + menu


def web_page(template, language, question=None, **values):
    folders = [ROOT / "faces" / "respondent" / "templates", ROOT / "faces" / "templates"]
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True)
    environment.globals.update(
        _=lambda text, **parts: text % parts if parts else text,
        url_for=lambda endpoint, **parts: "/static/" + endpoint,
        at=lambda endpoint, **parts: "/q/" + endpoint,
        reading={},
        large=False,
    )
    if question is not None:
        values |= {
            "talk": {"questionnaire": QUESTIONNAIRE, "unit_name": {"zh": "税务局", "en": "Tax Office"}},
            "texts": {question.code: question.text(language, "web", QUESTIONNAIRE.context[language] | CONTEXT)},
        }
        values |= {
            "forms": {question.code: make_form(question, language)},
            "problems": [],
            "before": None,
            "number": 1,
            "total": 12,
        }
    return environment.get_template(f"respondent/{template}.html").render(lang=language, **values)


@pytest.mark.parametrize(("code", "language"), SPOKEN)
def test_every_spoken_question_is_recognised_with_its_language(code, language):
    assert HEARING.recognise(spoken_page(code, language)) == (code, language)


def test_line_breaks_and_spaces_do_not_hide_a_question():
    text = "\n  ".join(QUESTIONNAIRE.spoken("I1", "zh", CONTEXT))
    assert HEARING.recognise(text) == ("I1", "zh")


def test_of_two_fragments_that_are_heard_the_longer_one_counts():
    table = {
        "S": {"zh": "是否满意", "en": "", "options": {}},
        "L": {"zh": "态度是否满意", "en": "", "options": {}},
    }
    assert Hearing(table).recognise("您对态度是否满意？") == ("L", "zh")
    assert Hearing(table).recognise("您是否满意？") == ("S", "zh")


@pytest.mark.parametrize("text", ["", "好的，打扰您了，再见。", "Noted."])
def test_what_asks_nothing_is_not_taken_for_a_question(text):
    assert HEARING.recognise(text) is None


@pytest.mark.parametrize(("code", "language"), SPOKEN)
def test_every_answer_finds_the_key_that_stands_for_it(code, language):
    heard = spoken_page(code, language)
    for option in QUESTIONNAIRE.question(code).options:
        assert HEARING.key_for(heard, code, option.value, language) == option.phone_key


def test_a_label_that_ends_like_another_is_not_mixed_up_in_any_order():
    text = "如何？不满意请按1，非常满意请按2，满意请按3，基本满意请按4。"
    keys = {value: HEARING.key_for(text, "I1", value, "zh") for value in ("1", "2", "3", "4")}
    assert keys == {"1": "2", "2": "3", "3": "4", "4": "1"}


def test_an_answer_that_is_not_offered_has_no_key():
    assert HEARING.key_for("如何？非常满意请按1。", "I1", "2", "zh") is None
    assert HEARING.key_for(spoken_page("I1", "zh"), "I1", "77", "zh") is None
    assert HEARING.key_for(spoken_page("I1", "zh"), "XX", "1", "zh") is None


@pytest.mark.parametrize(("code", "language"), SPOKEN)
def test_a_slip_of_the_finger_never_hits_a_key_that_is_offered(code, language):
    heard = spoken_page(code, language)
    keys = {option.phone_key for option in QUESTIONNAIRE.question(code).options}
    assert HEARING.wrong_key(heard) not in keys | {QUESTIONNAIRE.repeat_key, QUESTIONNAIRE.back_key}


def test_a_slip_avoids_the_likeliest_keys_where_they_mean_something():
    assert HEARING.wrong_key("甲请按7，乙请按 9。") == "6"
    assert HEARING.wrong_key("For A press 7, for B Press 6.") == "9"
    assert HEARING.wrong_key("".join(f"请按{key}" for key in "0123456789*")) == "#"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", [code for code in QUESTIONNAIRE.order if QUESTIONNAIRE.question(code).options])
def test_on_the_respondents_own_page_each_question_and_each_answer_is_found(code, language):
    question = QUESTIONNAIRE.question(code)
    form = parse_form(web_page("question", language, question))
    assert HEARING.recognise_page(form, f"http://host/q/token/{code}?lang=x") == (code, language)
    for option in question.options:
        assert HEARING.radio_for(form, code, option.value, language) == ("answer", option.value)
    assert HEARING.radio_for(form, code, "77", language) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_comment_is_asked_by_a_text_area_and_known_by_its_address(language):
    form = parse_form(web_page("question", language, QUESTIONNAIRE.question("P2")))
    assert (form.textarea, form.radios) == ("answer", {})
    assert HEARING.recognise_page(form, "http://host/q/token/P2") == ("P2", language)


@pytest.mark.parametrize("resumed", [False, True])
def test_on_the_welcome_page_the_first_button_begins_and_no_question_is_seen(resumed):
    talk = {"unit_name": {"zh": "税务局", "en": "Tax Office"}}
    form = parse_form(web_page("welcome", "en", talk=talk, text="Hello", resumed=resumed))
    assert form.button == ("choice", "begin")
    assert "Please rate Tax Office" in form.text
    assert HEARING.recognise_page(form, "http://host/q/token") is None


def test_pages_without_a_form_to_fill_in_have_none():
    assert parse_form(web_page("finished", "zh", text="谢谢")) is None
    assert parse_form(web_page("unknown", "zh")) is None
    assert parse_form('<form method="get"><button name="a" value="b">x</button></form>') is None


def test_a_form_keeps_its_hidden_fields_action_and_labels_by_for():
    form = parse_form(
        '<title>no</title><form method="post" action="/x?a=1"><button name="go" value="1">Go</button></form>'
        '<form method="POST" action="/there"><input type="hidden" name="t" value="&lt;7&gt;">'
        '<legend>How  <b>was</b> it?</legend><input id="r1" type="radio" name="answer" value="5">'
        '<label for="r1">Very\n good</label></form>'
    )
    assert form.action == "/there"
    assert form.fields == {"t": "<7>"}
    assert form.radios == {"answer": [("5", "Very good")]}
    assert form.button is None
    assert form.text == "Go How was it? Very good"


def test_a_recording_is_heard_whichever_unit_it_names():
    recording = {language: f"https://example.org/{language}/{{unit_code}}/I1.mp3" for language in ("zh", "en")}
    table = {code: dict(row) for code, row in TABLE.items()}
    heard = {language: table["I1"][language] + QUESTIONNAIRE.choices("I1", language) for language in ("zh", "en")}
    table["I1"] |= {"recording": recording, "recorded": heard}
    hearing = Hearing(table)
    text = hearing.transcribe("https://example.org/en/U001.a/I1.mp3")
    assert hearing.recognise(text) == ("I1", "en")
    assert hearing.key_for(text, "I1", "5", "en") == "5"
    assert hearing.transcribe("https://example.org/en/U001/I2.mp3") == ""
