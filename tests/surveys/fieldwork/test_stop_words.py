"""What a text message that somebody writes back means."""

from __future__ import annotations

import pytest

from surveys.fieldwork import asks_to_stop

WORDS = ("T", "TD", "退订", "STOP", "UNSUBSCRIBE")


@pytest.mark.parametrize(
    "text",
    [
        "退订",
        " 退订。",
        "回复退订",
        "我要退订，谢谢",
        "T",
        "t",
        "td!",
        "ＴＤ",
        "Stop",
        "STOP.",
        "stop texting me",
        "“TD”",
        "Unsubscribe me",
    ],
)
def test_a_stop_word_is_understood_however_it_is_written(text):
    assert asks_to_stop(text, WORDS)


@pytest.mark.parametrize(
    "text", ["", "  ", "谢谢", "3", "T恤", "This is fine", "t 3", "the td of it", "Don't stop", "stopover", "满意", "…"]
)
def test_anything_else_is_not_taken_for_one(text):
    assert not asks_to_stop(text, WORDS)


def test_stop_and_its_chinese_word_are_understood_although_the_configuration_names_neither():
    assert asks_to_stop("stop", ["N"]) and asks_to_stop("退订", ["N"]) and asks_to_stop("n", ["N"])
    assert not asks_to_stop("TD", ["N"])


def test_a_stop_word_without_a_letter_means_nothing():
    assert not asks_to_stop("??", ["?", " "])
