"""A questionnaire as an XLSForm and back: nothing is lost, what is wrong is said by sheet and row, and pyxform takes it."""

from __future__ import annotations

import copy
import io
import random
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxform.xls2xform import convert

import evalsys.examples
from evalsys.base.errors import Refused
from evalsys.design.programme_files import ProgrammeProblems, configuration_sha256, read_programme
from evalsys.design.programme_layout import QUESTION
from evalsys.design.xlsform_conditions import NoCondition, read_condition, write_condition
from evalsys.design.xlsform_reading import read_xlsform
from evalsys.design.xlsform_relevance import relevant_by_question, rules_from_relevant
from evalsys.design.xlsform_sheets import LABELS, write_xlsform
from evalsys.units.import_rows import ImportProblem
from surveys.instrument.routing import Rule, follow, holds
from tests.journeys.every_kind import every_kind

CITY = read_programme(Path(evalsys.examples.__file__).parent / "city")
ORDER = ("Q0", "Q1", "Q2", "Q3", "Q4", "Q5")


def varied() -> dict:
    """The city's configuration with what the city leaves out: rules of every shape, wordings of indicators, recordings, settings."""
    content = copy.deepcopy(CITY.configuration)
    part = content["questionnaire"]
    part["language_key"] = "*"
    part["order"] = ["Q0", "I2", "I1", *part["order"][3:]]
    part["messages"]["choose_language"] = {"voice": {"zh": "中文请按星号。", "en": "For Chinese press star."}}
    part["routing"] += [
        {"after": "I2", "goto": "I4", "when": {"all": [{"question": "I2", "any_of": ["1"]}]}},
        {
            "after": "I4",
            "goto": "A1",
            "when": {"any": [{"question": "I2", "any_of": ["4", "5"]}, {"not": {"question": "I3", "answered": True}}]},
        },
        {"after": "I4", "goto": "I6", "when": {"question": "I1", "answered": False}},
    ]
    recording = {"zh": "https://voice.example/zh/{unit_code}.mp3", "en": "https://voice.example/en/{unit_code}.mp3"}
    own = {
        "code": "I3",
        "kind": "scale",
        "role": "indicator",
        "scale": "",
        "channels": ["web", "voice"],
        "longest": 500,
    }
    own |= {
        "recording": recording,
        "wording": {"voice": {"zh": "[{month}]{unit}办事及时吗？", "en": "Is {unit} timely[ in {month}]?"}},
    }
    extra = {name: value for name, value in part["questions"][0].items() if name not in own}
    part["questions"].insert(0, extra | own)
    part["questions"][-1]["longest"] = 80
    return content


def of_every_kind() -> dict:
    """The city's configuration with several answers, numbers and days, and rules that look at several answers."""
    content = copy.deepcopy(CITY.configuration)
    part = content["questionnaire"]
    part |= every_kind(part["questions"])
    part["blocks"] = [{"questions": ["I1", "I2", "I3"], "shuffled": True, "matrix": True}]
    part["questions"] = [QUESTION.parse(QUESTION.dump(question), "", print) for question in part["questions"]]
    part["routing"] += [
        {"after": "M1", "goto": "D1", "when": {"question": "M1", "any_of": ["1", "2"]}},
        {"after": "N1", "goto": "D1", "when": {"not": {"question": "M1", "any_of": ["3"]}}},
    ]
    return content


WHOLE = {"city": CITY.configuration, "varied": varied(), "every kind": of_every_kind()}


def book_of(content) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(write_xlsform(content)))


def read_book(book: openpyxl.Workbook, base=CITY):
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return read_xlsform(stream, base)


def find_row(book, sheet: str, code: str, column: str = "name") -> tuple[int, dict[str, int]]:
    columns = {cell.value: cell.column for cell in book[sheet][1]}
    rows = [row for row in range(2, book[sheet].max_row + 1) if book[sheet].cell(row, columns[column]).value == code]
    return rows[0], columns


