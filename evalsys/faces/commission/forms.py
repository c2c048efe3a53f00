"""Forms of the commission."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

NEEDED = _l("Fill this in.")


class ActForm(FlaskForm):
    """A button that changes something: nothing but its CSRF token."""


class CommitForm(FlaskForm):
    """The named future sources of the seed; at least one."""

    beacon_source = StringField(_l("Public randomness beacon and its future round"), [Length(max=200)])
    dice_source = StringField(_l("Who rolls which dice, and when"), [Length(max=200)])

    def validate_dice_source(self, field: StringField) -> None:
        """One source at least, or nobody could believe the seed."""
        if not (field.data or "").strip() and not (self.beacon_source.data or "").strip():
            raise ValidationError(_l("Name a beacon, or dice, or both."))


class DrawForm(FlaskForm):
    """What the sources showed, as one person types it in."""

    beacon = StringField(_l("Beacon: the committed source, a colon, and its value"), [Length(max=500)])
    dice = StringField(_l("What the dice showed"), [Length(max=200)])


class PublishForm(FlaskForm):
    """Why a revision is published."""

    reason = StringField(_l("Reason (for a revision)"), [Length(max=500)])


class OrdersForm(FlaskForm):
    """A file of hotline orders."""

    file = FileField(_l("CSV or XLSX file of hotline orders"), [FileRequired(_l("Choose a file."))])
    accept_good = BooleanField(_l("Import the good lines although there are bad ones"))


class WorkListForm(FlaskForm):
    """How many calls a call centre gets."""

    limit = IntegerField(_l("At most so many cases (empty: all that are due)"), [Optional(), NumberRange(min=1)])
    kind = SelectField(_l("File"), choices=[".xlsx", ".csv"])


class ResultsForm(FlaskForm):
    """A call centre's file of results."""

    results = FileField(_l("CSV or XLSX file of results"), [FileRequired(_l("Choose a file."))])
    accept = BooleanField(_l("Import the good lines although there are bad ones"))


class RecontactForm(FlaskForm):
    """What came of asking somebody again; each outcome is a button."""

    outcome = StringField(validators=[InputRequired(NEEDED)])


class OwnLineForm(FlaskForm):
    """At which telephone somebody of the staff is called."""

    number = StringField(
        _l("Your own telephone number, at which you are called"),
        [InputRequired(NEEDED), Length(max=30)],
        render_kw={"type": "tel", "autocomplete": "tel"},
    )


class MonitoringForm(FlaskForm):
    """How a call was led that was listened to; what is not ticked was not so."""

    read_as_worded = BooleanField(_l("read as worded"))
    neutral = BooleanField(_l("neutral"))
    recorded_right = BooleanField(_l("recorded right"))


class VoidingForm(FlaskForm):
    """An interview that does not stand, and why."""

    case = StringField(
        _l("Case (the first letters of its identifier)"),
        [InputRequired(NEEDED), Length(min=8, max=64)],
        render_kw={"autocomplete": "off", "autocapitalize": "none"},
    )
    reason = StringField(_l("Reason"), [InputRequired(NEEDED), Length(max=500)])


class BlockVoidingForm(FlaskForm):
    """A sealed block that does not stand, and why."""

    block = SelectField(_l("Sealed block of one interviewer"))
    block_reason = StringField(_l("Reason"), [InputRequired(NEEDED), Length(max=500)])
