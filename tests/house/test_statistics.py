"""What docs/statistics.md names is there."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.house.sources import ROOT

TEXT = (ROOT / "docs/statistics.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(surveys(?:\.\w+)+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_every_function_beside_a_formula_exists_and_says_what_it_promises(name):
    package, room, module, *attributes = name.split(".")
    found = import_module(f"{package}.{room}.{module}")
    for attribute in attributes:
        found = getattr(found, attribute)
    assert found.__doc__, f"{name} has no docstring"


def test_every_row_names_a_function_and_a_source():
    rows = re.findall(r"^\| (?!Formula|---)(.+) \|$", TEXT, re.MULTILINE)
    assert rows
    for row in rows:
        formula, function, source = re.split(r" (?<!\\)\| ", row)
        assert formula and source.strip()
        assert re.search(r"`surveys\.", function), f"no function beside {formula!r}"
