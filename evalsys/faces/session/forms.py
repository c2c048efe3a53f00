"""The forms of signing in and of one's own account."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length


class SignInForm(FlaskForm):
    """Name and password."""

    name = StringField(
        lazy_gettext("Name"),
        [InputRequired(lazy_gettext("Write your sign-in name.")), Length(max=80)],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [InputRequired(lazy_gettext("Write your password.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(FlaskForm):
    """A code of the second factor, or a recovery code."""

    code = StringField(
        lazy_gettext("Verification code"),
        [InputRequired(lazy_gettext("Write the code.")), Length(max=30)],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class PasswordForm(FlaskForm):
    """One's own new password, written twice."""

    old = PasswordField(
        lazy_gettext("Present password"),
        [InputRequired(lazy_gettext("Write your password.")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        lazy_gettext("New password"),
        [InputRequired(lazy_gettext("Write your password.")), Length(max=200)],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        lazy_gettext("New password once more"),
        [EqualTo("new", lazy_gettext("Both new passwords have to be the same."))],
        render_kw={"autocomplete": "new-password"},
    )


class ActForm(FlaskForm):
    """A button: nothing but its CSRF token."""
