"""A listener knows every spoken question again, and mistakes none for another."""

from __future__ import annotations

import pytest

from surveys.instrument import Questionnaire, hearing_table
from tests.surveys.instrument.documents import make_configuration


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_spoken_question_contains_its_own_fragment_and_no_other(language):
    configuration = make_configuration()
    questionnaire = Questionnaire.from_configuration(configuration)
    table = hearing_table(configuration)
    for code in table:
        speech = questionnaire.spoken(code, language, {"unit": "Public Library 图书馆"})
        assert [other for other in table if table[other][language] in speech] == [code]


def test_of_a_recorded_question_the_table_has_the_addresses_and_what_is_heard_there():
    configuration = make_configuration()
    addresses = {"zh": "https://example.org/zh.mp3", "en": "https://example.org/en.mp3"}
    configuration["questionnaire"]["questions"][1]["recording"] = addresses
    table = hearing_table(configuration)
    assert [code for code in table if "recording" in table[code]] == ["P1"]
    spoken = Questionnaire.from_configuration(configuration).spoken("P1", "en", {})
    assert (table["P1"]["recording"], table["P1"]["recorded"]["en"]) == (addresses, spoken)


def test_only_what_is_asked_by_voice_is_in_the_table():
    table = hearing_table(make_configuration())
    assert list(table) == ["CONSENT", "Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "P1"]
    assert table["I1"]["options"]["8"] == {"zh": "不了解", "en": "don't know"}
