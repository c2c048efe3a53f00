"""Texts in two languages and five channels, with what is piped into them.

``{unit}`` is replaced from a context. A part in square brackets is left out as a whole when something it pipes is not
known: ``近12个月[（例如{month}）]，…``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from surveys.errors import InstrumentError

LANGUAGES = ("zh", "en")
CHANNELS = ("web", "sms", "voice", "interviewer", "paper")
ANY = "any"
PIPES = ("unit", "month", "link", "programme", "sponsor", "conductor", "contacts_destroyed_on")

#: what stands in a recording's address for the code of the unit that it names
UNIT_CODE = "{unit_code}"

_PIPE = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")

Wording = Mapping[str, Mapping[str, str]]
"""``{channel: {language: text}}``; channel ``any`` stands in for every channel without a text of its own."""


def choose_text(wording: Wording, language: str, channel: str, name: str) -> str:
    """The text for a channel, or else the one for any; raises ``InstrumentError`` (code ``missing-wording``)."""
    text = wording.get(channel, {}).get(language) or wording.get(ANY, {}).get(language)
    if not text:
        raise InstrumentError(
            "%(question)s has no wording in language %(language)r for channel %(channel)r; add one to the "
            "questionnaire.",
            code="missing-wording",
            question=name,
            language=language,
            channel=channel,
        )
    return text


def fill(text: str, context: Mapping[str, str], name: str) -> str:
    """``text`` with everything piped in; raises ``InstrumentError`` (code ``missing-pipe``) for what is not known.

    Values are put in as they are: a value with braces or brackets is not piped again.
    """

    def kept(optional: re.Match[str]) -> str:
        return optional[1] if all(context.get(pipe) for pipe in pipes_in(optional[1])) else ""

    def value(pipe: re.Match[str]) -> str:
        if not context.get(pipe[1]):
            raise InstrumentError(
                "%(question)s pipes {%(pipe)s}, which is not known here; pass it in the context.",
                code="missing-pipe",
                question=name,
                pipe=pipe[1],
            )
        return context[pipe[1]]

    return _PIPE.sub(value, _OPTIONAL.sub(kept, text))


def pipes_in(text: str) -> set[str]:
    """The names that a text pipes in."""
    return set(_PIPE.findall(text))


def longest_fragment(text: str) -> str:
    """The longest part of a text that is the same whatever is piped in; empty where there is none."""
    return max((part.strip() for part in re.split(r"\{[^{}]*\}|\[[^\[\]]*\]", text)), key=len)
