"""Answer scales: options from best to worst, with points, telephone keys, and what leaves the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveys.errors import InstrumentError

RATED = "rated"
DONT_KNOW = "dont_know"
REFUSAL = "refusal"


@dataclass(frozen=True)
class Option:
    """One answer option.

    ``points`` is 0–100 for a rated option and ``None`` for every other kind; ``satisfied`` says whether it counts in
    the satisfied share (满意率).
    """

    value: str
    label: Mapping[str, str]
    kind: str
    points: float | None
    satisfied: bool
    phone_key: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Option:
        """The option that a configuration document describes."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Scale:
    """A named list of options, best to worst; don't know and refusal stand last."""

    code: str
    options: tuple[Option, ...]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Scale:
        """The scale that a configuration document describes."""
        return cls(document["code"], tuple(Option.from_document(option) for option in document["options"]))

    @property
    def values(self) -> tuple[str, ...]:
        """The stored values, in order."""
        return tuple(option.value for option in self.options)

    @property
    def rated(self) -> tuple[Option, ...]:
        """The options that have points."""
        return tuple(option for option in self.options if option.kind == RATED)

    def option(self, value: str) -> Option:
        """The option stored as ``value``; raises ``InstrumentError`` where there is none."""
        for option in self.options:
            if option.value == value:
                return option
        raise InstrumentError(
            "%(value)r is not an answer on scale %(scale)s; it has %(known)s.",
            code="unknown-option",
            scale=self.code,
            value=value,
            known=", ".join(self.values),
        )

    def points(self, value: str) -> float | None:
        """Points 0–100 of an answer, ``None`` for don't know, refusal and unscored options."""
        return self.option(value).points
