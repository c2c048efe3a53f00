"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import login_user, logout_user

from evalsys.accounts.actions import sign_in as check_password
from evalsys.accounts.permissions import SIGNED_IN, is_allowed, public, require
from evalsys.base.database import transaction
from evalsys.base.runtime import current_runtime
from evalsys.faces.session.forms import SignInForm

blueprint = Blueprint("session", __name__, template_folder="templates")
#: where people land who came without a page in mind: the first that they may open
HOMES = (
    ("fieldwork.run", "commission.list_all"),
    ("design.read", "designer.list_all"),
    ("interview.conduct", "interviewer.desk"),
)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in():
    """Sign in; an unknown name, a wrong password and a locked account are answered alike."""
    form = SignInForm()
    if form.validate_on_submit():
        with transaction() as session:
            user = check_password(session, current_runtime().clock, form.name.data.strip(), form.password.data)
        if user is not None:
            login_user(user)
            return redirect(_own_address(request.args.get("next", "")) or _home(user))
        form.password.errors = [gettext("Name and password do not belong together, or the account is locked.")]
    return render_template("session/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
@require(SIGNED_IN)
def sign_out():
    """Sign out."""
    logout_user()
    return redirect(url_for("public.list_results"))


def _home(user) -> str:
    allowed = (endpoint for permission, endpoint in HOMES if is_allowed(user, permission))
    return url_for(next(allowed, "public.list_results"))


def _own_address(address: str) -> str:
    """``address`` if it is a path of this site, else nothing: nobody is sent elsewhere by a link to us."""
    # Browsers read a backslash as a slash and skip control characters, so that "/\\evil" is another site.
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return ""
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else ""
