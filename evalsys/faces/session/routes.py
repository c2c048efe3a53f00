"""Signing in and out, the second factor, and one's own account."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user
from markupsafe import Markup

from evalsys.accounts import second_factor
from evalsys.accounts.actions import choose_password as change_password
from evalsys.accounts.actions import end_sessions
from evalsys.accounts.actions import sign_in as check_password
from evalsys.accounts.models import User
from evalsys.accounts.permissions import SIGNED_IN, is_allowed, public, require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput
from evalsys.base.runtime import current_runtime
from evalsys.faces.session.forms import ActForm, CodeForm, PasswordForm, SignInForm

blueprint = Blueprint("session", __name__, template_folder="templates")
#: where people land who came without a page in mind: the first that they may open
HOMES = (
    ("fieldwork.run", "commission.list_all"),
    ("design.edit", "designer.list_all"),
    ("interview.conduct", "interviewer.desk"),
    ("accounts.read", "accounts.list_all"),
    ("department.read", "department.list_all"),
    ("oversight.observe", "supervisor.list_all"),
    ("oversight.audit", "auditor.show_log"),
    ("design.read", "designer.list_all"),
)
#: where each duty is done that comes before anything else
DUTIES = {"password": "session.choose_password", "second_factor": "session.show_second_factor"}
#: how long after the password the code may follow
HALF_WAY = timedelta(minutes=5)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in():
    """Sign in; an unknown name, a wrong password and a locked account are answered alike."""
    form, runtime = SignInForm(), current_runtime()
    if form.validate_on_submit():
        with transaction() as session:
            user = check_password(session, runtime.clock, form.name.data.strip(), form.password.data)
        wanted = _own_address(request.args.get("next", ""))
        if user is not None and user.second_factor_at is not None:
            _forget_browser()
            browser["half_way"] = {"name": user.name, "at": runtime.clock.now().isoformat(), "next": wanted}
            return redirect(url_for("session.send_code"))
        if user is not None:
            return _let_in(user, wanted)
        form.password.errors = [gettext("Name and password do not belong together, or the account is locked.")]
    return render_template("session/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
def send_code():
    """The second step of signing in, for whoever has a second factor: a code of the device, or a recovery code."""
    runtime, half_way, form = current_runtime(), browser.get("half_way"), CodeForm()
    if half_way is None or runtime.clock.now() - datetime.fromisoformat(half_way["at"]) > HALF_WAY:
        return redirect(url_for("session.sign_in"))
    if form.validate_on_submit():
        with transaction() as session:
            right = second_factor.check_code(session, runtime, half_way["name"], form.code.data)
            user = session.query(User).filter_by(name=half_way["name"]).one()
        if right:
            return _let_in(user, half_way["next"])
        form.code.errors = [gettext("This code does not fit or was used already, or the account is locked.")]
    return render_template("session/code.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
@require(SIGNED_IN)
def sign_out():
    """Sign out."""
    logout_user()
    _forget_browser()
    return redirect(url_for("public.list_results"))


@blueprint.get("/account")
@require(SIGNED_IN)
def show_account():
    """One's own account: roles, second factor, password, other sessions."""
    return render_template("session/account.html", form=ActForm())


@blueprint.post("/account/sign-out-everywhere")
@require(SIGNED_IN)
def sign_out_everywhere():
    """End every session of one's own account, this one too."""
    with transaction() as session:
        end_sessions(session, current_runtime().clock, current_user.name)
    logout_user()
    _forget_browser()
    return redirect(url_for("session.sign_in"))


@blueprint.route("/account/password", methods=["GET", "POST"])
@require(SIGNED_IN)
def choose_password():
    """Change one's own password; other sessions of the account are over."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                user = change_password(
                    session, current_runtime().clock, current_user.name, form.old.data, form.new.data
                )
        except BadInput as error:
            form.new.errors = [gettext(error.text, **error.values)]
        else:
            flash(gettext("The password is changed."))
            return _let_in(user, url_for("session.show_account"))
    return render_template("session/password.html", form=form), 422 if form.errors else 200


@blueprint.get("/account/second-factor")
@require(SIGNED_IN)
def show_second_factor():
    """How far one's second factor is: none, being enrolled, or in use."""
    return _second_factor_page(CodeForm())


@blueprint.post("/account/second-factor/secret")
@require(SIGNED_IN)
def begin_enrolment():
    """Make the secret that the device will hold."""
    with transaction() as session:
        second_factor.begin_enrolment(session, current_runtime(), current_user.name)
    return redirect(url_for("session.show_second_factor"))


@blueprint.post("/account/second-factor")
@require(SIGNED_IN)
def confirm_enrolment():
    """Take the second factor into use; the recovery codes are shown this once."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _second_factor_page(form), 422
    try:
        with transaction() as session:
            codes = second_factor.confirm_enrolment(session, current_runtime(), current_user.name, form.code.data)
    except BadInput as error:
        form.code.errors = [gettext(error.text)]
        return _second_factor_page(form), 422
    return render_template("session/recovery_codes.html", codes=codes, way_on=_home(current_user))


def find_duty_page(user: User) -> str | None:
    """The endpoint that somebody has to go to before any other page is theirs; ``None`` where nothing is due."""
    return DUTIES.get(second_factor.find_duty(current_runtime(), user))


def _second_factor_page(form: CodeForm):
    user = db.session.get(User, current_user.id)
    address = second_factor.read_address(current_runtime(), user)
    picture = Markup(segno.make(address, error="m").svg_inline(scale=5, title=gettext("QR code"))) if address else ""
    secret = address.partition("secret=")[2].partition("&")[0] if address else ""
    return render_template(
        "session/second_factor.html",
        form=form,
        picture=picture,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        user=user,
        act_form=ActForm(),
    )


def _let_in(user: User, wanted: str):
    """Begin a new session; nothing of the one before stays but the language, which is a cookie of its own."""
    flashes = browser.get("_flashes")
    _forget_browser()
    if flashes:
        browser["_flashes"] = flashes
    login_user(user)
    browser["epoch"] = user.session_epoch
    duty = find_duty_page(user)
    return redirect(url_for(duty) if duty else wanted or _home(user))


def _forget_browser() -> None:
    browser.clear()


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
