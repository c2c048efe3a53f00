"""A problem in a TOML file is shown on the line where a person finds it."""

from __future__ import annotations

import pytest

from evalsys.design.toml_lines import find_key_line

TEXT = """\
# note
code = "a = b"
hours = [
    { from = "09:00", to = "12:00" },
]

[name]
zh = "名"

[[rounds]]
kind = "first"

[rounds.name]
en = "First"

[[rounds]]
kind = "second"

[rounds.name]
en = "Second"

[points]
"1" = 100
"""


@pytest.mark.parametrize(
    ("column", "line"),
    [
        ("code", 2),
        ("name.zh", 8),
        ("name.en", 7),
        ("hours[1].from", 3),
        ("rounds[1].kind", 11),
        ("rounds[2].kind", 17),
        ("rounds[2].name.en", 20),
        ("rounds[2].name.zh", 19),
        ("rounds[2].covers", 16),
        ("points.1", 23),
        ("year", None),
    ],
)
def test_a_key_is_found_on_its_line_or_else_its_table(column, line):
    assert find_key_line(TEXT, column) == line
