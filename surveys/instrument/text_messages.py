"""Text messages as a designer writes them: how long they get with what is put in, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from surveys.instrument.lint import Finding
from surveys.instrument.segments import Length, measure_message
from surveys.instrument.wording import PIPES, fill, pipes_in

#: of more segments than these a message is too long: networks cut or refuse it, and nobody reads it
MOST_SEGMENTS = 4
#: what stands in for a link, which is as long as those of a usual address
LINK = "https://survey.example.gov.cn/q/" + "x" * 26
UNIT = {"zh": "某某市某某区某某局", "en": "Office of Something of the City"}
#: messages that somebody gets without having written; each says how to get no more
UNASKED = ("invitation", "reminder_1", "reminder_2")

Texts = Mapping[str, Mapping[str, str]]
"""``{name: {language: text}}``; the names are ``invitation``, ``reminder_1``, …"""


def measure_texts(
    texts: Texts, context: Mapping[str, Mapping[str, str]], units: Mapping[str, Sequence[str]] | None = None
) -> dict[tuple[str, str], Length]:
    """The length of each text by name and language, with the longest of the units' names put in.

    context : by language, what is known of the programme. A text with an unknown pipe is measured as it stands.
    """
    lengths = {}
    for name, by_language in texts.items():
        for language, text in by_language.items():
            named = (units or {}).get(language) or [UNIT[language]]
            known = {**context[language], "unit": max(named, key=len), "link": LINK, "month": "2026-12"}
            whole = fill(text, known, name) if pipes_in(text) <= set(known) else text
            lengths[name, language] = measure_message(whole)
    return lengths


def lint_texts(
    texts: Texts,
    context: Mapping[str, Mapping[str, str]],
    units: Mapping[str, Sequence[str]],
    stop_words: Sequence[str],
) -> Iterator[Finding]:
    """What is wrong with the text messages of a round, each finding at ``sms.NAME.LANGUAGE``."""
    for name, by_language in texts.items():
        for language, text in by_language.items():
            place = f"sms.{'text' if name == 'invitation' else name}.{language}"
            for pipe in sorted(pipes_in(text) - set(PIPES)):
                yield Finding(place, "unknown-pipe", {"pipe": pipe})
            if name in UNASKED and "link" not in pipes_in(text):
                yield Finding(place, "link-missing")
            if name == "thanks" and "link" in pipes_in(text):
                yield Finding(place, "link-in-thanks")
            if name in UNASKED and not any(_names(text, word) for word in stop_words):
                yield Finding(place, "stop-word-missing", {"words": ", ".join(stop_words)})
    for (name, language), length in measure_texts(texts, context, units).items():
        if length.segments > MOST_SEGMENTS:
            place = f"sms.{'text' if name == 'invitation' else name}.{language}"
            yield Finding(place, "message-too-long", {"segments": length.segments, "most": MOST_SEGMENTS})


def _names(text: str, word: str) -> bool:
    """Whether a text has the word; one of Latin letters not within a longer one."""
    if not word.isascii():
        return word in text
    return re.search(f"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", text, re.IGNORECASE) is not None
