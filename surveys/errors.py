"""The family of errors that the survey method raises.

Every error has a ``code`` (stable, for tests and translation) and ``details`` (the values that its sentence names), so that a face
can say the same thing in the user's language.
"""

from __future__ import annotations


class SurveyError(Exception):
    """Something about the survey itself is wrong; ``str(error)`` is one English sentence that says where and what to do."""

    code = "survey"

    def __init__(self, message: str, *, code: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.details = details


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
