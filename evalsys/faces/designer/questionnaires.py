"""A programme's questionnaire as files: out and in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import gettext
from flask_login import current_user

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import current_runtime
from evalsys.design.actions import take_questionnaire
from evalsys.design.queries import get_latest_configuration, get_programme
from evalsys.design.stored_programmes import pack_programme, read_stored_programme
from evalsys.design.xlsform_sheets import XLSX, write_xlsform
from evalsys.faces.designer.forms import QuestionnaireForm
from evalsys.faces.designer.routes import show_programme_page
from evalsys.render.printed_form import describe_form
from evalsys.render.printed_form_pdf import PDF, write_form_pdf
from evalsys.render.printed_form_word import DOCX, write_form_word
from surveys.instrument import LANGUAGES

blueprint = Blueprint("questionnaires", __name__, url_prefix="/design/programmes/<code>")


@blueprint.get("/questionnaire.xlsx")
@require("design.read")
def send_xlsform(code: str):
    """The newest questionnaire as an XLSForm."""
    newest = get_latest_configuration(db.session(), get_programme(db.session(), code))
    return _send(write_xlsform(newest.content, str(newest.number)), XLSX, f"{code}-{newest.number}.xlsx")


@blueprint.get("/files.zip")
@require("design.read")
def send_files(code: str):
    """The newest version as the files that ``load`` takes."""
    files = read_stored_programme(db.session(), get_programme(db.session(), code))
    return _send(pack_programme(files), "application/zip", f"{code}.zip")


@blueprint.post("/questionnaire")
@require("design.edit")
def take_xlsform(code: str):
    """Make an uploaded XLSForm the next version; every problem is listed by sheet and row, and nothing is kept while there is one."""
    form = QuestionnaireForm()
    if not form.validate_on_submit():
        return show_programme_page(code, form), 422
    with transaction() as session:
        programme = get_programme(session, code)
        clock, stream = current_runtime().clock, form.workbook.data.stream
        made = take_questionnaire(
            session, clock, programme, stream, actor=current_user.name, reason=form.reason.data
        ).number
    flash(gettext("The questionnaire is version %(number)s of the configuration.", number=made))
    return redirect(url_for("designer.show_programme", code=code))


@blueprint.get("/form/<language>/<kind>")
@require("design.read")
def send_form(code: str, language: str, kind: str):
    """The newest questionnaire as a form to print, without a unit and with a line for the serial number."""
    if language not in LANGUAGES or kind not in ("pdf", "docx"):
        raise NotFound("There is no such form.")
    newest = get_latest_configuration(db.session(), get_programme(db.session(), code))
    form = describe_form(newest.content, language)
    content, mime = (write_form_pdf([form]), PDF) if kind == "pdf" else (write_form_word(form), DOCX)
    return _send(content, mime, f"{code}-{newest.number}-{language}.{kind}")


def _send(content: bytes, kind: str, name: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
