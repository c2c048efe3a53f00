"""The kinds of value that a programme's files hold: each reads what a person typed, and writes it back.

A kind reports what is wrong through ``report(column, value, problem, **params)`` and returns ``None`` then, so that
reading goes on and finds the next problem too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Protocol

Report = Callable[..., None]
REQUIRED = object()
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Kind(Protocol):
    """Reads (``parse``) and writes (``dump``) one kind of value; ``dump(parse(x))`` parses to the same again."""

    def parse(self, value: Any, column: str, report: Report) -> Any: ...

    def dump(self, value: Any) -> Any: ...


@dataclass(frozen=True)
class Text:
    """A text of at most ``longest`` characters; ``pattern`` restricts it."""

    longest: int = 4000
    empty: bool = False
    pattern: re.Pattern[str] | None = None

    def parse(self, value: Any, column: str, report: Report) -> str | None:
        if not isinstance(value, str):
            return report(column, value, "not-text")
        text = value.strip()
        if not text and not self.empty:
            return report(column, value, "missing")
        if len(text) > self.longest:
            return report(column, value, "too-long", longest=self.longest)
        if text and self.pattern and not self.pattern.fullmatch(text):
            return report(column, value, "not-a-code")
        return text

    def dump(self, value: str) -> str:
        return value


def code(longest: int = 40, *, empty: bool = False) -> Text:
    """A code: letters, digits, ``_ . -``."""
    return Text(longest, empty, _CODE)


@dataclass(frozen=True)
class Number:
    """A finite number between ``low`` and ``high``, whole where ``whole``; ``empty`` allows none (``None``)."""

    low: float = 0
    high: float = math.inf
    whole: bool = False
    empty: bool = False

    def parse(self, value: Any, column: str, report: Report) -> int | float | None:
        if self.empty and value in ("", None):
            return None
        number = _number(value)
        if number is None or self.whole and number != int(number):
            return report(column, value, "not-a-whole-number" if self.whole else "not-a-number")
        if not self.low <= number <= self.high:
            return report(column, value, "out-of-range", low=self.low, high=self.high)
        return int(number) if number == int(number) else number

    def dump(self, value: int | float | None) -> int | float | str:
        return "" if value is None else value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


SHARE = Number(0, 1)


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    choices: tuple[str, ...]

    def parse(self, value: Any, column: str, report: Report) -> str | None:
        word = value.strip() if isinstance(value, str) else value
        return word if word in self.choices else report(column, value, "not-a-choice", choices=", ".join(self.choices))

    def dump(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class YesNo:
    """``yes`` or ``no`` in CSV, ``true`` or ``false`` in TOML."""

    csv: bool = True

    def parse(self, value: Any, column: str, report: Report) -> bool | None:
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        return word == "yes" if word in ("yes", "no") else report(column, value, "not-yes-or-no")

    def dump(self, value: bool) -> str | bool:
        return ("yes" if value else "no") if self.csv else value


@dataclass(frozen=True)
class Day:
    """A day, kept as ``YYYY-MM-DD``."""

    def parse(self, value: Any, column: str, report: Report) -> str | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            return report(column, value, "not-a-day")

    def dump(self, value: str) -> date:
        return date.fromisoformat(value)


@dataclass(frozen=True)
class Hour:
    """An hour of the day, kept as ``HH:MM``."""

    def parse(self, value: Any, column: str, report: Report) -> str | None:
        text = value.strftime("%H:%M") if isinstance(value, time) else value
        return text if isinstance(text, str) and _HOUR.fullmatch(text) else report(column, value, "not-an-hour")

    def dump(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class ListOf:
    """A list; in CSV its members are joined by semicolons."""

    kind: Kind
    csv: bool = False
    least: int = 0

    def parse(self, value: Any, column: str, report: Report) -> list | None:
        if self.csv and isinstance(value, str):
            value = [part for part in (part.strip() for part in value.split(";")) if part]
        if not isinstance(value, list):
            return report(column, value, "not-a-list")
        if len(value) < self.least:
            return report(column, "", "too-few", least=self.least)
        return [self.kind.parse(member, f"{column}[{number}]", report) for number, member in enumerate(value, 1)]

    def dump(self, value: list) -> list | str:
        members = [self.kind.dump(member) for member in value]
        return ";".join(members) if self.csv else members


@dataclass(frozen=True)
class MapOf:
    """Values by key, written in the order of ``keys`` (any other key after them, sorted, where ``open``)."""

    kind: Kind
    keys: tuple[str, ...] = ()
    open: bool = True
    required: tuple[str, ...] = ()

    def parse(self, value: Any, column: str, report: Report) -> dict | None:
        if not isinstance(value, Mapping):
            return report(column, value, "not-a-table")
        for key in self.required:
            if key not in value:
                report(f"{column}.{key}", "", "missing")
        for key in value:
            if not self.open and key not in self.keys:
                report(f"{column}.{key}", key, "unknown-key")
        return {key: self.kind.parse(member, f"{column}.{key}", report) for key, member in value.items()}

    def dump(self, value: Mapping) -> dict:
        order = [key for key in self.keys if key in value] + sorted(set(value) - set(self.keys))
        return {key: self.kind.dump(value[key]) for key in order}


@dataclass(frozen=True)
class Optional:
    """A field that may be left out; it then has ``default``, and is left out again when written."""

    kind: Kind
    default: Any


@dataclass(frozen=True)
class Fields:
    """A table with named fields, written in their order."""

    fields: Mapping[str, Kind | Optional]

    def parse(self, value: Any, column: str, report: Report) -> dict | None:
        if not isinstance(value, Mapping):
            return report(column, value, "not-a-table")
        prefix = f"{column}." if column else ""
        for key in value:
            if key not in self.fields:
                report(prefix + key, key, "unknown-key")
        return {name: self._member(value, name, prefix, report) for name in self.fields}

    def _member(self, value: Mapping, name: str, prefix: str, report: Report) -> Any:
        kind = self.fields[name]
        optional = isinstance(kind, Optional)
        if name in value:
            return (kind.kind if optional else kind).parse(value[name], prefix + name, report)
        return kind.default if optional else report(prefix + name, "", "missing")

    def dump(self, value: Mapping) -> dict:
        written = {}
        for name, kind in self.fields.items():
            if not isinstance(kind, Optional):
                written[name] = kind.dump(value[name])
            elif value.get(name, kind.default) != kind.default:
                written[name] = kind.kind.dump(value[name])
        return written


@dataclass(frozen=True)
class Condition:
    """A routing condition: looks at one question, or joins others by ``all``, ``any``, ``not``."""

    deepest: int = 5

    def parse(self, value: Any, column: str, report: Report) -> dict | None:
        shape = self._shape(value)
        return report(column, value, "not-a-condition") if shape is None else shape.parse(value, column, report)

    def _shape(self, value: Any) -> Fields | None:
        if not isinstance(value, Mapping) or self.deepest == 0:
            return None
        inner = Condition(self.deepest - 1)
        shapes: dict[frozenset[str], Fields] = {
            frozenset(fields): Fields(fields)
            for fields in (
                {"question": code(), "any_of": ListOf(Text(40), least=1)},
                {"question": code(), "answered": YesNo(csv=False)},
                {"all": ListOf(inner, least=1)},
                {"any": ListOf(inner, least=1)},
                {"not": inner},
            )
        }
        return shapes.get(frozenset(value))

    def dump(self, value: Mapping) -> dict:
        shape = self._shape(value)
        return shape.dump(value) if shape else dict(value)


BILINGUAL = Fields({"zh": Text(), "en": Text()})
CHANNELS = ("any", "web", "sms", "voice", "interviewer", "paper")
WORDING = MapOf(BILINGUAL, CHANNELS, open=False)
