"""How long a questionnaire takes: what is read or heard, and a moment for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surveys.instrument.questionnaire import Questionnaire

#: Characters (Chinese) and words (English) a minute. Silent reading: Trauzettel-Klosinski and Dietz (2012), Standardized assessment of
#: reading performance, IOVS 53(9), table 1, 255 syllables and 228 words. Speech: 240 characters, as news is read in Chinese, and 150 words.
READ = {"zh": 255, "en": 228}
SPOKEN = {"zh": 240, "en": 150}
#: seconds in which one answer is chosen and given, and a comment or another free answer is written
SECONDS_PER_ANSWER, SECONDS_PER_TEXT = 3, 20
HEARD = ("voice", "interviewer")


def estimate_minutes(questionnaire: Questionnaire, channel: str, language: str) -> float:
    """Minutes of an interview that is asked the consent and every question that a channel asks: (length / rate + answers) of each.

    Heard are the options with their keys by telephone; an interviewer reads the question alone.
    """
    rate = (SPOKEN if channel in HEARD else READ)[language]
    seconds = 0.0
    for code in ("CONSENT", *questionnaire.asked_by(channel)):
        question = questionnaire.question(code)
        text = question.wording.get(channel, {}).get(language) or question.wording.get("any", {}).get(language, "")
        if channel == "voice":
            text += questionnaire.choices(code, language)
        elif channel != "interviewer":
            text += " ".join(option.label.get(language, "") for option in question.options)
        seconds += 60 * _length(text, language) / rate
        seconds += SECONDS_PER_ANSWER if question.options else SECONDS_PER_TEXT
    return seconds / 60


def _length(text: str, language: str) -> int:
    return sum(sign.isalnum() for sign in text) if language == "zh" else len(text.split())
