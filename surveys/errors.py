"""The family of errors that the survey method raises.

A sentence is an English template, and the values that it names stand beside it. So a face can look the template up in its catalogue
and say the same thing in the reader's language; ``./dev fix`` collects every literal template of ``surveys/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Translate = Callable[[str], str]


def _unchanged(text: str) -> str:
    return text


class Phrase:
    """A word or phrase that the values of an error bring into its sentence, to be translated with it."""

    def __init__(self, text: str, /, **values: object) -> None:
        self.text = text
        self.values = values

    def sentence(self, translate: Translate = _unchanged) -> str:
        """The phrase in the language of ``translate``."""
        return _fill(self.text, self.values, translate)

    def __str__(self) -> str:
        return self.sentence()


class SurveyError(Exception):
    """Something about the survey itself is wrong; ``str(error)`` is one English sentence that says where and what to do.

    ``text`` is the sentence with ``%(name)s`` for each value, a literal wherever it is raised; ``code`` is stable, for tests and for
    whoever handles one case apart; ``details`` are the values, those that the sentence names and others that say where.
    """

    code = "survey"

    def __init__(self, text: str, /, *, code: str | None = None, **details: object) -> None:
        super().__init__(_fill(text, details, _unchanged))
        self.text = text
        if code is not None:
            self.code = code
        self.details = details

    def sentence(self, translate: Translate = _unchanged) -> str:
        """The sentence in the language of ``translate``, which gives the translation of a template."""
        return _fill(self.text, self.details, translate)


class DesignError(SurveyError):
    """A sample design, weight or variable cannot be used for estimation."""

    code = "design"


class DrawError(SurveyError):
    """A draw, commitment or release does not follow the recipe that anyone can repeat."""

    code = "draw"


class InstrumentError(SurveyError):
    """A questionnaire, scale or answer is not valid."""

    code = "instrument"


class FieldworkError(SurveyError):
    """An outcome, schedule or quota rule cannot be applied."""

    code = "fieldwork"


class ScoringError(SurveyError):
    """A scheme, weight or score cannot be computed as asked."""

    code = "scoring"


def _fill(text: str, values: Mapping[str, object], translate: Translate) -> str:
    said = {
        name: value.sentence(translate) if isinstance(value, Phrase | SurveyError) else value
        for name, value in values.items()
    }
    return translate(text) % said if said else translate(text)
