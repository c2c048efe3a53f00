"""The designer's pages: programmes, units, rounds and their frames."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.utils import secure_filename

from evalsys.accounts.permissions import require
from evalsys.base.database import db, transaction
from evalsys.base.runtime import current_runtime
from evalsys.design.actions import create_round, load_programme
from evalsys.design.programme_files import read_programme
from evalsys.design.programme_problems import FILE_SENTENCES
from evalsys.design.queries import (
    get_latest_configuration,
    get_programme,
    get_round,
    list_programmes,
)
from evalsys.design.text_message_checks import list_measured_texts
from evalsys.design.uploads import import_upload
from evalsys.faces.designer.forms import (
    UNPLANNED,
    ProgrammeForm,
    QuestionnaireForm,
    RecordsForm,
    RoundForm,
    UnitForm,
)
from evalsys.faces.designer.lists import list_area_rows, list_imports
from evalsys.fieldwork.queries import find_earlier
from evalsys.render.printed_form import list_missing_head
from evalsys.render.words import HEAD_NAMES, content_language, name_in_language
from evalsys.samples.draws import get_draw
from evalsys.samples.frames import preview_report
from evalsys.samples.imports import import_service_records
from evalsys.units.actions import update_unit
from evalsys.units.models import Unit
from evalsys.units.queries import count_stations, get_unit, list_units
from surveys.instrument import CHANNELS, Questionnaire

blueprint = Blueprint("designer", __name__, template_folder="templates", url_prefix="/design")


@blueprint.get("/")
@require("design.read")
def list_all():
    """The programmes."""
    return render_template("designer/programmes.html", programmes=list_programmes(db.session()), form=ProgrammeForm())


@blueprint.post("/")
@require("design.edit")
def load():
    """Take in a programme's files; every problem is listed with file, line and column, and nothing is kept while there is one."""
    form = ProgrammeForm()
    if not form.validate_on_submit():
        return render_template("designer/programmes.html", programmes=list_programmes(db.session()), form=form), 422
    with tempfile.TemporaryDirectory() as folder:
        for upload in form.files.data:
            if upload.filename:
                upload.save(Path(folder) / secure_filename(upload.filename))
        files = read_programme(folder)
    with transaction() as session:
        clock = current_runtime().clock
        programme = load_programme(session, clock, files, actor=current_user.name, reason=form.reason.data)
    flash(gettext("The programme is loaded."))
    return redirect(url_for("designer.show_programme", code=programme.code))


@blueprint.get("/programmes/<code>")
@require("design.read")
def show_programme(code: str):
    """A programme: indicators, scales, groups, grades, versions and rounds."""
    return show_programme_page(code, QuestionnaireForm())


def show_programme_page(code: str, form: QuestionnaireForm) -> str:
    """The page of a programme, with what was typed into the form for a new questionnaire."""
    programme = get_programme(db.session(), code)
    configuration = get_latest_configuration(db.session(), programme)
    questionnaire = Questionnaire.from_configuration(configuration.content)
    return render_template(
        "designer/programme.html",
        programme=programme,
        content=configuration.content,
        newest=configuration,
        form=form,
        lengths=[
            (channel, questionnaire.minutes(channel, "zh"), questionnaire.minutes(channel, "en"))
            for channel in CHANNELS
        ],
        hints=[(hint.place, FILE_SENTENCES[hint.problem], hint.params) for hint in questionnaire.hints()],
        texts=list_measured_texts(
            configuration.content,
            [{"name": {"zh": unit.name_zh, "en": unit.name_en}} for unit in list_units(db.session())],
        ),
        missing_head=[HEAD_NAMES[name] for name in list_missing_head(configuration.content)],
    )


@blueprint.get("/units")
@require("design.read")
def show_units():
    """The units, filtered by what was typed and chosen."""
    wanted, category = request.args.get("q", "").strip().lower(), request.args.get("category", "")
    units = [
        unit
        for unit in list_units(db.session())
        if (not category or unit.category == category)
        and (not wanted or wanted in f"{unit.code} {unit.name_zh} {unit.name_en}".lower())
    ]
    return render_template(
        "designer/units.html",
        units=units,
        stations=count_stations(db.session()),
        categories=_category_names(),
        q=request.args.get("q", ""),
        category=category,
    )


