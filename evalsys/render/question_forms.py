"""A question as a WTForms form: one kind of field per kind of question."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.fields import Field
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from surveys.errors import InstrumentError
from surveys.instrument import JOINED_BY, Question


class AnswerForm(Form):
    """One question; ``value`` is what is to be recorded of what was sent."""

    answer: Field

    @property
    def value(self) -> str:
        """The answer as one text."""
        data = self.answer.data or ""
        return data if isinstance(data, str) else JOINED_BY.join(data)


def make_form(
    question: Question, language: str, sent: Mapping | None = None, *, answer: str | None = None, prefix: str = ""
) -> AnswerForm:
    """The form of ``question`` with its options in ``language`` (zh or en), filled from what was sent or answered before.

    prefix : stands before the name of its field, where a page puts several questions.
    """
    form = type("AnswerForm", (AnswerForm,), {"answer": _FIELDS[question.kind](question, language)})
    if question.kind == "multiple" and answer is not None:
        answer = answer.split(JOINED_BY)
    return form(sent, data={"answer": answer}, prefix=prefix)


def _one(question: Question, language: str) -> Field:
    return RadioField(
        choices=_choices(question, language),
        validators=[InputRequired(_l("Please choose one of the answers; “don't know” is an answer too."))],
    )


def _several(question: Question, language: str) -> Field:
    def check(form: Form, field: Field) -> None:
        try:
            question.validate(JOINED_BY.join(field.data or ()))
        except InstrumentError as error:
            low, high = error.details.get("low", 1), error.details.get("high", len(question.options))
            sentence = gettext(
                "Please choose from %(low)d to %(high)d answers, or “don't know” alone.", low=low, high=high
            )
            raise ValidationError(sentence) from error

    return SelectMultipleField(
        choices=_choices(question, language),
        validators=[check],
        validate_choice=False,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


def _text(question: Question, language: str) -> Field:
    message = _l("Please shorten the text to at most %(max)d characters.")
    return TextAreaField(
        validators=[Length(max=question.longest, message=message)],
        render_kw={"rows": 5, "maxlength": question.longest},
    )


def _number(question: Question, language: str) -> Field:
    def check(form: Form, field: Field) -> None:
        try:
            question.validate(field.data or "")
        except InstrumentError as error:
            raise ValidationError(
                gettext(
                    "Please write a number from %(low)s to %(high)s with at most %(decimals)s decimals.",
                    low=question.minimum,
                    high=question.maximum,
                    decimals=question.decimals,
                )
            ) from error

    keys = "decimal" if question.decimals else "numeric"
    return StringField(validators=[check], render_kw={"inputmode": keys, "autocomplete": "off", "maxlength": 20})


def _day(question: Question, language: str) -> Field:
    def check(form: Form, field: Field) -> None:
        try:
            question.validate(field.data or "")
        except InstrumentError as error:
            raise ValidationError(
                gettext(
                    "Please write a day as YYYY-MM-DD (%(low)s to %(high)s).",
                    low=question.not_before or "…",
                    high=question.not_after or "…",
                )
            ) from error

    limits = {"min": question.not_before, "max": question.not_after}
    return StringField(
        validators=[check],
        render_kw={"type": "date", "autocomplete": "off", **{name: day for name, day in limits.items() if day}},
    )


def _choices(question: Question, language: str) -> list[tuple[str, str]]:
    return [(option.value, option.label[language]) for option in question.options]


_FIELDS = {"scale": _one, "yes_no": _one, "multiple": _several, "text": _text, "number": _number, "date": _day}
