"""The length of text messages, at the edges of both alphabets."""

from __future__ import annotations

import pytest

from surveys.instrument.segments import GSM7, UCS2, Length, measure_message


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", Length(1, 0, GSM7)),
        ("a" * 160, Length(1, 160, GSM7)),
        ("a" * 161, Length(2, 161, GSM7)),
        ("a" * 306, Length(2, 306, GSM7)),
        ("a" * 307, Length(3, 307, GSM7)),
        ("Ωà\n¿Ñ@£", Length(1, 7, GSM7)),
        ("€" * 80, Length(1, 160, GSM7)),
        ("€" * 81, Length(2, 162, GSM7)),
        # The escape and its sign stay together: 152 units and one left empty.
        ("a" * 152 + "€" + "a" * 152, Length(3, 306, GSM7)),
        ("a" * 159 + "ê", Length(3, 160, UCS2)),
        ("字" * 70, Length(1, 70, UCS2)),
        ("字" * 71, Length(2, 71, UCS2)),
        ("字" * 134, Length(2, 134, UCS2)),
        ("字" * 135, Length(3, 135, UCS2)),
        ("😀" * 35, Length(1, 70, UCS2)),
        # Of 67 units a sign outside the basic plane leaves one empty.
        ("😀" * 67, Length(3, 134, UCS2)),
        ("`", Length(1, 1, UCS2)),
    ],
)
def test_a_message_is_as_long_as_its_alphabet_makes_it(text, length):
    assert measure_message(text) == length
