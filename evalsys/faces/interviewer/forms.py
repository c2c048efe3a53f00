"""The interviewers' forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from evalsys.fieldwork.case_notes import LONGEST

NEEDED = _l("Fill this in.")


class ShiftForm(FlaskForm):
    """Beginning to work."""

    round = SelectField(_l("Round"))
    number = StringField(
        _l("Your own telephone number, at which you are called"),
        [Optional(), Length(max=30)],
        render_kw={"type": "tel", "autocomplete": "tel"},
    )


class ActForm(FlaskForm):
    """A button."""


class CaseForm(FlaskForm):
    """Whatever is sent about the case that is held carries the fence of its lease."""

    fence = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class AnswerForm(CaseForm):
    """An answer, over the state of the interview that its page showed."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    code = HiddenField(validators=[InputRequired()])
    language = HiddenField()
    answer = StringField()


class OutcomeForm(CaseForm):
    """What the call came to."""

    outcome = RadioField(_l("Outcome"), [InputRequired(_l("Choose what the call came to."))])
    never_again = BooleanField(_l("With refusal R A: never contact this person again, in any round"))


class AppointmentForm(CaseForm):
    """When the person agreed to be called."""

    day = DateField(_l("Day"), [InputRequired(NEEDED)])
    time = TimeField(_l("Time"), [InputRequired(NEEDED)])


class NoteForm(CaseForm):
    """For whoever calls next."""

    text = TextAreaField(
        _l("Note for whoever calls next; no names, no answers"),
        [InputRequired(NEEDED), Length(max=LONGEST)],
        render_kw={"rows": 2, "maxlength": LONGEST},
    )
