"""How a listener knows a spoken question again: by the longest part of it that is the same for every unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.instrument.questionnaire import CONSENT, Questionnaire
from surveys.instrument.wording import LANGUAGES, choose_text, longest_fragment


def hearing_table(configuration: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the telephone says: ``{code: {"zh": fragment, "en": fragment, "options": {value: {"zh", "en"}}}}``.

    ``CONSENT`` and every question that is asked by voice are in it; one that is recorded has besides ``recording``, the addresses, and
    ``recorded``, what is heard there of it.
    """
    questionnaire = Questionnaire.from_configuration(configuration)
    asked = [questionnaire.questions[code] for code in questionnaire.order]
    table = {
        question.code: {
            **{
                language: longest_fragment(choose_text(question.wording, language, "voice", question.code))
                for language in LANGUAGES
            },
            "options": {option.value: dict(option.label) for option in question.options},
        }
        for question in (questionnaire.consent, *asked)
        if question.code == CONSENT or "voice" in question.channels
    }
    for code, row in table.items():
        if recording := dict(questionnaire.question(code).recording):
            heard = {language: row[language] + questionnaire.choices(code, language) for language in LANGUAGES}
            row |= {"recording": recording, "recorded": heard}
    return table
