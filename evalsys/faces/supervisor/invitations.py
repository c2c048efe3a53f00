"""Inviting supervisors, and accepting an invitation by its link."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from evalsys.accounts.permissions import is_allowed, public, require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.queries import get_round
from evalsys.oversight.minutes import find_minutes_problem, list_minutes
from evalsys.oversight.observers import accept_invitation, get_invitation, invite_observer, list_observers

blueprint = Blueprint("invitations", __name__, template_folder="templates")
NEEDED = _l("Fill this in.")


class InvitationForm(FlaskForm):
    """Who is invited."""

    name = StringField(_l("Name of the supervisor"), [InputRequired(NEEDED), Length(max=120)])


class AcceptanceForm(FlaskForm):
    """The account with which a supervisor signs in from now on."""

    user_name = StringField(
        _l("Sign-in name"),
        [
            InputRequired(NEEDED),
            Length(max=80),
            Regexp(r"[\w.@-]+\Z", message=_l("Letters, digits and . @ - _ only.")),
        ],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = PasswordField(
        _l("New password"), [InputRequired(NEEDED), Length(max=200)], render_kw={"autocomplete": "new-password"}
    )
    again = PasswordField(
        _l("New password once more"),
        [EqualTo("password", _l("Both new passwords have to be the same."))],
        render_kw={"autocomplete": "new-password"},
    )


class ActForm(FlaskForm):
    """A button: nothing but its CSRF token."""


@blueprint.get("/commission/rounds/<code>/observers")
@require("fieldwork.run")
def list_all(code: str):
    """Who was invited to observe a round, and the minutes that were signed."""
    return _page(code, InvitationForm())


@blueprint.post("/commission/rounds/<code>/observers")
@require("fieldwork.run")
def invite(code: str):
    """Invite a supervisor; the link is shown this once."""
    form, runtime = InvitationForm(), current_runtime()
    if not form.validate_on_submit():
        return _page(code, form), 422
    with transaction() as session:
        found = get_round(session, code)
        token = invite_observer(session, runtime, found, form.name.data.strip(), actor=current_user.name)
    link = runtime.settings.public_base_url + url_for("invitations.show_invitation", token=token)
    return _page(code, InvitationForm(formdata=None), link=link)


@blueprint.get("/observe/<token>")
@public
def show_invitation(token: str):
    """What is asked of a supervisor; looking does not use the link up."""
    return _invitation(token, AcceptanceForm())


@blueprint.post("/observe/<token>")
@public
def accept(token: str):
    """Accept, with a new account or with the one that is signed in."""
    runtime, form = current_runtime(), AcceptanceForm()
    if is_allowed(current_user, "oversight.observe"):
        with transaction() as session:
            accept_invitation(session, runtime, token, user_name=current_user.name)
        return redirect(url_for("supervisor.list_all"))
    if not form.validate_on_submit():
        return _invitation(token, form), 422
    try:
        with transaction() as session:
            name, password = form.user_name.data.strip(), form.password.data
            accept_invitation(session, runtime, token, user_name=name, password=password)
    except (BadInput, Refused) as error:
        form.user_name.errors = [gettext(error.text, **error.values)]
        return _invitation(token, form), error.status
    flash(gettext("You have accepted. Sign in with the account that you just made."))
    return redirect(url_for("session.sign_in", next=url_for("supervisor.list_all")))


def _page(code: str, form: InvitationForm, link: str = ""):
    session, runtime = db.session(), current_runtime()
    found = get_round(session, code)
    minutes = [(one, find_minutes_problem(session, runtime, one)) for one in list_minutes(session, found)]
    return render_template(
        "supervisor/observers.html",
        round=found,
        observers=list_observers(session, found),
        minutes=minutes,
        form=form,
        link=link,
        now=runtime.clock.now(),
    )


def _invitation(token: str, form: AcceptanceForm):
    observer = get_invitation(db.session(), current_runtime(), token)
    return render_template("supervisor/invitation.html", observer=observer, form=form, act_form=ActForm())
