"""Which question follows: rules as data, evaluated against the answers given so far.

A condition is one of ``{question, any_of}``, ``{question, answered}``, ``{all}``, ``{any}``, ``{not}``. A rule stands
after a question and leads to a later one or to the end, so a path always ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

END = "END"
#: what joins the chosen values of a multiple choice, as lists are joined in the programme's files
JOINED_BY = ";"
Answers = Mapping[str, str]


def holds(condition: Mapping[str, Any], answers: Answers) -> bool:
    """Whether a condition is true of the answers; what was not asked is no answer and equals nothing.

    Of a multiple choice ``any_of`` holds where one of the chosen values is among them.
    """
    if "all" in condition:
        return all(holds(part, answers) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, answers) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], answers)
    if "answered" in condition:
        return (condition["question"] in answers) == condition["answered"]
    answer = answers.get(condition["question"])
    if answer is None:
        return False
    return answer in condition["any_of"] or not set(condition["any_of"]).isdisjoint(answer.split(JOINED_BY))


def parts_of(condition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The conditions that a condition joins; none for one that looks at a question."""
    negated = [condition["not"]] if "not" in condition else []
    return [*condition.get("all", ()), *condition.get("any", ()), *negated]


def questions_in(condition: Mapping[str, Any]) -> set[str]:
    """The questions that a condition looks at."""
    return set().union(
        [condition["question"]] if "question" in condition else [], *map(questions_in, parts_of(condition))
    )


@dataclass(frozen=True)
class Rule:
    """After question ``after``, go to ``goto`` when the condition holds."""

    after: str
    goto: str
    when: Mapping[str, Any]


def follow(order: Sequence[str], rules: Sequence[Rule], answers: Answers) -> tuple[str, ...]:
    """The questions on the way that these answers lead, in order.

    Derived afresh each time and never stored. Answers off the way are not looked at, so an answer that was given
    before the respondent went back and took another way changes nothing. Beyond the first unanswered question the way
    is the one that would follow if no rule held.
    """
    position_of = {code: position for position, code in enumerate(order)}
    path: list[str] = []
    on_way: dict[str, str] = {}
    position = 0
    while position < len(order):
        code = order[position]
        path.append(code)
        if code in answers:
            on_way[code] = answers[code]
        target = next((rule.goto for rule in rules if rule.after == code and holds(rule.when, on_way)), None)
        if target == END:
            break
        # A goto backwards is refused by lint; taken as "the next question" here it cannot loop.
        position = max(position + 1, position_of.get(target, 0)) if target else position + 1
    return tuple(path)
