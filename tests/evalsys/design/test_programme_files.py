"""A programme's folder: read with every problem at once, written back byte for byte."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from evalsys.design.programme_files import (
    ProgrammeProblems,
    configuration_sha256,
    read_programme,
    read_rows,
    write_programme,
)
from evalsys.design.programme_layout import CSV_FILES, TOML_FILES
from evalsys.design.programme_problems import FILE_SENTENCES
from evalsys.examples.make_city import CITY


@pytest.fixture
def folder(tmp_path) -> Path:
    """The example's folder, to be spoilt; with few stations, so that reading it is quick."""
    shutil.copytree(CITY, tmp_path / "programme")
    stations = tmp_path / "programme" / "stations.csv"
    stations.write_text("".join(stations.read_text(encoding="utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")
    return tmp_path / "programme"


def replace(folder: Path, name: str, old: str, new: str) -> int:
    """Change one place of a file; the line on which it stood."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems_of(folder: Path) -> list:
    with pytest.raises(ProgrammeProblems) as caught:
        read_programme(folder)
    assert all(problem.sentence() for problem in caught.value.problems)
    assert str(len(caught.value.problems)) in str(caught.value)
    return caught.value.problems


def test_every_file_of_the_folder_is_read_and_none_is_left_over():
    assert {path.name for path in CITY.iterdir()} == set(TOML_FILES) | set(CSV_FILES)


def test_a_programme_is_written_back_byte_for_byte(folder, tmp_path):
    files = read_programme(folder)
    write_programme(tmp_path / "again", files.configuration, files.areas, files.units, files.stations)
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    assert read_programme(tmp_path / "again") == files


def shuffled(value):
    """The same document with the keys of every table in another order, as a database may return it."""
    if isinstance(value, dict):
        items = list(value.items())
        random.Random(1).shuffle(items)
        return {key: shuffled(member) for key, member in items}
    return [shuffled(member) for member in value] if isinstance(value, list) else value


def test_the_order_of_keys_changes_neither_the_files_nor_the_hash(folder, tmp_path):
    files = read_programme(folder)
    other = shuffled(json.loads(json.dumps(files.configuration)))
    write_programme(tmp_path / "again", other, files.areas, files.units, files.stations)
    assert (tmp_path / "again" / "questionnaire.toml").read_bytes() == (folder / "questionnaire.toml").read_bytes()
    assert (tmp_path / "again" / "fieldwork.toml").read_bytes() == (folder / "fieldwork.toml").read_bytes()
    assert configuration_sha256(other) == configuration_sha256(files.configuration)


def test_the_hash_changes_with_any_value(folder):
    configuration = read_programme(folder).configuration
    before = configuration_sha256(configuration)
    configuration["fieldwork"]["quota"] += 1
    assert configuration_sha256(configuration) != before


def test_the_document_is_json_and_has_the_parts_that_its_description_names(folder):
    configuration = read_programme(folder).configuration
    assert json.loads(json.dumps(configuration)) == configuration
    assert set(configuration) == {
        "format",
        "programme",
        "rounds",
        "indicators",
        "scales",
        "groups",
        "categories",
        "grades",
        "questionnaire",
        "fieldwork",
        "scoring",
    }
    described = (CITY.parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    for part in ("questionnaire", "fieldwork", "scoring"):
        for key in configuration[part]:
            assert key in described, f"docs/configuration.md does not describe {part}.{key}"


def test_problems_of_several_files_are_reported_together(folder):
    line_of_quota = replace(folder, "fieldwork.toml", "quota = 145", 'quota = "many"')
    line_of_weight = replace(folder, "indicators.csv", "I4,scored,0.1,", "I4,scored,-1,")
    (folder / "grades.csv").unlink()
    replace(folder, "programme.toml", "year = 2026\n", "")
    found = {(problem.file, problem.line, problem.column, problem.problem) for problem in problems_of(folder)}
    assert found == {
        ("fieldwork.toml", line_of_quota, "quota", "not-a-whole-number"),
        ("indicators.csv", line_of_weight, "weight", "out-of-range"),
        ("grades.csv", None, "", "missing-file"),
        ("programme.toml", None, "year", "missing"),
    }


#: a county's own hours, for its code and the beginning of its day; they stand before the first slot
OWN_HOURS = """[[area_hours]]
county = "%s"
holidays = [2026-06-22]
calling_hours = [{ from = "%s", to = "18:00" }]

"""
HOURS_END = "area_hours[1].calling_hours[1].to"


def test_what_may_be_left_out_of_fieldwork_is_kept_and_written_where_it_is_given(folder, tmp_path):
    replace(
        folder,
        "fieldwork.toml",
        "quota = 145",
        "quota = 145\ncost_per_minute = 0.1\ncost_per_message = 0.05\nbudget = 900",
    )
    replace(folder, "fieldwork.toml", "concurrent_calls", "calls_per_second_per_number = 0.5\nconcurrent_calls")
    replace(folder, "fieldwork.toml", "[[slots]]", OWN_HOURS % ("370124", "09:00") + "[[slots]]")
    files = read_programme(folder)
    given = {"cost_per_minute": 0.1, "cost_per_message": 0.05, "budget": 900, "calls_per_second_per_number": 0.5}
    given["area_hours"] = [
        {"county": "370124", "calling_hours": [{"from": "09:00", "to": "18:00"}], "holidays": ["2026-06-22"]}
    ]
    assert given.items() <= files.configuration["fieldwork"].items()
    write_programme(tmp_path / "again", files.configuration, files.areas, files.units, files.stations)
    assert read_programme(tmp_path / "again") == files


@pytest.mark.parametrize(
    ("name", "old", "new", "column", "value", "problem"),
    [
        ("programme.toml", 'language = "zh"', 'language = "fr"', "language", "fr", "not-a-choice"),
        ("programme.toml", "2026-06-08", '"8 June"', "rounds[1].field_from", "8 June", "not-a-day"),
        ("programme.toml", 'zh = "年末评议"', "", "rounds[2].name.zh", "", "missing"),
        ("programme.toml", 'code = "example-2026"', 'code = "a b"', "code", "a b", "not-a-code"),
        ("programme.toml", "year = 2026", "year = 2026\ncolour = 1", "colour", "colour", "unknown-key"),
        ("fieldwork.toml", '"09:00"', '"9:00"', "calling_hours[1].from", "9:00", "not-an-hour"),
        (
            "fieldwork.toml",
            "random_arm_share = 0.1",
            "random_arm_share = nan",
            "random_arm_share",
            "nan",
            "not-a-number",
        ),
        ("fieldwork.toml", "quota = 145", "quota = true", "quota", "True", "not-a-whole-number"),
        ("fieldwork.toml", '"占线" = "3.12"', '"占线" = 3.12', "call_centre.outcomes.占线", "3.12", "not-text"),
        ("questionnaire.toml", 'any_of = [\n    "2",\n]', "any_off = 1", "routing[1].when", None, "not-a-condition"),
        (
            "questionnaire.toml",
            "[messages.complete.any]",
            "[messages.complete.fax]",
            "messages.complete.fax",
            "fax",
            "unknown-key",
        ),
        ("scales.csv", "CN5,1,非常满意", "CN5,1,", "label_zh", "", "missing"),
        ("scales.csv", ",100,yes,1", ",100,perhaps,1", "satisfied", "perhaps", "not-yes-or-no"),
        ("scales.csv", ",100,yes,1", ",100,yes,9", "phone_key", "9", "not-a-choice"),
        ("units.csv", "U001,", "U001," + "长" * 4001, "name_zh", None, "too-long"),
    ],
)
def test_each_bad_value_is_named_with_its_place(folder, name, old, new, column, value, problem):
    line = replace(folder, name, old, new)
    (found,) = problems_of(folder)
    assert (found.file, found.column, found.problem) == (name, column, problem)
    assert value is None or found.value == value
    if new:
        assert found.line is not None
        assert abs(found.line - line) <= 2


@pytest.mark.parametrize(("code", "problem"), [("3.99", "unknown-outcome"), ("4.80", "quota-outcome")])
def test_a_call_centres_word_for_no_outcome_of_a_case_is_named_with_its_line(folder, code, problem):
    line = replace(folder, "fieldwork.toml", '"占线" = "3.12"', f'"占线" = "{code}"')
    (found,) = problems_of(folder)
    place = (found.file, found.line, found.column, found.value, found.problem)
    assert place == ("fieldwork.toml", line, "call_centre.outcomes.占线", code, problem)


def test_a_programme_may_name_no_outcomes_of_a_call_centre(folder):
    text = (folder / "fieldwork.toml").read_text(encoding="utf-8")
    (folder / "fieldwork.toml").write_text(text.split("[call_centre")[0], encoding="utf-8")
    assert read_programme(folder).configuration["fieldwork"]["call_centre"] is None


@pytest.mark.parametrize(
    ("name", "old", "new", "column", "problem"),
    [
        ("indicators.csv", "I1,scored,0.2,", "I1,scored,0.3,", "weight", "sum-not-one"),
        ("indicators.csv", "A1,auxiliary,0,", "A1,auxiliary,0.5,", "weight", "auxiliary-weight"),
        ("indicators.csv", "I2,scored,0.15,CN5", "I2,scored,0.15,CN7", "scale", "unknown-reference"),
        ("groups.csv", "individuals,0.5,0.55", "individuals,0.5,0.5", "quota_share", "sum-not-one"),
        ("categories.csv", "services,公共服务", "service,公共服务", "category", "unknown-reference"),
        ("grades.csv", "good,75", "good,90", "at_least", "grades-not-falling"),
        ("grades.csv", "fail,0", "fail,10", "at_least", "lowest-grade"),
        ("scales.csv", "CN5,2,满意", "CN5,1,满意", "value", "duplicate"),
        ("scales.csv", "rated,80,yes,2", "rated,80,yes,1", "phone_key", "duplicate"),
        ("scales.csv", "rated,80,yes,2", "rated,,yes,2", "points", "points-missing"),
        ("scales.csv", "dont_know,,", "dont_know,50,", "points", "points-not-allowed"),
        ("scales.csv", "rated,80,yes,2", "rated,20,yes,2", "scale", "scale-not-ordered"),
        ("units.csv", "U002,", "U001,", "code", "duplicate"),
        ("stations.csv", ",U001,", ",U999,", "unit", "unknown-reference"),
        (
            "areas.csv",
            "370102001,解放路街道,Jiefanglu Subdistrict,township,370102",
            "370102001,解放路街道,Jiefanglu Subdistrict,township,370102001",
            "parent",
            "parent-loop",
        ),
        (
            "programme.toml",
            "field_until = 2026-07-05",
            "field_until = 2026-06-01",
            "rounds[1].field_until",
            "days-not-ordered",
        ),
        ("programme.toml", 'kind = "year_end"', 'kind = "mid_year"', "rounds[2].kind", "two-rounds-of-kind"),
        ("fieldwork.toml", "quota = 145", "quota = 145\nspeech_rate = 5", "speech_rate", "out-of-range"),
        (
            "questionnaire.toml",
            'scale = "CONSENT"',
            'scale = "CONSENT"\nrecording = { zh = "https://a.example/zh.mp3", en = "https://a.example/en.mp3" }',
            "consent",
            "recording-of-one-unit",
        ),
        (
            "questionnaire.toml",
            'back_key = "0"',
            'back_key = "0"\ninterviewer_key = "#"',
            "interviewer_key",
            "interviewers-missing",
        ),
        (
            "fieldwork.toml",
            '    "phone",\n]',
            ']\ncalls_by = "both"',
            "calls_by",
            "calls-without-phone",
        ),
        (
            "fieldwork.toml",
            "quota = 145",
            'quota = 145\ninterviewers = { number = "12340" }',
            "interviewers.number",
            "caller-not-e164",
        ),
        (
            "fieldwork.toml",
            "quota = 145",
            'quota = 145\ninterviewers = { number = "+8653112340", hours = [{ from = "11:00", to = "09:00" }] }',
            "interviewers.hours[1].to",
            "hours-not-ordered",
        ),
        ("programme.toml", '"Asia/Shanghai"', '"Asia/Atlantis"', "time_zone", "unknown-time-zone"),
        ("fieldwork.toml", '"12:00"', '"08:00"', "calling_hours[1].to", "hours-not-ordered"),
        ("fieldwork.toml", "+864000000001", "4000000001", "caller_ids", "caller-not-e164"),
        (
            "fieldwork.toml",
            "quota = 145",
            "quota = 145\nmachine_detection = 'yes'",
            "machine_detection",
            "not-a-choice",
        ),
        (
            "fieldwork.toml",
            "quota = 145",
            "quota = 145\nbudget = 9\ncost_per_minute = 1",
            "budget",
            "cost-missing",
        ),
        (
            "fieldwork.toml",
            "[[slots]]",
            OWN_HOURS % ("370100", "09:00") + "[[slots]]",
            "area_hours[1].county",
            "unknown-county",
        ),
        ("fieldwork.toml", "[[slots]]", OWN_HOURS % ("370124", "19:00") + "[[slots]]", HOURS_END, "hours-not-ordered"),
        (
            "fieldwork.toml",
            "[[slots]]",
            2 * (OWN_HOURS % ("370124", "09:00")) + "[[slots]]",
            "area_hours[2].county",
            "duplicate",
        ),
        ("fieldwork.toml", "请评价：{link}", "请评价", "sms.text.zh", "link-missing"),
        ("fieldwork.toml", "您近期在{unit}", "{name}您近期在{unit}", "sms.text.zh", "unknown-pipe"),
        ("scoring.toml", "survey = 0.7", "survey = 0.8", "methods", "sum-not-one"),
        ("scoring.toml", "internal_below = 30", "internal_below = 300", "gates", "gates-not-ordered"),
        ("scoring.toml", "5 = 0", "7 = 0", "presets[1].points", "preset-values"),
        ("questionnaire.toml", 'goto = "END"', 'goto = "Q9"', "routing[1]", "unknown-question"),
        ("questionnaire.toml", '    "A3",\n', "", "code", "never-asked"),
        ("questionnaire.toml", '    "P1",\n', "", "questions[2]", "never-asked"),
        ("questionnaire.toml", 'scale = "YESNO9"', 'scale = "YESNO8"', "questions[2]", "instrument"),
        (
            "questionnaire.toml",
            "complete_at_least = 4",
            "complete_at_least = 7",
            "complete_at_least",
            "more-than-indicators",
        ),
    ],
)
def test_what_the_files_say_together_is_checked(folder, name, old, new, column, problem):
    replace(folder, name, old, new)
    found = problems_of(folder)
    assert (column, problem) in {(each.column, each.problem) for each in found}
    one = next(each for each in found if each.problem == problem)
    assert one.line is not None or problem == "sum-not-one" and name.endswith(".csv")


def test_mid_year_can_weigh_nothing(folder):
    replace(folder, "scoring.toml", "mid_year = 0.3\nyear_end = 0.7", "mid_year = 0\nyear_end = 1")
    assert read_programme(folder).configuration["scoring"]["annual"]["key"] == {"mid_year": 0, "year_end": 1}


def test_a_header_that_lacks_or_invents_columns_is_named(folder):
    replace(folder, "categories.csv", "code,name_zh,name_en", "code,name_zh,title")
    found = problems_of(folder)
    assert {(each.line, each.column, each.problem) for each in found} == {
        (1, "name_en", "missing-column"),
        (1, "title", "unknown-column"),
    }


def test_broken_toml_is_named_with_its_line(folder):
    replace(folder, "scoring.toml", "[methods]", "[methods")
    (found,) = problems_of(folder)
    assert found.problem == "not-toml"
    assert "line" in found.sentence()
    (folder / "scoring.toml").write_text("a = " + "[" * 50_000, encoding="utf-8")
    assert [found.problem for found in problems_of(folder)] == ["not-toml"]


def test_a_folder_that_is_not_there_lacks_every_file(tmp_path):
    found = problems_of(tmp_path / "absent")
    assert {each.file for each in found} == set(TOML_FILES) | set(CSV_FILES)


def test_a_problem_is_one_line_that_says_where_and_what_to_do(folder):
    line = replace(folder, "units.csv", "U001,市公安局", "U 1,市公安局")
    first = problems_of(folder)[0]
    assert str(first) == f"units.csv:{line}: code 'U 1': A code has only letters, digits, '_', '.' and '-'."
    assert first.sentence(translate=lambda text: text.upper()).startswith("A CODE HAS ONLY")


def test_files_in_gb18030_as_spreadsheets_save_them_are_read(folder):
    before = read_programme(folder)
    path = folder / "indicators.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert read_programme(folder) == before


def test_one_list_alone_is_read_with_its_problems(folder):
    assert len(read_rows(folder / "categories.csv")) == 3
    replace(folder, "categories.csv", "services,", "ser vices,")
    with pytest.raises(ProgrammeProblems) as caught:
        read_rows(folder / "categories.csv")
    assert [(each.line, each.column) for each in caught.value.problems] == [(3, "code")]


def test_every_sentence_can_be_filled_in():
    names = "reason longest low high choices least target sum values pipe question value most channel language key cost message"
    names += " kind minutes word words segments"
    for key, sentence in FILE_SENTENCES.items():
        assert "%" not in sentence % dict.fromkeys(names.split(), "x"), key
