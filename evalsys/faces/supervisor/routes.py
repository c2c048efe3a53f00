"""What a supervisor sees of the rounds they observe: the draw, how interviews go, their own minutes. Never an answer or a number."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.oversight import minutes as minutes_of
from evalsys.oversight.following import list_tries
from evalsys.oversight.models import Minutes, Observer
from evalsys.oversight.observers import contribute_nonce, get_observer, list_observed
from evalsys.results.publishing import write_draw_bundle
from evalsys.samples.draws import get_draw

blueprint = Blueprint("supervisor", __name__, template_folder="templates", url_prefix="/oversight")
ZIP = "application/zip"
SEEN = {
    "commitment": _l("the commitment to the frame"),
    "sources": _l("the dice or the beacon"),
    "draw": _l("the draw"),
    "re-draw": _l("the draw repeated on my own machine"),
    "interviews": _l("interviews, followed without identity"),
    "publication": _l("the publication"),
}


class NonceForm(FlaskForm):
    """What a supervisor adds to the seed."""

    nonce = StringField(
        _l("Your own random number, 32 or more of the digits 0–9 and letters a–f"),
        [InputRequired(_l("Fill this in.")), Length(min=32, max=128)],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class MinutesForm(FlaskForm):
    """What a supervisor saw and says."""

    seen = SelectMultipleField(
        _l("What I attended"),
        choices=[SelectChoice(code, name) for code, name in SEEN.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    printed = TextAreaField(_l("What verify_draw.py printed on my machine"), [Length(max=10_000)])
    text = TextAreaField(_l("Minutes"), [InputRequired(_l("Fill this in.")), Length(max=10_000)], render_kw={"rows": 8})


@blueprint.get("/")
@require("oversight.observe")
def list_all():
    """The rounds that one observes."""
    return render_template("supervisor/rounds.html", observed=list_observed(db.session(), current_user.name))


@blueprint.get("/rounds/<code>")
@require("oversight.observe")
def show_round(code: str):
    """A round: what to contribute, what to check, what to sign."""
    return _page(_observer(code), NonceForm(), MinutesForm())


@blueprint.post("/rounds/<code>/nonce")
@require("oversight.observe")
def contribute(code: str):
    """Add a random number to the seed, before the frame is committed."""
    form = NonceForm()
    if not form.validate_on_submit():
        return _page(_observer(code), form, MinutesForm(formdata=None)), 422
    with transaction() as session:
        observer = get_observer(session, code, current_user.name)
        contribute_nonce(session, current_runtime(), observer, form.nonce.data)
    flash(gettext("Your number will enter the seed. Keep it: after the draw you find it among the sources."))
    return redirect(url_for("supervisor.show_round", code=code))


@blueprint.get("/rounds/<code>/draw.zip")
@require("oversight.observe")
def send_draw(code: str):
    """Frame lines, nonces, sources, sample with outcomes, and the log: what ``verify_draw.py`` reads."""
    observer = _observer(code)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"draw-{code}.zip"
        write_draw_bundle(db.session(), current_runtime(), observer.round, path)
        content = path.read_bytes()
    return send_file(io.BytesIO(content), ZIP, as_attachment=True, download_name=path.name)


@blueprint.get("/rounds/<code>/interviews")
@require("oversight.observe")
def follow(code: str):
    """The latest tries, without identity."""
    observer = _observer(code)
    names = {unit.code: unit for unit in observer.round.units}
    tries = list_tries(db.session(), observer.round)
    return render_template("supervisor/interviews.html", round=observer.round, tries=tries, units=names)


@blueprint.post("/rounds/<code>/minutes")
@require("oversight.observe")
def sign(code: str):
    """Sign minutes; they cannot be changed afterwards."""
    form = MinutesForm()
    if not form.validate_on_submit():
        return _page(_observer(code), NonceForm(formdata=None), form), 422
    with transaction() as session:
        observer = get_observer(session, code, current_user.name)
        seen = {"text": form.text.data, "printed": form.printed.data or "", "seen": form.seen.data}
        minutes_of.sign_minutes(session, current_runtime(), observer, **seen)
    flash(gettext("The minutes are signed."))
    return redirect(url_for("supervisor.show_round", code=code))


@blueprint.get("/rounds/<code>/minutes/<int:minutes_id>.json")
@require("oversight.observe")
def send_minutes(code: str, minutes_id: int):
    """One's own minutes as they were signed, byte for byte."""
    found: Minutes | None = db.session.get(Minutes, minutes_id)
    if found is None or found.observer_id != _observer(code).id:
        raise NotFound("There are no such minutes of yours.")
    response = Response(found.document, mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"minutes-{found.sha256[:12]}.json")
    response.headers["X-Signature-Ed25519"] = found.signature
    return response


def _observer(code: str) -> Observer:
    return get_observer(db.session(), code, current_user.name)


def _page(observer: Observer, nonce_form: NonceForm, minutes_form: MinutesForm):
    session, runtime, found = db.session(), current_runtime(), observer.round
    signed = minutes_of.list_minutes(session, found, observer.user_name)
    return render_template(
        "supervisor/round.html",
        observer=observer,
        round=found,
        draw=get_draw(session, found) if found.committed_at else None,
        nonce_form=nonce_form if found.state == "draft" and not observer.nonce_cipher else None,
        minutes_form=minutes_form,
        signed=[(one, minutes_of.find_minutes_problem(session, runtime, one)) for one in signed],
        public_key=runtime.keyring.signing_key().public_key().public_bytes_raw().hex(),
    )