@blueprint.route("/units/<code>", methods=["GET", "POST"])
@require("design.edit")
def edit_unit(code: str):
    """Change a unit."""
    unit = get_unit(db.session(), code)
    form = UnitForm(obj=unit)
    form.category.choices = [(key, name[content_language()]) for key, name in _category_names().items()]
    if form.validate_on_submit():
        with transaction() as session:
            update_unit(
                session,
                current_runtime().clock,
                get_unit(session, code),
                actor=current_user.name,
                name_zh=form.name_zh.data,
                name_en=form.name_en.data,
                category=form.category.data,
                is_key=form.is_key.data,
            )
        flash(gettext("Saved."))
        return redirect(url_for("designer.show_units"))
    return render_template("designer/unit.html", form=form, unit=unit), (200 if request.method == "GET" else 422)


@blueprint.get("/areas")
@require("design.read")
def show_areas():
    """The counties with their townships and stations."""
    return render_template("designer/areas.html", areas=list_area_rows(db.session()))


@blueprint.route("/programmes/<code>/rounds", methods=["GET", "POST"])
@require("design.edit")
def make_round(code: str):
    """Make a round, one that the programme plans or a typed one, over the units ticked."""
    programme = get_programme(db.session(), code)
    content = get_latest_configuration(db.session(), programme).content
    made = {one.code for one in programme.rounds}
    plans = {plan["code"]: plan for plan in content["rounds"] if plan["code"] not in made}
    units = list_units(db.session())
    form = _round_form(plans, units)
    if form.validate_on_submit():
        plan = form.typed_plan() if form.plan.data == UNPLANNED else plans[form.plan.data]
        with transaction() as session:
            made_round = create_round(
                session,
                current_runtime().clock,
                get_programme(session, code),
                plan,
                actor=current_user.name,
                unit_codes=form.units.data,
                frame_supplier=form.frame_supplier.data,
            )
        flash(gettext("The round is made."))
        return redirect(url_for("designer.show_round", code=made_round.code))
    by_code = {unit.code: unit for unit in units}
    return render_template(
        "designer/make_round.html",
        form=form,
        programme=programme,
        categories=content["categories"],
        category_of={code: unit.category for code, unit in by_code.items()},
        key_units={code for code, unit in by_code.items() if unit.is_key},
    ), (200 if request.method == "GET" else 422)


def _round_form(plans: dict[str, dict], units: list[Unit]) -> RoundForm:
    form = RoundForm()
    form.plan.choices = [(code, f"{name_in_language(plan)} ({code})") for code, plan in plans.items()]
    form.plan.choices.append((UNPLANNED, gettext("another round, typed in below")))
    form.units.choices = [(unit.code, name_in_language(unit)) for unit in units]
    return form


@blueprint.get("/rounds/<code>")
@require("design.read")
def show_round(code: str):
    """A round: its units, the service records taken in, and the frame they make."""
    return _round_page(code, RecordsForm())


@blueprint.post("/rounds/<code>/records")
@require("design.edit")
def take_records(code: str):
    """Take in a file of service records."""
    form = RecordsForm()
    if not form.validate_on_submit():
        return _round_page(code, form), 422
    report = import_upload(
        import_service_records,
        code,
        form.file.data,
        "records",
        actor=current_user.name,
        accept_good=form.accept_good.data,
    )
    flash(
        gettext(
            "%(imported)d of %(lines)d lines imported, %(refused)d refused.",
            imported=report.imported,
            lines=report.lines,
            refused=report.refused,
        )
    )
    return redirect(url_for("designer.show_round", code=code))


def _round_page(code: str, form: RecordsForm):
    session = db.session()
    found = get_round(session, code)
    report = None
    if found.committed_at:
        report = get_draw(session, found).report
    elif "report" in request.args:
        # Reads every record, so it is made when somebody asks for it.
        report = preview_report(session, found, find_earlier(session, found))
    return render_template(
        "designer/round.html", round=found, report=report, form=form, imports=list_imports(session, found)
    )


def _category_names() -> dict[str, dict[str, str]]:
    """Category code → names, of the newest programme."""
    programmes = list_programmes(db.session())
    if not programmes:
        return {}
    content = get_latest_configuration(db.session(), programmes[0]).content
    return {category["code"]: category["name"] for category in content["categories"]}
