"""Kinds of question: one class each and one row in ``KINDS``, so that a new kind touches nothing else here."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from surveys.errors import InstrumentError
from surveys.instrument.scales import Option, Scale
from surveys.instrument.wording import CHANNELS, Wording, choose_text, fill


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

    @property
    def options(self) -> tuple[Option, ...]:
        """The answers to choose from, best to worst; empty for an open question."""
        return ()

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
        """The answer that a telephone key stands for; raises ``InstrumentError`` (code ``unknown-key``)."""
        for option in self.options:
            if option.phone_key == key:
                return option.value
        raise InstrumentError(
            "%(question)s: key %(key)r stands for no answer.", code="unknown-key", question=self.code, key=key
        )


@dataclass(frozen=True)
class YesNoQuestion(ScaleQuestion):
    """A fact that is so or not; its scale has no points."""

    kind = "yes_no"


@dataclass(frozen=True)
class TextQuestion(Question):
    """An open comment of at most ``longest`` characters; an empty one is an answer too."""

    longest: int = 500
    kind = "text"

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


KINDS: dict[str, type[Question]] = {kind.kind: kind for kind in (ScaleQuestion, YesNoQuestion, TextQuestion)}


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
    settings: dict[str, Any] = {
        "code": code,
        "role": document["role"],
        "wording": document["wording"],
        "channels": tuple(document.get("channels") or CHANNELS),
        "recording": document.get("recording") or {},
    }
    if issubclass(KINDS[name], ScaleQuestion):
        if document.get("scale") not in scales:
            raise InstrumentError(
                "%(question)s is answered on scale %(named)r, which does not exist; add it to the scales.",
                code="unknown-scale",
                question=code,
                scale=document.get("scale", ""),
                named=document.get("scale"),
            )
        settings["scale"] = scales[document["scale"]]
    else:
        settings["longest"] = document.get("longest", TextQuestion.longest)
    return KINDS[name](**settings)
