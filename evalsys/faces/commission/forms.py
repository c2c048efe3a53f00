"""Forms of the commission."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class ActForm(FlaskForm):
    """A button that changes something: nothing but its CSRF token."""


class CommitForm(FlaskForm):
    """The named future sources of the seed."""

    beacon_source = StringField(_l("Public randomness beacon and its future round"), [Length(max=200)])
    dice_source = StringField(_l("Who rolls which dice, and when"), [Length(max=200)])


class TwoPeopleForm(FlaskForm):
    """The second person, who signs beside the one who is signed in."""

    second_name = StringField(_l("Second person's sign-in name"), [InputRequired(), Length(max=80)])
    second_password = PasswordField(_l("Second person's password"), [InputRequired(), Length(max=200)])


class DrawForm(TwoPeopleForm):
    """What the sources showed."""

    beacon = StringField(_l("Beacon: the committed source, a colon, and its value"), [Length(max=500)])
    dice = StringField(_l("What the dice showed"), [Length(max=200)])


class PublishForm(TwoPeopleForm):
    """Approval by two, and the reason of a revision."""

    reason = StringField(_l("Reason (for a revision)"), [Length(max=500)])
