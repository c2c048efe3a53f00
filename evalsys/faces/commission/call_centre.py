"""The commission's exchange of files with a call centre: work lists out, results in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import gettext
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.runtime import current_runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.design.uploads import import_upload
from evalsys.faces.commission.forms import ActForm, ResultsForm, WorkListForm
from evalsys.faces.commission.routes import show_round_page
from evalsys.fieldwork.call_results import import_results
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.work_list_files import KINDS, write_work_list
from evalsys.fieldwork.worklists import WorkList, make_work_list, repeat_work_list

blueprint = Blueprint("call_centre", __name__, url_prefix="/commission/rounds/<code>/call-centre")


@blueprint.post("/lists")
@require("fieldwork.run")
def take_list(code: str):
    """Make a work list and hand it over."""
    form = WorkListForm()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code), list_form=form), 422
    with transaction() as session:
        found = get_round(session, code)
        work = make_work_list(session, current_runtime(), found, actor=current_user.name, limit=form.limit.data)
    if not work.rows:
        flash(gettext("No call is due."))
        return redirect(url_for("commission.show_round", code=code))
    return _send(found, work, form.kind.data)


@blueprint.post("/lists/<int:number>")
@require("fieldwork.run")
def take_list_again(code: str, number: int):
    """Hand over a list again: the cases of it that have no result yet."""
    form = ActForm()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code)), 422
    with transaction() as session:
        found = get_round(session, code)
        work = repeat_work_list(session, current_runtime(), found, number, actor=current_user.name)
    return _send(found, work, ".xlsx")


@blueprint.post("/results")
@require("fieldwork.run")
def take_results(code: str):
    """Take in a file of results; the upload is gone once it was read."""
    form = ResultsForm()
    if not form.validate_on_submit():
        return show_round_page(get_round(db.session(), code), results_form=form), 422
    report = import_upload(
        import_results, code, form.results.data, "results", actor=current_user.name, accept_good=form.accept.data
    )
    counts = {name: f"{getattr(report, name):,}" for name in ("imported", "lines", "repeated", "refused", "superseded")}
    flash(
        gettext(
            "%(imported)s of %(lines)s lines imported; %(repeated)s were known already, %(refused)s are bad and were left out.",
            **counts,
        )
    )
    if report.superseded:
        flash(
            gettext(
                "The answers of %(superseded)s lines were not used: the case had been answered in another way meanwhile.",
                **counts,
            )
        )
    return redirect(url_for("commission.show_round", code=code))


def _send(found: Round, work: WorkList, kind: str) -> Response:
    # Only now is the list kept: no code leaves the house that the ledger does not know.
    content = write_work_list(work, rules_of(found.configuration), kind)
    name = f"{found.code}-list-{work.number}{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=KINDS[kind], headers=headers)
