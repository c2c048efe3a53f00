"""Questions, scales, routing rules, the path that follows from answers, checks of the whole, wording by channel."""

from surveys.instrument.hearing import hearing_table
from surveys.instrument.lint import Finding
from surveys.instrument.questionnaire import CONSENT, Questionnaire
from surveys.instrument.questions import FINISH_KEY, Question
from surveys.instrument.routing import JOINED_BY
from surveys.instrument.scales import Option, Scale
from surveys.instrument.wording import CHANNELS, LANGUAGES

__all__ = [
    "CHANNELS",
    "CONSENT",
    "FINISH_KEY",
    "JOINED_BY",
    "LANGUAGES",
    "Finding",
    "Option",
    "Question",
    "Questionnaire",
    "Scale",
    "hearing_table",
]
