"""Who may import whom, and what the survey method must not touch."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.house.sources import ROOT, dotted, imported_modules, list_files, name_of, parse

#: what would make a survey computation depend on when or where it runs
CLOCKS_AND_DICE = {"time", "random", "secrets", "uuid"}
TIME_OF_DAY = {"now", "utcnow", "today", "urandom"}
PASSED_RANDOMNESS = {"Generator", "BitGenerator", "SeedSequence", "PCG64", "Philox", "default_rng"}


def test_imports_follow_the_contracts_of_setup_cfg():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", list_files("surveys/*.py"), ids=name_of)
def test_the_survey_method_asks_neither_clock_nor_global_dice(path):
    tree = parse(path)
    forbidden = CLOCKS_AND_DICE & {name.partition(".")[0] for name in imported_modules(tree)}
    assert not forbidden, f"{name_of(path)} imports {forbidden}; pass the time or a Generator in"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in TIME_OF_DAY:
            raise AssertionError(f"{name_of(path)}:{node.lineno} asks for {dotted(node)}; pass it in")


@pytest.mark.parametrize("path", list_files("surveys/*.py"), ids=name_of)
def test_every_generator_of_the_survey_method_has_a_seed(path):
    for node in ast.walk(parse(path)):
        name = dotted(node)
        if ".random." in name and name.rpartition(".")[2] not in PASSED_RANDOMNESS:
            raise AssertionError(
                f"{name_of(path)}:{node.lineno} uses {name}, which all callers share; pass a Generator in"
            )
        if isinstance(node, ast.Call) and dotted(node.func).endswith("default_rng"):
            assert node.args or node.keywords, f"{name_of(path)}:{node.lineno} makes a generator without a seed"


def test_the_stand_alone_verifier_needs_nothing_but_python():
    (path,) = list_files("*/verify_draw.py")
    outside = {name.partition(".")[0] for name in imported_modules(parse(path))} - sys.stdlib_module_names
    assert not outside, f"verify_draw.py imports {outside}"
