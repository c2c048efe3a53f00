"""What everybody may see: published rounds, their tables, figures and files, and how to check them."""

from __future__ import annotations

import io
from pathlib import Path

from flask import Blueprint, Response, jsonify, render_template, request, send_file
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import text

import surveys.sampling.verify_draw
from evalsys.accounts.permissions import public, require
from evalsys.base.database import db
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.faces.public.presentation import equip_templates
from evalsys.render.arrangement import Arrangement, arrange_rows
from evalsys.render.briefing import write_briefing
from evalsys.render.derivation import derive_score, list_parts
from evalsys.render.figures import anatomy_figure, draw_category
from evalsys.render.method import describe_method
from evalsys.render.open_data import list_records, write_csv
from evalsys.render.printed_form_word import DOCX
from evalsys.render.score_table import ScoreCategory, ScoreTable
from evalsys.render.spreadsheet import write_spreadsheet
from evalsys.render.unit_report import PDF, describe_change
from evalsys.render.weight_sensitivity import weigh_otherwise
from evalsys.render.words import content_language, name_in_language
from evalsys.results.analysis_files import write_analysis_files
from evalsys.results.models import Publication
from evalsys.results.queries import get_publication, list_publications
from evalsys.results.reports import get_unit_report
from evalsys.results.tables import list_year_before, table_of

blueprint = Blueprint("public", __name__, template_folder="templates")
blueprint.record_once(lambda state: equip_templates(state.app))
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/healthz")
@public
def show_health():
    """Whether this process can answer and reach its database."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok")


@blueprint.get("/")
@public
def list_results():
    """The published rounds."""
    return render_template("public/rounds.html", publications=list_publications(db.session()))


@blueprint.get("/results/<code>/")
@public
def show_round(code: str):
    """The score table of a round by category, with figures and downloads."""
    publication = get_publication(db.session(), code)
    asked = Arrangement.from_query(request.args)
    table = arrange_rows(_table(publication), asked)
    return render_template("public/round.html", publication=publication, table=table, asked=asked)


@blueprint.get("/results/<code>/categories/<category>/")
@public
def show_category(code: str, category: str):
    """A category in pictures beside its tables: ranks, funnel, indicators, and what other weights would do."""
    publication = get_publication(db.session(), code)
    asked = Arrangement.from_query(request.args)
    table = arrange_rows(_table(publication), asked)
    found = _get_category(table, code, category)
    return render_template(
        "public/category.html",
        publication=publication,
        table=table,
        category=found,
        asked=asked,
        weights=weigh_otherwise(table, found),
    )


@blueprint.get("/results/<code>/units/<unit>")
@public
def show_unit(code: str, unit: str):
    """Everything that is published about one unit in a round."""
    publication = get_publication(db.session(), code)
    table = _table(publication)
    row = table.find(unit)
    if row is None:
        raise NotFound("Nothing is published about unit %(unit)s in round %(code)s.", unit=unit, code=code)
    return render_template(
        "public/unit.html",
        publication=publication,
        table=table,
        row=row,
        category=table.category_of(row),
        steps=derive_score(table, row),
        parts=list_parts(table, row),
        change=describe_change(
            row,
            list_year_before(db.session(), publication).get(unit),
            table.configuration["scoring"]["confidence_level"],
        ),
    )


@blueprint.get("/results/<code>/units/<unit>/report.pdf")
@public
def send_unit_report(code: str, unit: str):
    """The report of a unit on one page."""
    publication = get_publication(db.session(), code)
    content = get_unit_report(db.session(), current_runtime(), publication, unit)
    return send_file(io.BytesIO(content), PDF, as_attachment=True, download_name=f"report-{code}-{unit}.pdf")


@blueprint.get("/results/<code>/categories/<category>.json")
@public
def send_figure(code: str, category: str):
    """A figure of a category, for the script that draws it; ``figure`` in the address says which."""
    table = _table(get_publication(db.session(), code))
    drawn = draw_category(table, _get_category(table, code, category), request.args.get("figure", "intervals"))
    if drawn is None:
        raise NotFound("There is no such figure.")
    return Response(drawn, mimetype="application/json")


@blueprint.get("/results/<code>/units/<unit>/anatomy.json")
@public
def send_anatomy(code: str, unit: str):
    """The figure of what a unit's round score is made of."""
    table = _table(get_publication(db.session(), code))
    row = table.find(unit)
    parts = list_parts(table, row) if row else []
    if not parts:
        raise NotFound("Nothing is published about unit %(unit)s in round %(code)s.", unit=unit, code=code)
    return Response(anatomy_figure(parts, gettext("This round")), mimetype="application/json")


