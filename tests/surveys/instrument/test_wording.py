"""Texts in two languages and four channels, and what is piped into them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import InstrumentError
from surveys.instrument.wording import choose_text, fill, longest_fragment, pipes_in

WORDING = {"any": {"zh": "总的", "en": "general"}, "voice": {"zh": "说的", "en": ""}}


def test_a_channel_without_its_own_wording_uses_the_one_for_any():
    assert choose_text(WORDING, "zh", "voice", "Q") == "说的"
    assert choose_text(WORDING, "en", "voice", "Q") == "general"
    assert choose_text(WORDING, "zh", "sms", "Q") == "总的"


def test_a_missing_language_is_refused_by_name():
    with pytest.raises(InstrumentError, match="Q has no wording in language 'fr' for channel 'web'"):
        choose_text(WORDING, "fr", "web", "Q")


def test_an_optional_part_goes_when_something_in_it_is_not_known():
    text = "近12个月[（例如{month}）]在{unit}"
    assert fill(text, {"unit": "局", "month": "5月"}, "Q") == "近12个月（例如5月）在局"
    assert fill(text, {"unit": "局"}, "Q") == "近12个月在局"
    assert fill(text, {"unit": "局", "month": ""}, "Q") == "近12个月在局"


def test_a_required_value_that_is_not_known_is_refused_by_name():
    with pytest.raises(InstrumentError) as caught:
        fill("在{unit}", {}, "Q0")
    assert caught.value.code == "missing-pipe"
    assert "{unit}" in str(caught.value)


@settings(max_examples=60)
@given(st.text(min_size=1))
def test_a_piped_value_is_put_in_as_it_is_even_with_braces_and_brackets(value):
    assert fill("在{unit}。[{month}]", {"unit": value}, "Q") == f"在{value}。"


def test_the_names_that_a_text_pipes_are_found():
    assert pipes_in("[{month}] {unit} {unit}") == {"month", "unit"}


def test_the_longest_fragment_is_in_the_text_whatever_is_piped_in():
    text = "受{sponsor}委托，请您评价{unit}，约需三分钟[（{month}）]。"
    fragment = longest_fragment(text)
    assert fragment == "委托，请您评价"
    assert fragment in fill(text, {"sponsor": "甲", "unit": "乙"}, "Q")
    assert longest_fragment("{unit}") == ""
