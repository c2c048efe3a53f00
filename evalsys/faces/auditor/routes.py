"""Reading the log, checking its chains, and the checkpoints that anybody may keep."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, Form, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from evalsys.accounts.permissions import public, require
from evalsys.audit.checkpoints import find_trail_problems, make_checkpoint, read_checkpoint
from evalsys.audit.queries import find_acts, list_actions, list_acts, list_chains
from evalsys.base.database import db
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime

blueprint = Blueprint("auditor", __name__, template_folder="templates", url_prefix="/audit")
PAGE = 100
ALL = SelectChoice("", _l("all"))


class FilterForm(Form):
    """Which entries are shown; part of the address."""

    chain = SelectField(_l("Chain"), choices=[ALL], default="")
    actor = StringField(_l("Who"), [Length(max=80)], render_kw={"autocomplete": "off"})
    action = SelectField(_l("Act"), choices=[ALL], default="")
    on = DateField(_l("Day"), [Optional()])
    before = IntegerField(validators=[Optional()])


class CheckpointForm(FlaskForm):
    """A checkpoint that somebody kept."""

    file = FileField(_l("Checkpoint file"), [FileRequired(_l("Choose a file."))])


@blueprint.get("/")
@require("oversight.audit")
def show_log():
    """The entries of the log, the newest first."""
    session, form = db.session(), FilterForm(request.args)
    chains = list_chains(session)
    form.chain.choices = [ALL, *(SelectChoice(chain) for chain in chains)]
    form.action.choices = [ALL, *(SelectChoice(action) for action in list_actions(session))]
    wanted = {name: value for name, value in form.data.items() if value} if form.validate() else {}
    entries = find_acts(session, **wanted, limit=PAGE)
    older = {**request.args, "before": entries[-1].id} if len(entries) == PAGE else None
    return render_template("auditor/log.html", form=form, entries=entries, chains=chains, older=older)


@blueprint.get("/verification")
@require("oversight.audit")
def show_verification():
    """Every chain, computed again."""
    return _verification(CheckpointForm(), None)


@blueprint.post("/verification")
@require("oversight.audit")
def verify():
    """Every chain, computed again and compared with a checkpoint that somebody kept."""
    form = CheckpointForm()
    if not form.validate_on_submit():
        return _verification(form, None), 422
    key = current_runtime().keyring.signing_key().public_key()
    return _verification(form, read_checkpoint(form.file.data.read(), key))


@blueprint.get("/chains/<chain>.jsonl")
@require("oversight.audit")
def send_chain(chain: str):
    """A whole chain, one entry a line, as ``verify_draw.py`` reads it too."""
    acts = list_acts(db.session(), chain)
    if not acts:
        raise NotFound("There is no chain %(chain)s in the log.", chain=chain)
    lines = "".join(json.dumps(act, ensure_ascii=False, sort_keys=True) + "\n" for act in acts)
    return _file(lines, f"log-{chain}.jsonl", "application/x-ndjson")


@blueprint.get("/checkpoint.json")
@public
def send_checkpoint():
    """Where every chain stands now, signed: hashes and counts only, for anybody to keep."""
    document = make_checkpoint(db.session(), current_runtime())
    name = f"checkpoint-{document['at'].replace(':', '')}.json"
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    return _file(text, name, "application/json")


def _file(text: str, name: str, mimetype: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _verification(form: CheckpointForm, checkpoint: dict | None):
    problems = find_trail_problems(db.session(), checkpoint)
    witnessed = {entry["chain"]: entry["entries"] for entry in checkpoint["chains"]} if checkpoint else {}
    return render_template(
        "auditor/verification.html", form=form, problems=problems, checkpoint=checkpoint, witnessed=witnessed
    )
