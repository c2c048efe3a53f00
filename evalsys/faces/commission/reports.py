"""The documents of a published round that the commission hands around: reports of all units, made by a job that the page follows."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.faces.commission.forms import ActForm
from evalsys.results.queries import get_publication
from evalsys.results.reports import LANGUAGES, Reports, find_reports, order_reports

blueprint = Blueprint("reports", __name__, url_prefix="/commission/rounds/<code>/documents")


@blueprint.get("")
@require("scores.read")
def show(code: str):
    """The documents of a round, and how far the reports are."""
    publication = get_publication(db.session(), code)
    found = {language: _find(publication, language) for language in LANGUAGES}
    going_on = any(reports is not None and not reports.over for reports in found.values())
    return render_template(
        "commission/documents.html",
        round=publication.round,
        publication=publication,
        reports=found,
        going_on=going_on,
        form=ActForm(),
    )


@blueprint.post("/<language>")
@require("scores.read")
def order(code: str, language: str):
    """Have the reports of all units made in a language."""
    _require_language(language)
    with transaction() as session:
        order_reports(session, current_runtime(), code, language)
    flash(gettext("The reports are being made."))
    return redirect(url_for("reports.show", code=code))


@blueprint.get("/<language>.zip")
@require("scores.read")
def send(code: str, language: str):
    """The reports of all units."""
    _require_language(language)
    reports = _find(get_publication(db.session(), code), language)
    if reports is None or not reports.path.is_file():
        raise NotFound("The reports are not made yet.")
    return send_file(reports.path, "application/zip", as_attachment=True, download_name=reports.path.name)


def _find(publication, language: str) -> Reports | None:
    return find_reports(db.session(), current_runtime(), publication, language)


def _require_language(language: str) -> None:
    if language not in LANGUAGES:
        raise NotFound("There are no documents in language %(language)s.", language=language)
