"""Each kind of value reads what people type, says what is wrong with the rest, and writes back what it read."""

from __future__ import annotations

from datetime import date, time

import pytest

from evalsys.design.programme_schema import (
    Condition,
    Day,
    Fields,
    Hour,
    ListOf,
    MapOf,
    Number,
    Optional,
    Text,
    YesNo,
    code,
)

LEAF = {"question": "Q0", "any_of": ["1"]}


def parse(kind, value):
    """What a kind makes of a value, and the problems it reports as ``column: problem``."""
    problems: list[str] = []
    result = kind.parse(value, "x", lambda column, value, problem, **params: problems.append(f"{column}: {problem}"))
    return result, problems


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Number(), "0.50", 0.5),
        (Number(), 1.0, 1),
        (Number(empty=True), "", None),
        (Number(whole=True), "30", 30),
        (Text(), "  两边  ", "两边"),
        (code(empty=True), "", ""),
        (YesNo(), "YES", True),
        (YesNo(csv=False), False, False),
        (Day(), date(2026, 3, 5), "2026-03-05"),
        (Hour(), time(9, 0), "09:00"),
        (ListOf(Text(), csv=True), "个人; 群众 ;", ["个人", "群众"]),
        (MapOf(Number(), ("b", "a")), {"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Fields({"a": Number(), "b": Optional(Number(), 7)}), {"a": 1}, {"a": 1, "b": 7}),
        (Condition(), {"not": {"all": [LEAF, {"any": [LEAF]}]}}, {"not": {"all": [LEAF, {"any": [LEAF]}]}}),
    ],
)
def test_what_is_read_is_written_and_read_again_the_same(kind, typed, kept):
    result, problems = parse(kind, typed)
    assert (result, problems) == (kept, [])
    assert parse(kind, kind.dump(result)) == (kept, [])


@pytest.mark.parametrize(
    ("kind", "typed", "problem"),
    [
        (Number(), "1e400", "x: not-a-number"),
        (Number(), "nan", "x: not-a-number"),
        (Number(), 10**400, "x: not-a-number"),
        (Number(), True, "x: not-a-number"),
        (Number(), None, "x: not-a-number"),
        (Number(whole=True), 1.5, "x: not-a-whole-number"),
        (Number(0, 1), 1.01, "x: out-of-range"),
        (Text(), 5, "x: not-text"),
        (Text(), "   ", "x: missing"),
        (code(), "../x", "x: not-a-code"),
        (Day(), "2026-02-30", "x: not-a-day"),
        (Day(), 20260305, "x: not-a-day"),
        (Hour(), "24:00", "x: not-an-hour"),
        (ListOf(Number()), 5, "x: not-a-list"),
        (ListOf(Number(), least=1), [], "x: too-few"),
        (ListOf(Number()), [1, "b"], "x[2]: not-a-number"),
        (MapOf(Number()), [], "x: not-a-table"),
        (MapOf(Number(), ("a",), open=False), {"b": 1}, "x.b: unknown-key"),
        (MapOf(Number(), required=("a",)), {}, "x.a: missing"),
        (Fields({"a": Number()}), {}, "x.a: missing"),
        (Fields({"a": Number()}), {"a": 1, "b": 2}, "x.b: unknown-key"),
        (Condition(), {"question": "Q0"}, "x: not-a-condition"),
        (Condition(), {**LEAF, "not": LEAF}, "x: not-a-condition"),
        (Condition(), {"all": []}, "x.all: too-few"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_problem(kind, typed, problem):
    assert parse(kind, typed)[1] == [problem]


def test_conditions_nested_without_end_are_refused_not_followed():
    nested = LEAF
    for _ in range(2000):
        nested = {"not": nested}
    assert parse(Condition(), nested)[1] == ["x.not.not.not.not.not: not-a-condition"]
