"""A programme's text messages: their lengths, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalsys.design.programme_layout import LANGUAGES, MORE_TEXTS
from evalsys.design.programme_problems import FileProblem
from surveys.errors import InstrumentError
from surveys.instrument import Questionnaire
from surveys.instrument.segments import Length
from surveys.instrument.text_messages import lint_texts, measure_texts

FILE = "fieldwork.toml"
#: what an interview by text message needs besides the questionnaire
CONVERSATION = ("identity", "unclear", "goodbye")
#: the messages around the questions that such an interview may end with
ENDINGS = ("complete", "ineligible", "refused")


@dataclass(frozen=True)
class MeasuredText:
    """A text message of a programme, by name, and how long it is with the longest of the units' names."""

    name: str
    language: str
    length: Length


def texts_of(sms: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """The text messages of a configuration by name: the invitation, and those of ``MORE_TEXTS`` that it has."""
    return {"invitation": sms["text"], **{name: sms[name] for name in MORE_TEXTS if sms.get(name)}}


def list_measured_texts(configuration: Mapping[str, Any], units: Sequence[Mapping[str, Any]]) -> list[MeasuredText]:
    """Every text message of a programme that is sound, as its designer sees them."""
    texts = texts_of(configuration["fieldwork"]["sms"])
    context = Questionnaire.from_configuration(configuration).context
    lengths = measure_texts(texts, context, _names_of(units))
    return [MeasuredText(name, language, length) for (name, language), length in lengths.items()]


def check_text_messages(configuration: Mapping[str, Any], units: Sequence[Mapping[str, Any]]) -> Iterator[FileProblem]:
    """What is wrong with a programme's text messages; nothing where its questionnaire cannot be built yet."""
    sms = configuration["fieldwork"]["sms"]
    days = sms["reminder_days"]
    if len(days) > 2 or any(later <= earlier for earlier, later in zip(days, days[1:], strict=False)):
        yield _problem("sms.reminder_days", days, "reminder-days")
    needed = [f"reminder_{number}" for number, _ in enumerate(days[:2], 1)] + list(CONVERSATION) * sms["two_way"]
    for name in needed:
        if not sms[name]:
            yield _problem(f"sms.{name}", "", "missing")
    messages = configuration["questionnaire"]["messages"]
    for name in ENDINGS if sms["two_way"] else ():
        for language in LANGUAGES:
            if not any(messages[name].get(channel, {}).get(language) for channel in ("sms", "any")):
                params = {"channel": "sms", "language": language}
                yield FileProblem("questionnaire.toml", None, f"messages.{name}", "", "missing-wording", params)
    try:
        context = Questionnaire.from_configuration(configuration).context
    except InstrumentError:
        return
    for finding in lint_texts(texts_of(sms), context, _names_of(units), ("STOP", "退订", *sms["stop_words"])):
        yield FileProblem(
            FILE, None, finding.place, str(finding.params.get("pipe", "")), finding.problem, finding.params
        )


def _problem(column: str, value: object, problem: str) -> FileProblem:
    return FileProblem(FILE, None, column, str(value), problem, {})


def _names_of(units: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {language: [unit["name"][language] for unit in units] for language in ("zh", "en")}
