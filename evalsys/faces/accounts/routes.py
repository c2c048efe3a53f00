"""Accounts: the administrator opens them and gives passwords; the security officer gives roles, locks, and resets second factors."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from evalsys.accounts import actions
from evalsys.accounts.models import User
from evalsys.accounts.permissions import ROLES, require
from evalsys.accounts.queries import get_user, list_users
from evalsys.accounts.second_factor import reset_second_factor
from evalsys.base.database import db, transaction
from evalsys.base.runtime import current_runtime
from evalsys.render import words

blueprint = Blueprint("accounts", __name__, template_folder="templates", url_prefix="/accounts")
NEEDED = _l("Fill this in.")


class OpeningForm(FlaskForm):
    """A new account."""

    name = StringField(
        _l("Sign-in name"),
        [
            InputRequired(NEEDED),
            Length(max=80),
            Regexp(r"[\w.@-]+\Z", message=_l("Letters, digits and . @ - _ only.")),
        ],
        render_kw={"autocomplete": "off", "autocapitalize": "none"},
    )
    display_name = StringField(_l("Name that pages show"), [InputRequired(NEEDED), Length(max=120)])
    unit_code = StringField(_l("Code of the unit (department liaisons only)"), [Length(max=40)])


class RolesForm(FlaskForm):
    """The roles of a person."""

    roles = SelectMultipleField(
        _l("Roles"),
        choices=[SelectChoice(role, words.ROLES[role]) for role in ROLES],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    unit_code = StringField(_l("Code of the unit (department liaisons only)"), [Length(max=40)])


class ActForm(FlaskForm):
    """A button: nothing but its CSRF token."""


@blueprint.get("/")
@require("accounts.read")
def list_all():
    """Everybody who may sign in."""
    return _list_page(OpeningForm())


@blueprint.post("/")
@require("accounts.open")
def open_account():
    """Open an account without roles; its first password is shown this once."""
    form = OpeningForm()
    if not form.validate_on_submit():
        return _list_page(form), 422
    with transaction() as session:
        user, password = actions.open_account(
            session,
            current_runtime().clock,
            name=form.name.data.strip(),
            display_name=form.display_name.data.strip(),
            unit_code=(form.unit_code.data or "").strip(),
            actor=current_user.name,
        )
    return render_template("accounts/password.html", user=user, password=password)


@blueprint.get("/<name>")
@require("accounts.read")
def show(name: str):
    """An account, and what the reader may do about it."""
    return _page(get_user(db.session(), name))


@blueprint.post("/<name>/password")
@require("accounts.open")
def give_password(name: str):
    """A new password, shown this once, which its owner has to change."""
    with transaction() as session:
        password = actions.give_password(session, current_runtime().clock, name, actor=current_user.name)
        user = get_user(session, name)
    return render_template("accounts/password.html", user=user, password=password)


@blueprint.post("/<name>/roles")
@require("accounts.secure")
def change_roles(name: str):
    """Give these roles and no other."""
    form = RolesForm()
    if not form.validate_on_submit():
        return _page(get_user(db.session(), name), form), 422
    with transaction() as session:
        unit = (form.unit_code.data or "").strip()
        clock, roles = current_runtime().clock, form.roles.data
        actions.change_roles(session, clock, name, roles, actor=current_user.name, unit_code=unit)
    return _done(name, gettext("The roles are changed."))


@blueprint.post("/<name>/lock")
@require("accounts.secure")
def lock(name: str):
    """Close the account and end its sessions."""
    with transaction() as session:
        actions.lock_user(session, current_runtime().clock, name, actor=current_user.name)
    return _done(name, gettext("The account is locked."))


@blueprint.post("/<name>/unlock")
@require("accounts.secure")
def unlock(name: str):
    """Open the account again."""
    with transaction() as session:
        actions.unlock_user(session, current_runtime().clock, name, actor=current_user.name)
    return _done(name, gettext("The account is open again."))


@blueprint.post("/<name>/second-factor/reset")
@require("accounts.secure")
def reset(name: str):
    """Take away the second factor of somebody who lost it."""
    with transaction() as session:
        reset_second_factor(session, current_runtime(), name, actor=current_user.name)
    return _done(name, gettext("The second factor is reset."))


def _done(name: str, said: str):
    flash(said)
    return redirect(url_for("accounts.show", name=name))


def _list_page(form: OpeningForm):
    clock = current_runtime().clock
    rows = [(user, actions.is_locked(user, clock)) for user in list_users(db.session())]
    return render_template("accounts/list.html", rows=rows, form=form)


def _page(user: User, form: RolesForm | None = None):
    return render_template(
        "accounts/account.html",
        user=user,
        is_locked=actions.is_locked(user, current_runtime().clock),
        roles_form=form or RolesForm(roles=user.roles, unit_code=user.unit_code),
        form=ActForm(),
    )
