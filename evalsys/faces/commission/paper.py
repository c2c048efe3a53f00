"""Forms on paper: the commission makes batches and accounts for what is missing, a special supervisor signs them."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange

from evalsys.accounts.permissions import is_allowed, require
from evalsys.base.database import db, transaction
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.faces.commission.forms import NEEDED, ActForm
from evalsys.fieldwork.paper_batches import (
    MOST,
    count_available,
    describe_batch,
    get_batch,
    list_batches,
    list_forms_to_print,
    list_handout,
    list_signed,
    list_unsigned,
    make_batch,
    sign_batch,
)
from evalsys.fieldwork.paper_entry import account_form
from evalsys.fieldwork.paper_files import write_batch_pdf, write_handout
from evalsys.render.printed_form_pdf import PDF
from evalsys.render.words import SAID, content_language, name_in_language

blueprint = Blueprint("paper", __name__)
PAGE = "/commission/rounds/<code>/paper"
SIGNING = "/paper/signing"


class BatchForm(FlaskForm):
    """A batch of forms: for whom, in which language, and how many."""

    units = SelectMultipleField(_l("Units (none chosen: all)"))
    groups = SelectMultipleField(_l("Evaluator groups (none chosen: all)"))
    language = SelectField(_l("Language of the forms"), choices=[("zh", "中文"), ("en", "English")])
    limit = IntegerField(
        _l("How many forms at most"),
        [InputRequired(NEEDED), NumberRange(1, MOST, _l("A batch has 1 to 100 forms."))],
        render_kw={"inputmode": "numeric"},
    )


class MissingForm(FlaskForm):
    """What became of forms that did not come back."""

    serials = SelectMultipleField(_l("Serials"), validators=[InputRequired(_l("Choose the serials."))])
    said = RadioField(
        _l("What became of them"),
        [InputRequired(_l("Choose what became of them."))],
        choices=[(name, SAID[name]) for name in ("not_returned", "not_handed_out")],
    )


@blueprint.get(PAGE)
@require("fieldwork.read")
def show_batches(code: str):
    """The batches of a round, and the form for another one."""
    return _batches_page(get_round(db.session(), code))


@blueprint.post(PAGE)
@require("fieldwork.run")
def make(code: str):
    """Make a batch."""
    found, form = get_round(db.session(), code), BatchForm()
    _fill(form, found)
    if not form.validate_on_submit():
        return _batches_page(found, form), 422
    with transaction() as session:
        batch = make_batch(
            session,
            current_runtime(),
            get_round(session, code),
            units=form.units.data,
            groups=form.groups.data,
            language=form.language.data,
            limit=form.limit.data,
            actor=current_user.name,
        ).id
    flash(gettext("Batch %(batch)s is made; print it and take its handout list.", batch=batch))
    return redirect(url_for("paper.show_batch", code=code, number=batch))


def _fill(form: BatchForm, found: Round) -> None:
    form.units.choices = [(unit.code, f"{unit.code} {name_in_language(unit)}") for unit in found.units]
    groups = found.configuration.content["groups"]
    form.groups.choices = [(group["code"], group["name"][content_language()]) for group in groups]


def _batches_page(found: Round, form: BatchForm | None = None):
    session, runtime = db.session(), current_runtime()
    if form is None and found.state == "open" and is_allowed(current_user, "fieldwork.run"):
        form = BatchForm()
        _fill(form, found)
    return render_template(
        "commission/paper.html",
        round=found,
        batches=list_batches(session, found),
        available=count_available(session, runtime, found, [], []) if form else 0,
        form=form,
    )


@blueprint.get(f"{PAGE}/<int:number>")
@require("fieldwork.read")
def show_batch(code: str, number: int):
    """A batch: how far it is, and which serials are missing."""
    return _batch_page(get_round(db.session(), code), number)


def _batch_page(found: Round, number: int, form: MissingForm | None = None):
    state = describe_batch(db.session(), get_batch(db.session(), found, number))
    may_run = is_allowed(current_user, "fieldwork.run") and found.state in ("open", "paused")
    if form is None:
        form = MissingForm()
    form.serials.choices = [(serial, serial) for serial in state.missing]
    return render_template(
        "commission/paper_batch.html",
        round=found,
        state=state,
        said=SAID,
        form=form if may_run and state.missing else None,
        act_form=ActForm() if may_run and state.batch.signed_at is None else None,
    )


@blueprint.post(f"{PAGE}/<int:number>/missing")
@require("fieldwork.run")
def account(code: str, number: int):
    """Account for forms that did not come back."""
    found, form = get_round(db.session(), code), MissingForm()
    state = describe_batch(db.session(), get_batch(db.session(), found, number))
    form.serials.choices = [(serial, serial) for serial in state.missing]
    if not form.validate_on_submit():
        return _batch_page(found, number, form), 422
    with transaction() as session:
        for serial in form.serials.data:
            account_form(
                session,
                current_runtime(),
                get_round(session, code),
                serial,
                form.said.data,
                actor=current_user.name,
            )
    flash(gettext("Accounted for: %(serials)s.", serials=", ".join(form.serials.data)))
    return redirect(url_for("paper.show_batch", code=code, number=number))


@blueprint.post(f"{PAGE}/<int:number>/forms")
@require("fieldwork.run")
def print_forms(code: str, number: int):
    """The forms of a batch as one PDF."""
    form = ActForm()
    if not form.validate_on_submit():
        return _batch_page(get_round(db.session(), code), number), 422
    with transaction() as session:
        found = get_round(session, code)
        batch = get_batch(session, found, number)
        forms = list_forms_to_print(session, current_runtime(), found, batch, actor=current_user.name)
        content, language = found.configuration.content, batch.language
    return _send(write_batch_pdf(content, language, forms), PDF, f"{code}-paper-{number}.pdf")


@blueprint.post(f"{PAGE}/<int:number>/handout")
@require("fieldwork.run")
def take_handout(code: str, number: int):
    """The list of who gets which form."""
    form = ActForm()
    if not form.validate_on_submit():
        return _batch_page(get_round(db.session(), code), number), 422
    with transaction() as session:
        found = get_round(session, code)
        batch = get_batch(session, found, number)
        rows = list_handout(session, current_runtime(), found, batch, actor=current_user.name)
        language = batch.language
    return _send(write_handout(rows, language), "text/csv", f"{code}-handout-{number}.csv")


@blueprint.get(SIGNING)
@require("paper.sign")
def show_signing():
    """The batches that wait for a signature, with what is missing, and those that were signed."""
    return render_template(
        "commission/paper_signing.html",
        waiting=list_unsigned(db.session()),
        signed=list_signed(db.session()),
        said=SAID,
        act_form=ActForm(),
    )


@blueprint.post(f"{SIGNING}/<code>/<int:number>")
@require("paper.sign")
def sign(code: str, number: int):
    """Sign a batch, which closes it."""
    if not ActForm().validate_on_submit():
        return show_signing(), 422
    with transaction() as session:
        sign_batch(session, current_runtime(), get_round(session, code), number, actor=current_user.name)
    flash(gettext("Batch %(batch)s is signed and closed.", batch=number))
    return redirect(url_for("paper.show_signing"))


def _send(content: bytes, kind: str, name: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
