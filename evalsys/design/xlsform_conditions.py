"""Routing conditions as XLSForm writes them, and back: each condition has an expression that is read as it alone.

``${Q0}='2'``, ``selected('1 2', ${Q0})``, ``${P1}!=''`` (answered), ``${P1}=''`` (not answered), joined by ``(… and …)``,
``(… or …)`` and ``not(…)``. A list of one part is filled up: ``(… and true())``, ``(… or false())``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

#: deepest nesting that is read
DEEPEST = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<field>\$\{[^{}]+\})|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<sign>!=|=|\(|\)|,)|(?P<word>[A-Za-z][\w-]*))"
)


class NoCondition(ValueError):
    """An expression that a questionnaire's rules cannot say; the message names the place that is not understood."""


def write_condition(condition: Mapping[str, Any], several: Container[str] = ()) -> str:
    """The expression of a condition. Raises ``NoCondition`` for values that XLSForm has no way to write.

    several : questions with several answers, each of which is looked at (``selected(${Q}, '1')``).
    """
    if "all" in condition:
        return _join(condition["all"], "and", "true()", several)
    if "any" in condition:
        return _join(condition["any"], "or", "false()", several)
    if "not" in condition:
        return f"not({write_condition(condition['not'], several)})"
    field = f"${{{condition['question']}}}"
    if "answered" in condition:
        return f"{field}!=''" if condition["answered"] else f"{field}=''"
    if set(condition) != {"question", "any_of"}:
        raise NoCondition(str(sorted(condition)))
    values = condition["any_of"]
    if any(not value or re.search(r"['\"\s]", value) for value in values):
        raise NoCondition(", ".join(values))
    if condition["question"] in several:
        selected = [f"selected({field}, '{value}')" for value in values]
        return selected[0] if len(selected) == 1 else f"({' or '.join(selected)})"
    return f"{field}='{values[0]}'" if len(values) == 1 else f"selected('{' '.join(values)}', {field})"


def _join(parts: list[Mapping[str, Any]], word: str, filler: str, several: Container[str]) -> str:
    written = [write_condition(part, several) for part in parts]
    return f"({f' {word} '.join([*written, filler] if len(written) == 1 else written)})"


def read_condition(text: str) -> dict[str, Any]:
    """The condition of an expression. Raises ``NoCondition``."""
    reader = _Reader(text)
    condition = reader.read_or(0)
    reader.end()
    return condition


def negate(condition: Mapping[str, Any]) -> dict[str, Any]:
    """When a condition does not hold; twice negated is the condition itself."""
    return dict(condition["not"]) if "not" in condition else {"not": dict(condition)}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, [], 0
        position, text = 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise NoCondition(text[position : position + 30].strip())
            kind = found.lastgroup or ""
            self.tokens.append(("text" if kind in ("single", "double", "number") else kind, found[kind]))
            position = found.end()

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("", "")

    def take(self, kind: str, value: str | None = None) -> str:
        token = self.peek()
        if token[0] != kind or value is not None and token[1] != value:
            raise NoCondition(token[1] or self.text[-30:])
        self.at += 1
        return token[1]

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise NoCondition(self.peek()[1])

    def read_or(self, depth: int) -> dict[str, Any]:
        return self._read_joined(depth, "or", "any", "false", self.read_and)

    def read_and(self, depth: int) -> dict[str, Any]:
        return self._read_joined(depth, "and", "all", "true", self.read_one)

    def _read_joined(self, depth: int, word: str, key: str, filler: str, read_part) -> dict[str, Any]:
        if depth > DEEPEST:
            raise NoCondition(self.text[:30])
        parts = [read_part(depth)]
        while self.peek() == ("word", word):
            self.at += 1
            if self.peek() == ("word", filler) and self.peek(1)[1] == "(" and self.peek(2)[1] == ")":
                self.at += 3
                return {key: parts}
            parts.append(read_part(depth))
        return parts[0] if len(parts) == 1 else {key: parts}

    def read_one(self, depth: int) -> dict[str, Any]:
        kind, value = self.peek()
        if kind == "sign" and value == "(":
            self.at += 1
            inner = self.read_or(depth + 1)
            self.take("sign", ")")
            return inner
        if kind == "word" and value == "not":
            self.at += 1
            self.take("sign", "(")
            inner = self.read_or(depth + 1)
            self.take("sign", ")")
            return {"not": inner}
        if kind == "word" and value == "selected":
            return self._read_selected()
        field = self._read_field()
        sign = self.take("sign")
        if sign not in ("=", "!="):
            raise NoCondition(sign)
        compared = self.take("text")
        if not compared:
            return {"question": field, "answered": sign == "!="}
        equal = {"question": field, "any_of": [compared]}
        return equal if sign == "=" else {"not": equal}

    def _read_field(self) -> str:
        return self.take("field")[2:-1].strip()

    def _read_selected(self) -> dict[str, Any]:
        """``selected('1 2', ${Q})``: one of several; and ``selected(${Q}, '1')``, as most forms write it."""
        self.take("word", "selected")
        self.take("sign", "(")
        if self.peek()[0] == "field":
            field = self._read_field()
            self.take("sign", ",")
            values = [self.take("text")]
        else:
            values = self.take("text").split()
            self.take("sign", ",")
            field = self._read_field()
        self.take("sign", ")")
        if not values or not values[0]:
            raise NoCondition(self.text[:30])
        return {"question": field, "any_of": values}
