"""Every number of docs/worked-round.md is what the product computes, and every formula there comes out."""

from __future__ import annotations

import re
import subprocess
from math import sqrt

import pytest

from surveys.scoring import VISIBILITIES, differences, public_figures
from tests.house.worked_round import PAGE, WorkedRound, read_tables
from tests.house.worked_tables import RESULTS

TEXT = PAGE.read_text(encoding="utf-8")
INPUTS = {
    "The units",
    "The frame",
    "Moments of U2",
    "What nobody can know beforehand",
    "What became of them",
    "What was answered",
    "Hotline orders",
}
FORMULAS = [
    line for block in re.findall(r"^```text\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
CELLS = {cell for rows in read_tables(TEXT).values() for row in rows for cell in row.values()}
#: how the page writes arithmetic → how Python does
SIGNS = {"·": "*", "−": "-", "²": "**2", "√": "sqrt"}
ARITHMETIC = re.compile(r"(?:[\d.+\-*/(), ]|sqrt|min|max)+")


@pytest.fixture(scope="module")
def work() -> WorkedRound:
    """The round of the page."""
    return WorkedRound.from_page(TEXT)


@pytest.mark.parametrize("heading", RESULTS)
def test_the_table_is_what_the_product_computes(work, heading):
    assert work.tables[heading] == RESULTS[heading](work)


def test_every_table_of_the_page_is_an_input_or_checked(work):
    assert set(work.tables) == INPUTS | set(RESULTS)


def test_the_inputs_fit_together(work):
    for row in work.tables["What was answered"]:
        answers = sum(int(count) for pattern, count in row.items() if "·" in pattern)
        assert answers == work.outcomes[row["Stratum"]].I, f"answers and completes of {row['Stratum']} differ"
    assert {name: counts.total for name, counts in work.outcomes.items()} == work.released
    last = work.tables["Moments of U2"][-1]
    assert int(last["Completes before"]) + int(last["Completes in the last"]) == sum(
        c.I for name, c in work.outcomes.items() if name.startswith("U2/")
    )


@pytest.mark.parametrize("line", FORMULAS)
def test_a_formula_with_its_numbers_filled_in_comes_out(line):
    expression, _, result = line.partition(" = ")[2].rpartition(" = ")
    for sign, python in SIGNS.items():
        expression = expression.replace(sign, python)
    assert ARITHMETIC.fullmatch(expression), f"this is not arithmetic: {expression}"
    # The numbers filled in are rounded themselves, so the last digit may be one off.
    last_digit = 10.0 ** -len(result.partition(".")[2])
    value = eval(expression, {"__builtins__": {}, "sqrt": sqrt, "min": min, "max": max})
    assert value == pytest.approx(float(result.replace("−", "-")), abs=last_digit * 1.001, rel=0), line


def test_the_result_of_a_formula_stands_in_a_table_or_is_used_further_on():
    for place, line in enumerate(FORMULAS):
        result = line.rpartition(" = ")[2].replace("−", "-")
        later = " ".join(FORMULAS[place + 1 :]).replace("−", "-")
        assert result in CELLS or result in later, f"nothing checks or uses the result of {line}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_prints_what_a_table_says(command):
    printed = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.split()[0]
    assert printed in CELLS


def test_the_public_figures_alone_give_the_same_figures_again(work):
    assert differences(public_figures(work.figures, work.scheme.gates), work.scheme) == []


def test_the_round_shows_every_degree_of_visibility(work):
    assert {unit["visibility"] for unit in work.figures["units"]} == set(VISIBILITIES)