@blueprint.get("/results/<code>/method")
@public
def show_method(code: str):
    """How the figures came about: the disclosure page."""
    publication = get_publication(db.session(), code)
    sections = describe_method(publication.disclosure, publication.round.configuration.content)
    return render_template("public/method.html", publication=publication, sections=sections)


@blueprint.get("/verify/")
@blueprint.get("/results/<code>/verify")
@public
def show_verification(code: str | None = None):
    """How anyone checks a round by their own means."""
    publication = get_publication(db.session(), code) if code else None
    key = current_runtime().keyring.signing_key().public_key().public_bytes_raw().hex()
    return render_template("public/verify.html", publication=publication, public_key=key)


@blueprint.get("/results/<code>/scores.xlsx")
@public
def send_spreadsheet(code: str):
    """The tables of a round as a spreadsheet."""
    publication = get_publication(db.session(), code)
    content = write_spreadsheet(_table(publication), publication.disclosure, publication.round, publication.revision)
    return send_file(io.BytesIO(content), SHEET, as_attachment=True, download_name=f"scores-{code}.xlsx")


@blueprint.get("/results/<code>/briefing.docx")
@public
def send_briefing(code: str):
    """The briefing of a round as a Word document."""
    publication = get_publication(db.session(), code)
    content = write_briefing(_table(publication), publication.disclosure, name_in_language(publication.round))
    return send_file(io.BytesIO(content), DOCX, as_attachment=True, download_name=f"briefing-{code}.docx")


@blueprint.get("/results/<code>/scores.csv")
@public
def send_csv(code: str):
    """The published figures of a round as CSV."""
    content = write_csv(_table(get_publication(db.session(), code)))
    return send_file(io.BytesIO(content), "text/csv", as_attachment=True, download_name=f"scores-{code}.csv")


@blueprint.get("/results/<code>/scores.json")
@public
def send_json(code: str):
    """The published figures of a round as JSON, which says of each number what the table says."""
    publication = get_publication(db.session(), code)
    units = list(list_records(_table(publication)))
    return jsonify(round=code, revision=publication.revision, units=units)


@blueprint.get("/results/<code>/bundle.zip")
@public
def send_bundle(code: str):
    """The files by which anyone can check the draw and every published figure."""
    return _send_file(code, "public")


@blueprint.get("/results/<code>/bundle-auditor.zip")
@require("oversight.audit")
def send_auditor_bundle(code: str):
    """The same with the frozen answers, for the auditor."""
    return _send_file(code, "auditor")


@blueprint.get("/results/<code>/analysis-auditor.zip")
@require("oversight.audit")
def send_analysis_files(code: str):
    """The answers as SPSS, Parquet and CSV with the R script that computes the scores from them again, for the auditor."""
    publication = get_publication(db.session(), code)
    content = write_analysis_files(_find_file(publication, "auditor"))
    return send_file(io.BytesIO(content), "application/zip", as_attachment=True, download_name=f"analysis-{code}.zip")


@blueprint.get("/verify_draw.py")
@public
def send_verifier():
    """The program that repeats the draw with Python alone."""
    path = Path(surveys.sampling.verify_draw.__file__)
    return send_file(path, "text/x-python", as_attachment=True, download_name="verify_draw.py")


def _send_file(code: str, kind: str):
    path = _find_file(get_publication(db.session(), code), kind)
    return send_file(path, "application/zip", as_attachment=True, download_name=path.name)


def _find_file(publication: Publication, kind: str) -> Path:
    path = current_runtime().published_folder / publication.files[kind]
    if not path.is_file():
        raise NotFound("The file %(name)s is not on this server.", name=path.name)
    return path


def _get_category(table: ScoreTable, code: str, category: str) -> ScoreCategory:
    found = next((entry for entry in table.categories if entry.code == category), None)
    if found is None:
        raise NotFound("Round %(code)s has no category %(category)s.", code=code, category=category)
    return found


@blueprint.after_request
def let_cache(response: Response) -> Response:
    """Strangers’ pages may be kept for a minute and are then asked after by their tag; other people’s are kept nowhere else."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or request.endpoint == "public.show_health":
        return response
    if current_user.is_authenticated:
        response.headers["Cache-Control"] = "private, no-cache"
        return response
    response.headers["Cache-Control"] = "public, max-age=60"
    response.vary.update(("Cookie", "Accept-Language"))
    if "ETag" not in response.headers:
        response.direct_passthrough = False
        response.add_etag()
    return response.make_conditional(request)


def _table(publication: Publication) -> ScoreTable:
    return table_of(publication, content_language())
