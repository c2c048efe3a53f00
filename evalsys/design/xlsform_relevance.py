"""Rules that lead on ("after Q0, if the answer is 2, go to the end") as XLSForm says it ("relevant" of each question), and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalsys.design.xlsform_conditions import negate

END = "END"
Condition = Mapping[str, Any]
Rules = Sequence[Mapping[str, Any]]


def relevant_by_question(order: Sequence[str], rules: Rules) -> dict[str, Condition | None]:
    """Under which condition each question is asked; ``None``: always.

    A question is left out when a rule that is on the way leads past it.
    """
    position_of = {code: position for position, code in enumerate(order)}
    relevant: dict[str, Condition | None] = {}
    for here, code in enumerate(order):
        passing = [number for number, rule in enumerate(rules) if _passes(rule, position_of, here)]
        parts: list[Condition] = []
        for number in passing:
            part = negate(_fired(rules, number, passing, relevant))
            if part not in parts:
                parts.append(part)
        relevant[code] = None if not parts else parts[0] if len(parts) == 1 else {"all": parts}
    return relevant


def _passes(rule: Mapping[str, Any], position_of: Mapping[str, int], here: int) -> bool:
    until = len(position_of) if rule["goto"] == END else position_of.get(rule["goto"], 0)
    return position_of.get(rule["after"], len(position_of)) < here < until


def _fired(rules: Rules, number: int, passing: list[int], relevant: Mapping[str, Condition | None]) -> Condition:
    """When a rule leads on: its question is asked, its condition holds, and no earlier rule there led elsewhere."""
    rule = rules[number]
    parts: list[Condition] = [rule["when"]]
    on_way = relevant[rule["after"]]
    if on_way is not None and not _needs_answer(rule["when"], rule["after"]):
        parts.insert(0, on_way)
    for earlier in range(number):
        if rules[earlier]["after"] == rule["after"] and earlier not in passing:
            parts.append(negate(rules[earlier]["when"]))
    return parts[0] if len(parts) == 1 else {"all": parts}


def _needs_answer(condition: Condition, code: str) -> bool:
    """Whether a condition can only hold where the question was answered."""
    if "all" in condition:
        return any(_needs_answer(part, code) for part in condition["all"])
    return condition.get("question") == code and condition.get("answered", True)


def rules_from_relevant(order: Sequence[str], relevant: Sequence[Condition | None]) -> list[dict[str, Any]]:
    """Rules that ask the same questions as the conditions. The first question is asked always, whatever stands there.

    Neighbours with the same condition are passed together; several such groups in a row from where each of them ends.
    """
    groups = _groups(relevant)
    rules: list[dict[str, Any]] = []
    for number, (_, end, _) in enumerate(groups):
        row = []  # the conditional groups that follow without a gap
        for _, next_end, condition in groups[number + 1 :]:
            if condition is None:
                break
            row.append((next_end, condition))
        for last in range(len(row), 0, -1):
            skipped = [negate(condition) for _, condition in row[:last]]
            target = row[last - 1][0]
            rules.append(
                {
                    "after": order[end - 1],
                    "goto": order[target] if target < len(order) else END,
                    "when": skipped[0] if last == 1 else {"all": skipped},
                }
            )
    return rules


def _groups(relevant: Sequence[Condition | None]) -> list[tuple[int, int, Condition | None]]:
    """Neighbours with the same condition: (first, one beyond the last, condition)."""
    groups: list[tuple[int, int, Condition | None]] = []
    for position, condition in enumerate(relevant):
        if position == 0:
            condition = None
        if groups and groups[-1][2] == condition:
            groups[-1] = (groups[-1][0], position + 1, condition)
        else:
            groups.append((position, position + 1, condition))
    return groups
