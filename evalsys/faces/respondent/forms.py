"""A question as a WTForms form."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from surveys.instrument import Question


def make_form(
    question: Question, language: str, sent: Mapping | None = None, *, answer: str | None = None, prefix: str = ""
) -> Form:
    """The form of ``question`` with its options in ``language`` (zh or en), filled from what was sent or answered before.

    prefix : stands before the name of its field, where a page puts several questions.
    """
    if question.options:
        field = RadioField(
            choices=[(option.value, option.label[language]) for option in question.options],
            validators=[InputRequired(_l("Please choose one of the answers; “don't know” is an answer too."))],
        )
    else:
        field = TextAreaField(
            validators=[
                Length(max=question.longest, message=_l("Please shorten the text to at most %(max)d characters."))
            ]
        )
    kind = type("AnswerForm", (Form,), {"answer": field})
    return kind(sent, data={"answer": answer}, prefix=prefix)
