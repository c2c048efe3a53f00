"""A test promises something, and can fail."""

from __future__ import annotations

import ast

import pytest

from tests.house.sources import dotted, list_files, name_of, parse

SKIPPING = {"skip", "skipif", "xfail", "importorskip"}
#: a call of these fails the test by itself
CHECKING = ("assert_", "check_", "expect", "must_", "verify", "require_", "refuses", "run_state_machine")


def list_tests(path) -> list[ast.FunctionDef]:
    return [
        node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


TESTS = [path for path in list_files("tests/*.py") if path.name.startswith("test_")]


def can_fail(test: ast.FunctionDef) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call):
            last = dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
            if last in {"raises", "fail", "warns"} or last.startswith(CHECKING):
                return True
    return False


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_a_test_can_fail(path):
    toothless = [f"{name_of(path)}:{test.lineno} {test.name}" for test in list_tests(path) if not can_fail(test)]
    assert not toothless, f"nothing is asserted in {toothless}"


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_a_test_says_in_a_sentence_what_it_promises(path):
    terse = [
        f"{name_of(path)}:{test.lineno} {test.name}"
        for test in list_tests(path)
        if test.name.count("_") < 3 and not ast.get_docstring(test)
    ]
    assert not terse, f"name the promise, or say it in a docstring: {terse}"


@pytest.mark.parametrize("path", list_files("tests/*.py"), ids=name_of)
def test_no_test_is_skipped(path):
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Attribute) and node.attr in SKIPPING and dotted(node).startswith("pytest"):
            raise AssertionError(
                f"{name_of(path)}:{node.lineno} skips; a test that cannot run says what is missing and fails"
            )


def test_test_names_are_not_used_twice_in_one_file():
    for path in TESTS:
        names = [node.name for node in parse(path).body if isinstance(node, ast.FunctionDef)]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"{name_of(path)} defines {twice} twice, so that the first is never run"
