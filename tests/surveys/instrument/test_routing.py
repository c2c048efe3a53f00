"""Rules as data: what holds, and the way that follows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.instrument.routing import END, Rule, follow, holds, questions_in

CODES = ["A", "B", "C", "D", "E"]
SAYS_1 = {"question": "A", "any_of": ["1"]}


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        (SAYS_1, {"A": "1"}, True),
        (SAYS_1, {"A": "2"}, False),
        (SAYS_1, {}, False),
        ({"question": "A", "answered": True}, {"A": ""}, True),
        ({"question": "A", "answered": True}, {}, False),
        ({"question": "A", "answered": False}, {}, True),
        ({"not": SAYS_1}, {}, True),
        ({"all": [SAYS_1, {"question": "B", "any_of": ["2"]}]}, {"A": "1", "B": "2"}, True),
        ({"all": [SAYS_1, {"question": "B", "any_of": ["2"]}]}, {"A": "1"}, False),
        ({"any": [SAYS_1, {"question": "B", "any_of": ["2"]}]}, {"B": "2"}, True),
        ({"any": [SAYS_1, {"not": {"question": "B", "any_of": ["2"]}}]}, {"B": "2"}, False),
    ],
)
def test_a_condition_holds_exactly_when_the_answers_say_so(condition, answers, expected):
    assert holds(condition, answers) is expected


def test_the_questions_that_a_nested_condition_looks_at_are_all_found():
    condition = {
        "all": [SAYS_1, {"any": [{"not": {"question": "B", "answered": True}}, {"question": "C", "any_of": []}]}]
    }
    assert questions_in(condition) == {"A", "B", "C"}


def test_without_rules_the_order_is_the_way():
    assert follow(CODES, [], {}) == tuple(CODES)


def test_a_rule_skips_to_its_target_only_when_it_holds():
    rules = [Rule("A", "D", SAYS_1)]
    assert follow(CODES, rules, {"A": "1"}) == ("A", "D", "E")
    assert follow(CODES, rules, {"A": "2"}) == tuple(CODES)


def test_the_first_rule_that_holds_decides():
    rules = [Rule("A", "C", SAYS_1), Rule("A", END, {"question": "A", "answered": True})]
    assert follow(CODES, rules, {"A": "1"}) == ("A", "C", "D", "E")
    assert follow(CODES, rules, {"A": "2"}) == ("A",)


def test_an_answer_off_the_way_opens_no_way():
    """B was answered before the respondent went back and said 1 to A; a rule about B must not act on it."""
    rules = [Rule("A", "C", SAYS_1), Rule("C", END, {"question": "B", "any_of": ["x"]})]
    assert follow(CODES, rules, {"A": "1", "B": "x"}) == ("A", "C", "D", "E")
    assert follow(CODES, rules, {"A": "2", "B": "x"}) == ("A", "B", "C")


conditions = st.recursive(
    st.builds(
        lambda code, values: {"question": code, "any_of": values},
        st.sampled_from(CODES),
        st.lists(st.sampled_from("12"), min_size=1),
    )
    | st.builds(lambda code, said: {"question": code, "answered": said}, st.sampled_from(CODES), st.booleans()),
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=6,
)
rule_lists = st.lists(st.builds(Rule, st.sampled_from(CODES), st.sampled_from([*CODES, END]), conditions), max_size=6)


@settings(max_examples=100, deadline=None)
@given(rule_lists, st.dictionaries(st.sampled_from(CODES), st.sampled_from("12")))
def test_every_way_ends_goes_forward_and_starts_at_the_start(rules, answers):
    way = follow(CODES, rules, answers)
    positions = [CODES.index(code) for code in way]
    assert way[0] == "A"
    assert positions == sorted(set(positions))


@settings(max_examples=60, deadline=None)
@given(conditions, st.dictionaries(st.sampled_from(CODES), st.sampled_from("12")))
def test_a_condition_and_its_negation_never_agree(condition, answers):
    assert holds(condition, answers) != holds({"not": condition}, answers)