def change(book, sheet: str, code: str, column: str, value: str, by: str = "name") -> int:
    row, columns = find_row(book, sheet, code, by)
    book[sheet].cell(row, columns[column]).value = value
    return row


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_form_read_back_is_the_same_questionnaire(content):
    read = read_book(book_of(content))
    assert configuration_sha256(read.configuration) == configuration_sha256(content)
    assert (read.areas, read.units, read.stations) == (CITY.areas, CITY.units, CITY.stations)


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_pyxform_takes_what_is_written_without_a_warning(content, tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(write_xlsform(content))
    warnings: list[str] = []
    made = convert(str(path), warnings=warnings, validate=False)
    assert not warnings
    assert "非常满意" in made.xform and "very satisfied" in made.xform
    assert made.xform.count("<select1 ") >= 12 and 'constraint="string-length(.) &lt;= ' in made.xform


def test_several_answers_numbers_and_days_have_their_types_and_limits(tmp_path):
    book = book_of(WHOLE["every kind"])
    rows = {}
    for code in ("M1", "N1", "N2", "D1"):
        row, columns = find_row(book, "survey", code)
        rows[code] = tuple(book["survey"].cell(row, columns[name]).value for name in ("type", "constraint", "relevant"))
    unless = "not((selected(${M1}, '1') or selected(${M1}, '2')))"
    assert rows["M1"][:2] == ("select_multiple CN5", "count-selected(.) <= 3")
    assert rows["N1"][0] == "integer" and rows["N1"][1].endswith(". <= 20") and unless in rows["N1"][2]
    assert rows["N2"][0] == "decimal" and "not(selected(${M1}, '3'))" in rows["N2"][2]
    assert rows["D1"][:2] == ("date", ". >= date('2025-01-01') and . <= date('2026-12-31')")


def test_the_form_says_what_other_programs_do_not_take_from_it():
    notes = [row[0].value for row in book_of(CITY.configuration)["notes"].iter_rows(min_row=2)]
    assert any("Q0" in note and "方括号" in note for note in notes)
    assert any("权重" in note for note in notes) and any("calculation" in note for note in notes)


def test_a_value_that_no_expression_can_hold_is_refused_by_name():
    content = copy.deepcopy(CITY.configuration)
    content["questionnaire"]["routing"][0]["when"]["any_of"] = ["it's"]
    with pytest.raises(Refused, match="it's"):
        write_xlsform(content)


@pytest.mark.parametrize("name", ["1st", "unit", "interview"])
def test_a_question_whose_name_a_form_cannot_have_is_refused_by_name(name):
    content = copy.deepcopy(CITY.configuration)
    content["questionnaire"]["questions"][1]["code"] = name
    content["questionnaire"]["order"][-2] = name
    with pytest.raises(Refused, match=name):
        write_xlsform(content)


def test_every_bad_line_is_named_by_sheet_and_row_at_once():
    book = book_of(CITY.configuration)
    places = [
        ("survey", change(book, "survey", "I1", "type", "geopoint"), "type", "unknown-type"),
        ("survey", change(book, "survey", "I2", "weight", "much"), "weight", "not-a-number"),
        ("survey", change(book, "survey", "I4", LABELS["en"], ""), LABELS["en"], "missing"),
        ("survey", change(book, "survey", "P2", "constraint", ". > 3"), "constraint", "unknown-expression"),
        ("choices", change(book, "choices", "CN5", "points", "lots", by="list_name"), "points", "not-a-number"),
        (
            "questionnaire",
            change(book, "questionnaire", "back_key", "key", "front_key", by="key"),
            "key",
            "unknown-key",
        ),
        ("routing", change(book, "routing", "Q0", "when", "now() > 3", by="after"), "when", "unknown-expression"),
    ]
    with pytest.raises(ProgrammeProblems) as refused:
        read_book(book)
    found = {(problem.file, problem.line, problem.column, problem.problem) for problem in refused.value.problems}
    assert set(places) <= found
    assert {problem.file for problem in refused.value.problems} <= {"survey", "choices", "routing", "questionnaire"}


def test_what_only_the_whole_shows_is_named_by_row_too():
    book = book_of(CITY.configuration)
    row = change(book, "survey", "I1", "type", "select_one NOSUCH")
    with pytest.raises(ProgrammeProblems) as refused:
        read_book(book)
    assert ("survey", row, "unknown-reference") in {(p.file, p.line, p.problem) for p in refused.value.problems}
    book = book_of(CITY.configuration)
    row = change(book, "survey", "I3", "relevant", "${Q0}='1'")
    with pytest.raises(ProgrammeProblems) as refused:
        read_book(book)
    assert [(p.file, p.line, p.problem) for p in refused.value.problems] == [("survey", row, "relevant-differs")]


def test_a_form_of_another_program_takes_its_rules_from_relevant_and_the_rest_from_the_programme():
    book = book_of(CITY.configuration)
    for sheet in ("wordings", "routing", "questionnaire", "notes"):
        del book[sheet]
    for sheet, kept in (("survey", 8), ("choices", 4)):
        book[sheet].delete_cols(kept + 1, 40)
    change(book, "survey", "I1", LABELS["zh"], "新问法")
    read = read_book(book).configuration
    expected = copy.deepcopy(CITY.configuration)
    expected["indicators"][0]["wording"]["zh"] = "新问法"
    asked = read["questionnaire"]["questions"]
    assert read["indicators"] == expected["indicators"] and read["scales"] == expected["scales"]
    assert read["questionnaire"]["routing"] == expected["questionnaire"]["routing"]
    assert read["questionnaire"]["messages"] == expected["questionnaire"]["messages"]
    assert [question["code"] for question in asked] == ["Q0", "P1", "P2"]


def test_a_workbook_that_is_none_or_a_trap_is_refused():
    with pytest.raises(ImportProblem):
        read_xlsform(io.BytesIO(b"type,name\ntext,Q0\n"), CITY)
    book = openpyxl.Workbook()
    book.active.title = "survey"
    book.active.append(["type", "name"])
    with pytest.raises(ProgrammeProblems) as refused:
        read_book(book)
    assert {(p.file, p.problem) for p in refused.value.problems} == {
        ("survey", "missing-column"),
        ("choices", "missing-sheet"),
    }


def test_a_formula_in_a_cell_is_the_text_that_was_typed():
    book = book_of(CITY.configuration)
    row = change(book, "survey", "I2", LABELS["zh"], '=HYPERLINK("http://x","y")')
    read = read_book(book).configuration["indicators"][1]["wording"]["zh"]
    assert row and read == '=HYPERLINK("http://x","y")'
    written = openpyxl.load_workbook(
        io.BytesIO(write_xlsform(replace(CITY, configuration=CITY.configuration).configuration))
    )
    assert all(cell.data_type == "s" for cells in written["survey"].iter_rows() for cell in cells if cell.value)


leaves = st.one_of(
    st.builds(
        lambda q, v: {"question": q, "any_of": v},
        st.sampled_from(ORDER),
        st.lists(st.sampled_from("123"), min_size=1, max_size=3, unique=True),
    ),
    st.builds(lambda q, a: {"question": q, "answered": a}, st.sampled_from(ORDER), st.booleans()),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@given(conditions)
@settings(max_examples=150, deadline=None)
def test_every_condition_has_an_expression_that_is_read_as_it_alone(condition):
    assert read_condition(write_condition(condition)) == condition


@pytest.mark.parametrize(
    "text",
    ["", "${Q0}", "${Q0}=", "${Q0} > 3", "count(${Q0})=1", "(${Q0}='1'", "not ${Q0}='1'", "(" * 400 + "${Q0}='1'"],
)
def test_an_expression_that_rules_cannot_say_is_refused(text):
    with pytest.raises(NoCondition):
        read_condition(text)


def asked_in_odk(relevant, answers) -> list[str]:
    """The questions that a form asks: one after the other, what is not relevant has no answer."""
    asked, given_so_far = [], {}
    for code in ORDER:
        if relevant[code] is None or holds(relevant[code], given_so_far):
            asked.append(code)
            given_so_far[code] = answers[code]
    return asked


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_relevant_asks_what_the_rules_ask_and_rules_made_of_it_do_too(seed):
    dice = random.Random(seed)
    rules = []
    for _ in range(dice.randrange(5)):
        here = dice.randrange(len(ORDER) - 1)
        target = dice.choice([*ORDER[here + 1 :], "END"])
        looked_at = {"question": dice.choice(ORDER[: here + 1])}
        when = looked_at | dice.choice(
            [{"any_of": ["1"]}, {"any_of": ["1", "2"]}, {"answered": True}, {"answered": False}]
        )
        rules.append({"after": ORDER[here], "goto": target, "when": dice.choice([when, {"not": when}])})
    relevant = relevant_by_question(ORDER, rules)
    again = rules_from_relevant(ORDER, [relevant[code] for code in ORDER])
    for _ in range(20):
        answers = {code: dice.choice("123") for code in ORDER}
        asked = list(follow(ORDER, [Rule(**rule) for rule in rules], answers))
        assert asked_in_odk(relevant, answers) == asked
        assert list(follow(ORDER, [Rule(**rule) for rule in again], answers)) == asked
