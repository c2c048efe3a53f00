"""Kinds of question: one class each and one row in ``KINDS``, so that a new kind touches nothing else here."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from surveys.errors import InstrumentError
from surveys.instrument.routing import JOINED_BY
from surveys.instrument.scales import DONT_KNOW, REFUSAL, Option, Scale
from surveys.instrument.wording import CHANNELS, Wording, choose_text, fill

#: ends what is pressed on the telephone where an answer takes several keys
FINISH_KEY = "#"
#: alone, it says on the telephone that the answer is not known; before another key, that the key is no part of the answer; in a
#: number it is the decimal point
STAR_KEY = "*"
#: how a file or an interviewer writes that a number or date is not known, which is stored as an empty text
NOT_KNOWN = "-"
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Question(ABC):
    """One question: what is said in each channel, and which answers it takes.

    ``recording``: by language, the web address of a recording that is played on the telephone instead, its keys included; empty for none.
    """

    code: str
    role: str
    wording: Wording
    channels: tuple[str, ...] = CHANNELS
    recording: Mapping[str, str] = field(default_factory=dict)
    kind: ClassVar[str]
    #: whether the answer is one of ``options``
    takes_one: ClassVar[bool] = False
    #: whether the telephone waits for several keys, ended by ``FINISH_KEY``
    takes_keys: ClassVar[bool] = False
    #: channels that can never put it
    never_by: ClassVar[tuple[str, ...]] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """The answers to choose from, best to worst; empty for an open question."""
        return ()

    def wish_in(self, keys: str) -> str:
        """The key that may ask for something else than an answer (again, back, later, an interviewer); ``""`` where it is an answer."""
        return keys

    def value_of_key(self, key: str) -> str:
        """The answer that telephone keys stand for; raises ``InstrumentError`` (code ``unknown-key``)."""
        raise _unknown_key(self.code, key)

    def coarsen(self, value: str) -> str:
        """What is kept of an answer once it has left its case."""
        return value

    def say(self, value: str, language: str) -> str:
        """An answer in words, as its options are called in ``language`` (zh or en)."""
        label_by_value = {option.value: option.label[language] for option in self.options}
        joint = "、" if language == "zh" else "; "
        return joint.join(label_by_value.get(part, part) for part in value.split(JOINED_BY)) if self.options else value

    def text(self, language: str, channel: str, context: Mapping[str, str]) -> str:
        """The question as it is put in that channel, with what is piped in."""
        return fill(choose_text(self.wording, language, channel, self.code), context, self.code)

    @abstractmethod
    def validate(self, value: str) -> str:
        """The answer as it is stored; raises ``InstrumentError`` for what is not an answer to this question."""


@dataclass(frozen=True)
class ScaleQuestion(Question):
    """One option of a scale."""

    scale: Scale = Scale("", ())
    kind = "scale"
    takes_one = True

    @property
    def options(self) -> tuple[Option, ...]:
        return self.scale.options

    def validate(self, value: str) -> str:
        if not isinstance(value, str) or value.strip() not in self.scale.values:
            raise InstrumentError(
                "%(question)s: %(value)r is not one of %(known)s.",
                code="unknown-option",
                question=self.code,
                value=value,
                known=", ".join(self.scale.values),
            )
        return value.strip()

    def value_of_key(self, key: str) -> str:
        return _option_of_key(self, key).value


@dataclass(frozen=True)
class YesNoQuestion(ScaleQuestion):
    """A fact that is so or not; its scale has no points."""

    kind = "yes_no"


@dataclass(frozen=True)
class TextQuestion(Question):
    """An open comment of at most ``longest`` characters; an empty one is an answer too."""

    longest: int = 500
    kind = "text"
    #: a machine cannot write down what is said
    never_by = ("voice",)

    def validate(self, value: str) -> str:
        if not isinstance(value, str):
            raise InstrumentError("%(question)s: the answer is not a text.", code="not-text", question=self.code)
        lines = value.replace("\r\n", "\n").replace("\r", "\n")
        # Control characters (also direction marks) can hide or forge text on a reader's screen.
        text = "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
        text = text.strip()
        if len(text) > self.longest:
            raise InstrumentError(
                "%(question)s: the text is longer than %(longest)s characters.",
                code="too-long",
                question=self.code,
                longest=self.longest,
            )
        return text


@dataclass(frozen=True)
class MultipleQuestion(Question):
    """Any of a scale's options, from ``at_least`` to ``at_most`` (0: as many as there are); don't know and refusal stand alone.

    Stored as the values in the options' order, joined by ``JOINED_BY``.
    """

    scale: Scale = Scale("", ())
    at_least: int = 1
    at_most: int = 0
    kind = "multiple"
    takes_keys = True

    @property
    def options(self) -> tuple[Option, ...]:
        return self.scale.options

    @property
    def alone(self) -> frozenset[str]:
        """The values that go with no other."""
        return frozenset(option.value for option in self.options if option.kind in (DONT_KNOW, REFUSAL))

    def validate(self, value: str) -> str:
        chosen = {part.strip() for part in value.split(JOINED_BY)} - {""} if isinstance(value, str) else {value}
        known = self.scale.values
        if not chosen <= set(known):
            raise InstrumentError(
                "%(question)s: %(value)r is not one of %(known)s.",
                code="unknown-option",
                question=self.code,
                value=value,
                known=", ".join(known),
            )
        most = self.at_most or len(known)
        fits = len(chosen) == 1 if chosen & self.alone else max(self.at_least, 1) <= len(chosen) <= most
        if not fits:
            raise InstrumentError(
                "%(question)s takes from %(low)s to %(high)s answers; don’t know and refusal stand alone.",
                code="wrong-count",
                question=self.code,
                low=max(self.at_least, 1),
                high=most,
            )
        return JOINED_BY.join(option for option in known if option in chosen)

    def value_of_key(self, key: str) -> str:
        """The options of all keys together; a key pressed twice counts once."""
        chosen = [_option_of_key(self, one).value for one in key]
        if not chosen:
            raise _unknown_key(self.code, key)
        return self.validate(JOINED_BY.join(chosen))


@dataclass(frozen=True)
class _WrittenQuestion(Question):
    """An answer that is written with digits; an empty one says that it is not known."""

    takes_keys = True

    def wish_in(self, keys: str) -> str:
        """A key after the star, since 0 and 9 are answers too."""
        return keys[1] if len(keys) == 2 and keys[0] == STAR_KEY else ""

    def validate(self, value: str) -> str:
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else None
        return "" if text in ("", NOT_KNOWN) else self._read(text)

    def value_of_key(self, key: str) -> str:
        if not key:
            raise _unknown_key(self.code, key)
        return "" if key == STAR_KEY else self.validate(self._write(key))

    @abstractmethod
    def _read(self, text: str | None) -> str:
        """The answer as it is stored."""

    @abstractmethod
    def _write(self, keys: str) -> str:
        """Keys as somebody would write them."""


@dataclass(frozen=True)
class NumberQuestion(_WrittenQuestion):
    """A number from ``minimum`` to ``maximum`` with at most ``decimals`` decimals; stored without needless zeros."""

    minimum: float = 0
    maximum: float = 999_999
    decimals: int = 0
    kind = "number"

    def _read(self, text: str | None) -> str:
        number = Decimal(text) if text and _NUMBER.fullmatch(text) else None
        if number is not None:
            number = Decimal(f"{number.normalize():f}")
        fits = number is not None and -number.as_tuple().exponent <= self.decimals
        if not fits or not Decimal(str(self.minimum)) <= number <= Decimal(str(self.maximum)):
            raise InstrumentError(
                "%(question)s: write a number from %(low)s to %(high)s with at most %(decimals)s decimals.",
                code="wrong-number",
                question=self.code,
                low=self.minimum,
                high=self.maximum,
                decimals=self.decimals,
            )
        return str(number)

    def _write(self, keys: str) -> str:
        return keys.replace(STAR_KEY, ".")


@dataclass(frozen=True)
class DateQuestion(_WrittenQuestion):
    """A day as ``YYYY-MM-DD``, not before and not after the days that are given (empty: no limit)."""

    not_before: str = ""
    not_after: str = ""
    kind = "date"

    def coarsen(self, value: str) -> str:
        """The month: a day could be found again among the service records."""
        return value[:7]

    def _read(self, text: str | None) -> str:
        with_limits = {"low": self.not_before or "…", "high": self.not_after or "…"}
        try:
            day = date.fromisoformat(text).isoformat() if text and _DAY.fullmatch(text) else ""
        except ValueError:
            day = ""
        if not day or not (self.not_before or day) <= day <= (self.not_after or day):
            raise InstrumentError(
                "%(question)s: write a day as YYYY-MM-DD (%(low)s to %(high)s).",
                code="wrong-date",
                question=self.code,
                **with_limits,
            )
        return day

    def _write(self, keys: str) -> str:
        return f"{keys[:4]}-{keys[4:6]}-{keys[6:]}"


def _option_of_key(question: Question, key: str) -> Option:
    for option in question.options:
        if option.phone_key == key:
            return option
    raise _unknown_key(question.code, key)


def _unknown_key(code: str, key: str) -> InstrumentError:
    return InstrumentError(
        "%(question)s: key %(key)r stands for no answer.", code="unknown-key", question=code, key=key
    )


KINDS: dict[str, type[Question]] = {
    kind.kind: kind
    for kind in (ScaleQuestion, YesNoQuestion, TextQuestion, MultipleQuestion, NumberQuestion, DateQuestion)
}


def question_from(document: Mapping[str, Any], scales: Mapping[str, Scale]) -> Question:
    """The question that a document describes; raises ``InstrumentError`` for an unknown kind or scale."""
    code, name = document["code"], document["kind"]
    if name not in KINDS:
        raise InstrumentError(
            "%(question)s is of kind %(name)r; known are %(known)s.",
            code="unknown-kind",
            question=code,
            name=name,
            known=", ".join(KINDS),
        )
    kind = KINDS[name]
    known = {field.name for field in fields(kind)}
    settings = {name: value for name, value in document.items() if name in known and value is not None}
    settings["channels"] = tuple(
        channel for channel in document.get("channels") or CHANNELS if channel not in kind.never_by
    )
    settings["recording"] = document.get("recording") or {}
    if "scale" in known:
        if document.get("scale") not in scales:
            raise InstrumentError(
                "%(question)s is answered on scale %(named)r, which does not exist; add it to the scales.",
                code="unknown-scale",
                question=code,
                scale=document.get("scale", ""),
                named=document.get("scale"),
            )
        settings["scale"] = scales[document["scale"]]
    return kind(**settings)
