"""The form of signing in."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


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
