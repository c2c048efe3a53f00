"""Keying forms on paper: whoever keys sees serials, questions and boxes, and neither a name nor a number nor a unit."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.faces.commission.forms import ActForm
from evalsys.fieldwork.paper_batches import find_form, get_batch, list_to_settle, list_unsigned, serial_of
from evalsys.fieldwork.paper_entry import KEYED, LONGEST_REASON, MOST_KEYINGS, compare_form, key_form, settle_form
from evalsys.fieldwork.paper_keyings import read_keyings
from evalsys.fieldwork.paper_models import PaperForm
from evalsys.render.printed_form import PrintedForm, describe_form
from evalsys.render.words import SAID
from surveys.errors import InstrumentError
from surveys.instrument import CONSENT, JOINED_BY

blueprint = Blueprint("paper_keying", __name__, url_prefix="/paper/keying")


@blueprint.get("")
@require("paper.key")
def show_work():
    """What there is to key, and where a serial is typed in."""
    return _work_page()


def _work_page(error: str = ""):
    session = db.session()
    rounds = [
        {"round": found, "states": states, "own": list_to_settle(session, found, current_user.name)}
        for found, states in list_unsigned(session)
        if found.state in ("open", "paused")
    ]
    return render_template("commission/paper_work.html", rounds=rounds, act_form=ActForm(), error=error)


@blueprint.post("")
@require("paper.key")
def find():
    """The page of the form whose serial was typed in."""
    if not ActForm().validate_on_submit():
        return _work_page(), 422
    found = get_round(db.session(), request.form.get("round", ""))
    try:
        form = find_form(db.session(), found, request.form.get("serial", ""))
    except (BadInput, NotFound) as error:
        return _work_page(gettext(error.text, **error.values)), 422
    serial = serial_of(form.batch_id, form.number)
    page = "settle" if form.state == "differs" and current_user.name in form.keyers else "key"
    return redirect(url_for(f"paper_keying.{page}", code=found.code, serial=serial))


@blueprint.get("/<code>/<serial>")
@require("paper.key")
def key(code: str, serial: str):
    """A form to be keyed, empty whatever others keyed of it."""
    found = get_round(db.session(), code)
    return _key_page(found, find_form(db.session(), found, serial), {})


@blueprint.post("/<code>/<serial>")
@require("paper.key")
def keep(code: str, serial: str):
    """Keep what this person reads in the form."""
    found = get_round(db.session(), code)
    form = find_form(db.session(), found, serial)
    content = {
        name.removeprefix("f-"): JOINED_BY.join(filter(None, values))
        for name, values in request.form.lists()
        if name.startswith("f-") and any(values)
    }
    if not ActForm().validate_on_submit():
        return _key_page(found, form, content), 422
    try:
        with transaction() as session:
            state = key_form(
                session, current_runtime(), get_round(session, code), serial, content, keyer=current_user.name
            ).state
    except BadInput as error:
        return _key_page(found, form, content, gettext(error.text, **error.values)), 422
    except InstrumentError as error:
        return _key_page(found, form, content, error.sentence(gettext)), 422
    flash(
        {
            "once": gettext("%(serial)s is kept. Another person keys it too.", serial=serial),
            "differs": gettext("%(serial)s differs from what was keyed before.", serial=serial),
            "done": gettext("%(serial)s is done.", serial=serial),
        }[state]
    )
    if state == "differs":
        return redirect(url_for("paper_keying.settle", code=code, serial=serial))
    return redirect(url_for("paper_keying.show_work"))


def _key_page(found: Round, form: PaperForm, content: dict[str, str], error: str = ""):
    _refuse_unless_mine_to_key(form)
    printed = _printed(found, form)
    return render_template(
        "commission/paper_key.html",
        round=found,
        serial=serial_of(form.batch_id, form.number),
        items=printed.items[1:],
        tongue_of_form="zh-Hans" if printed.language == "zh" else "en",
        ways=[(name, SAID[name]) for name in KEYED],
        content=content,
        error=error,
        act_form=ActForm(),
    )


def _refuse_unless_mine_to_key(form: PaperForm) -> None:
    serial = serial_of(form.batch_id, form.number)
    if form.state == "done":
        raise Refused("Form %(serial)s is done.", serial=serial)
    if current_user.name in form.keyers:
        raise Refused("You have keyed form %(serial)s yourself; it needs another person.", serial=serial)
    if len(form.keyers) >= MOST_KEYINGS:
        raise Refused("Form %(serial)s was keyed three times and still differs; settle it.", serial=serial)


def _printed(found: Round, form: PaperForm) -> PrintedForm:
    """The questions as they stand on the form, without the unit."""
    batch = get_batch(db.session(), found, form.batch_id)
    return describe_form(found.configuration.content, batch.language)


@blueprint.get("/<code>/<serial>/differences")
@require("paper.key")
def settle(code: str, serial: str):
    """Where the readings of a form differ, field by field, for those who keyed it."""
    found = get_round(db.session(), code)
    return _settle_page(found, find_form(db.session(), found, serial), {})


@blueprint.post("/<code>/<serial>/differences")
@require("paper.key")
def keep_settlement(code: str, serial: str):
    """Settle the differences, with a reason."""
    found = get_round(db.session(), code)
    form = find_form(db.session(), found, serial)
    choices = {name.removeprefix("f-"): value for name, value in request.form.items() if name.startswith("f-")}
    reason = request.form.get("reason", "")
    if not ActForm().validate_on_submit():
        return _settle_page(found, form, choices, reason), 422
    try:
        with transaction() as session:
            settle_form(
                session,
                current_runtime(),
                get_round(session, code),
                serial,
                choices,
                reason=reason,
                actor=current_user.name,
            )
    except BadInput as error:
        return _settle_page(found, form, choices, reason, gettext(error.text, **error.values)), 422
    flash(gettext("%(serial)s is done.", serial=serial))
    return redirect(url_for("paper_keying.show_work"))


def _settle_page(found: Round, form: PaperForm, choices: dict[str, str], reason: str = "", error: str = ""):
    serial = serial_of(form.batch_id, form.number)
    if form.state != "differs":
        raise Refused("The keyings of form %(serial)s do not differ.", serial=serial)
    if current_user.name not in form.keyers:
        raise Refused("Only who keyed form %(serial)s can settle it.", serial=serial)
    session, runtime = db.session(), current_runtime()
    items = {item.code: item for item in _printed(found, form).items if item.code != CONSENT}
    rows = []
    for field, values in compare_form(session, runtime, form).differences.items():
        item = items.get(field)
        labels = {choice.value: choice.label for choice in item.choices} if item else SAID
        rows.append(
            {
                "field": field,
                "number": item.number if item else "",
                "text": item.text if item else gettext("How the form came back"),
                "values": [(value, _say(labels, value)) for value in dict.fromkeys(values)],
                "readings": [_say(labels, value) for value in values],
            }
        )
    return render_template(
        "commission/paper_settle.html",
        round=found,
        serial=serial,
        rows=rows,
        turns=len(read_keyings(session, runtime, form)),
        may_key_again=len(form.keyers) < MOST_KEYINGS,
        choices=choices,
        reason=reason,
        longest=LONGEST_REASON,
        error=error,
        act_form=ActForm(),
    )


def _say(labels: Mapping[str, str], value: str) -> str:
    """A reading in the words of the form."""
    return gettext(", ").join(str(labels.get(part, part)) for part in value.split(JOINED_BY)) or gettext("left empty")
