"""A liaison's own unit in the published rounds; everything else is not found, and that it was asked for stands in the log."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from evalsys.accounts.actions import refuse_page
from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.render.derivation import derive_score
from evalsys.render.words import content_language
from evalsys.results.comments import list_released
from evalsys.results.models import Publication
from evalsys.results.queries import get_publication, list_publications
from evalsys.results.tables import list_year_before, table_of

blueprint = Blueprint("department", __name__, template_folder="templates", url_prefix="/department")


@blueprint.get("/")
@require("department.read")
def list_all():
    """The published rounds in which one's own unit was evaluated."""
    own = [one for one in list_publications(db.session()) if _find_unit(one) is not None]
    return render_template("department/rounds.html", publications=own, unit_code=current_user.unit_code)


@blueprint.get("/rounds/<code>/units/<unit>")
@require("department.read")
def show_unit(code: str, unit: str):
    """What is published about one's own unit, with its intervals, indicators and the year before."""
    if unit != current_user.unit_code:
        _refuse(code, unit)
    try:
        publication = get_publication(db.session(), code)
    except NotFound:
        _refuse(code, unit)
    table = table_of(publication, content_language())
    row = table.find(unit)
    if row is None:
        _refuse(code, unit)
    return render_template(
        "department/unit.html",
        publication=publication,
        round=publication.round,
        table=table,
        row=row,
        category=table.category_of(row),
        steps=derive_score(table, row) if row.is_shown else [],
        comments=list_released(db.session(), publication.round, unit),
        before=list_year_before(db.session(), publication).get(unit, {}),
    )


def _find_unit(publication: Publication):
    return next((unit for unit in publication.round.units if unit.code == current_user.unit_code), None)


def _refuse(code: str, unit: str) -> None:
    with transaction() as session:
        refuse_page(session, current_runtime().clock, current_user.name, f"/department/rounds/{code}/units/{unit}")
