"""Replies by text message are read leniently, and never guessed."""

from __future__ import annotations

import pytest

from evalsys.design.programme_files import read_programme
from surveys.errors import InstrumentError
from surveys.instrument import Questionnaire
from surveys.instrument.replies import find_wish, read_reply
from tests.evalsys.installation import CITY


@pytest.fixture(scope="module")
def question():
    return Questionnaire.from_configuration(read_programme(CITY).configuration).question("I1")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("５", "5"),
        (" 5 。", "5"),
        ("选5", "5"),
        ("5号", "5"),
        ("非常不满意！", "5"),
        ("满意", "2"),
        ("Very  Dissatisfied.", "5"),
        ("1 非常满意", "1"),
        ("1.非常满意", "1"),
        ("6", "8"),
        ("don't know", "8"),
    ],
)
def test_a_reply_is_an_answer_by_its_number_or_its_words(question, text, value):
    assert read_reply(question, text) == value


@pytest.mark.parametrize("text", ["", "7", "8", "15", "1 不满意", "不太满意", "1或2", "满意吧", "五", "1 2"])
def test_a_reply_that_is_not_clear_is_no_answer(question, text):
    with pytest.raises(InstrumentError):
        read_reply(question, text)


@pytest.mark.parametrize(
    ("text", "wish"),
    [("返回", "back"), ("ＢＡＣＫ", "back"), ("开始!", "begin"), ("帮助", "help"), ("Help?", "help"), ("我要开始", "")],
)
def test_a_wish_is_one_of_its_words_alone(text, wish):
    assert find_wish(text) == wish
