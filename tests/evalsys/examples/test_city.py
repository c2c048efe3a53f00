"""The example city has the size of the record, names nobody, and is made by its generator."""

from __future__ import annotations

from collections import Counter

import pytest

from evalsys.design.programme_files import read_programme
from evalsys.examples.make_city import CITY, make_city
from surveys.instrument import Questionnaire, hearing_table


@pytest.fixture(scope="module")
def files():
    return read_programme(CITY)


def test_the_city_has_the_size_of_the_public_record(files):
    assert len(files.units) == 128
    assert sum(unit["is_key"] for unit in files.units) == 72
    assert len(files.stations) == 3700
    assert Counter(area["level"] for area in files.areas) == {"city": 1, "county": 13, "township": 164}
    assert len(files.configuration["indicators"]) == 9


def test_each_category_can_be_fielded_in_both_rounds(files):
    for category in files.configuration["categories"]:
        units = [unit for unit in files.units if unit["category"] == category["code"]]
        assert sum(unit["is_key"] for unit in units) >= 2
        assert sum(not unit["is_key"] for unit in units) >= 2


def test_every_station_stands_under_a_key_unit_and_below_the_city(files):
    key = {unit["code"] for unit in files.units if unit["is_key"]}
    below = {area["code"] for area in files.areas if area["level"] != "city"}
    assert {station["unit"] for station in files.stations} == key
    assert {station["area"] for station in files.stations} <= below


def test_names_are_unique_in_both_languages(files):
    for rows in (files.units, files.stations):
        for language in ("zh", "en"):
            names = Counter((row.get("unit"), row["name"][language]) for row in rows)
            assert names.most_common(1)[0][1] == 1, names.most_common(3)


def test_nothing_calls_it_the_evaluation_of_a_real_city(files):
    texts = [str(files.configuration), *(str(row["name"]) for row in (*files.units, *files.stations))]
    assert not [text for text in texts if "济南" in text or "Jinan" in text]
    banner = files.configuration["programme"]["banner"]
    assert "虚构" in banner["zh"]
    assert "made up" in banner["en"]


def test_the_shipped_files_are_what_the_generator_writes(tmp_path):
    (tmp_path / "areas.csv").write_bytes((CITY / "areas.csv").read_bytes())
    make_city(tmp_path)
    for name in ("units.csv", "stations.csv"):
        assert (tmp_path / name).read_bytes() == (CITY / name).read_bytes()


def test_the_default_configuration_is_the_one_of_the_domain(files):
    configuration = files.configuration
    weights = {row["code"]: row["weight"] for row in configuration["indicators"]}
    assert weights == {"I1": 0.2, "I2": 0.15, "I3": 0.2, "I4": 0.1, "I5": 0.15, "I6": 0.2, "A1": 0, "A2": 0, "A3": 0}
    scales = {scale["code"]: scale["options"] for scale in configuration["scales"]}
    assert [option["points"] for option in scales["CN5"]] == [100, 80, 60, 30, 0, None]
    assert {row["code"]: row["weight"] for row in configuration["groups"]} == {
        "individuals": 0.5,
        "enterprises": 0.25,
        "representatives": 0.25,
    }
    assert [(row["code"], row["at_least"]) for row in configuration["grades"]] == [
        ("excellent", 85),
        ("good", 75),
        ("pass", 60),
        ("fail", 0),
    ]


def test_each_question_can_be_heard_apart_from_the_others_in_both_languages(files):
    questionnaire = Questionnaire.from_configuration(files.configuration)
    table = hearing_table(files.configuration)
    for language in ("zh", "en"):
        for code in table:
            speech = questionnaire.spoken(code, language, {"unit": files.units[0]["name"][language]})
            assert [other for other in table if table[other][language] in speech] == [code]


def test_the_text_message_fits_two_segments_with_the_longest_name(files):
    """Chinese goes out in UCS-2: 67 characters in each part of a longer message."""
    text = files.configuration["fieldwork"]["sms"]["text"]["zh"]
    longest = max((unit["name"]["zh"] for unit in files.units), key=len)
    link = "https://example.cn/a/" + "x" * 22
    assert len(text.format(unit=longest, link=link)) <= 2 * 67
