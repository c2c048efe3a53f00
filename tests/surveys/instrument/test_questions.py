"""What each kind of question takes, stores and hears."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.errors import InstrumentError
from surveys.instrument.questions import (
    DateQuestion,
    MultipleQuestion,
    NumberQuestion,
    TextQuestion,
    question_from,
)
from surveys.instrument.routing import holds
from surveys.instrument.scales import Scale
from tests.surveys.instrument.documents import CN5, text

SCALE = Scale.from_document({"code": "CN5", "options": CN5})
SETTINGS = {"code": "X", "role": "probe", "wording": text("？", "?")}
SEVERAL = MultipleQuestion(**SETTINGS, scale=SCALE, at_least=1, at_most=3)
NUMBER = NumberQuestion(**SETTINGS, minimum=1, maximum=20.5, decimals=1)
DAY = DateQuestion(**SETTINGS, not_before="2026-01-01", not_after="2026-12-31")


@given(st.lists(st.sampled_from("12345"), min_size=1, max_size=3, unique=True))
def test_a_multiple_choice_is_stored_in_the_options_order_however_it_was_chosen_or_pressed(chosen):
    stored = ";".join(sorted(chosen))
    assert SEVERAL.validate(" ; ".join(chosen)) == stored
    assert SEVERAL.value_of_key("".join(chosen)) == stored
    assert SEVERAL.validate(stored) == stored


@pytest.mark.parametrize("value", ["", ";", "7", "1;7", "1;8", "1;2;3;4", None, 1])
def test_a_multiple_choice_refuses_too_few_too_many_unknown_ones_and_company_for_dont_know(value):
    with pytest.raises(InstrumentError):
        SEVERAL.validate(value)


def test_dont_know_alone_answers_a_multiple_choice_that_wants_two():
    assert MultipleQuestion(**SETTINGS, scale=SCALE, at_least=2).validate("8") == "8"


@given(st.integers(10, 205))
def test_a_number_is_stored_alike_whether_written_or_pressed(tenths):
    written = f"{tenths // 10}.{tenths % 10}"
    stored = written.removesuffix(".0")
    assert NUMBER.validate(written) == NUMBER.value_of_key(written.replace(".", "*")) == stored
    assert NUMBER.validate(f"0{written}") == stored


@pytest.mark.parametrize("value", ["0", "21", "1.25", "1e3", "-3", "NaN", "12 000", "twelve", "1" * 40, None])
def test_a_number_refuses_what_is_out_of_its_limits_or_no_number(value):
    with pytest.raises(InstrumentError):
        NUMBER.validate(value)


def test_digits_of_a_chinese_keyboard_are_digits():
    assert NUMBER.validate("１２．５") == "12.5"


@given(st.integers(0, 364))
def test_a_day_is_stored_alike_whether_written_or_pressed_and_sealed_as_its_month(after):
    day = (date(2026, 1, 1) + timedelta(after)).isoformat()
    assert DAY.validate(day) == DAY.value_of_key(day.replace("-", "")) == day
    assert DAY.coarsen(day) == day[:7]


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2025-12-31", "2027-01-01", "20260302", "2026-W10-1", "2026-3-2", None]
)
def test_a_day_refuses_what_is_out_of_its_limits_or_no_day(value):
    with pytest.raises(InstrumentError):
        DAY.validate(value)


@pytest.mark.parametrize("question", [NUMBER, DAY])
def test_what_is_not_known_is_stored_empty_whether_left_out_written_or_pressed(question):
    assert question.validate("") == question.validate("-") == question.value_of_key("*") == ""
    with pytest.raises(InstrumentError):
        question.value_of_key("")


def test_nine_and_nought_are_digits_of_a_number_and_wishes_only_after_a_star():
    assert [NUMBER.wish_in(keys) for keys in ("9", "0", "*9", "*", "**", "1*5")] == ["", "", "9", "", "*", ""]
    assert SEVERAL.wish_in("9") == "9"


def test_a_rule_sees_every_chosen_value_and_no_part_of_one():
    condition = {"question": "X", "any_of": ["3"]}
    assert holds(condition, {"X": "1;3"}) and holds(condition, {"X": "3"})
    assert not holds(condition, {"X": "1;13"}) and not holds(condition, {})


def test_an_open_text_is_never_put_by_telephone_whatever_its_channels():
    document = {**SETTINGS, "kind": "text", "channels": ["voice", "web"]}
    assert question_from(document, {}).channels == ("web",)
    assert "voice" not in question_from({**document, "channels": []}, {}).channels


def test_limits_that_a_file_leaves_out_are_the_kinds_own():
    document = {**SETTINGS, "kind": "number", "minimum": None, "maximum": 5, "longest": 500}
    assert question_from(document, {}) == NumberQuestion(**SETTINGS, maximum=5)
    assert isinstance(question_from({**SETTINGS, "kind": "text", "longest": 7}, {}), TextQuestion)
