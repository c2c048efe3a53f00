"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user

from evalsys.accounts.actions import sign_in as check_sign_in
from evalsys.accounts.permissions import SIGNED_IN, is_allowed, public, require
from evalsys.base.database import transaction
from evalsys.base.runtime import current_runtime
from evalsys.faces.session.forms import SignInForm

blueprint = Blueprint("session", __name__, template_folder="templates")
#: where a person goes after signing in: the first of these that they may open
HOMES = (("fieldwork.run", "commission.list_all"), ("design.read", "designer.list_all"))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in():
    """Ask for name and password; a wrong one, an unknown one and a locked account are answered alike."""
    form = SignInForm()
    if form.validate_on_submit():
        with transaction() as session:
            user = check_sign_in(session, current_runtime().clock, form.name.data, form.password.data)
        if user is not None:
            login_user(user)
            return redirect(_next_page())
        flash(gettext("Name and password do not fit, or the account is locked for a while."))
    return render_template("session/sign_in.html", form=form), (200 if request.method == "GET" else 422)


@blueprint.post("/sign-out")
@require(SIGNED_IN)
def sign_out():
    """Leave."""
    logout_user()
    return redirect(url_for("public.list_results"))


def _next_page() -> str:
    """The page that was asked for before, if it is one of this site; else the person's own start."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    if wanted.startswith("/") and not wanted.startswith("//") and not parts.netloc and "\\" not in wanted:
        return wanted
    home = next((endpoint for need, endpoint in HOMES if is_allowed(current_user, need)), "public.list_results")
    return url_for(home)
