"""``evalsys programme`` and ``evalsys round``."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path

import click

from evalsys.base.errors import BadInput, NotFound
from evalsys.cli.context import acting, as_json, entry_point, show, speaks_plainly
from evalsys.design.actions import create_round, load_programme
from evalsys.design.programme_files import read_programme
from evalsys.design.queries import get_latest_configuration, get_programme, get_round, list_rounds
from evalsys.design.stored_programmes import read_stored_programme, write_files
from evalsys.design.xlsform_reading import read_xlsform
from evalsys.design.xlsform_sheets import write_xlsform
from evalsys.fieldwork.closing import close_round
from evalsys.render.printed_form import describe_form, list_missing_head
from evalsys.render.printed_form_pdf import write_form_pdf
from evalsys.render.printed_form_word import write_form_word
from evalsys.results.freezing import freeze_round
from surveys.instrument import LANGUAGES


@click.group()
def programme() -> None:
    """A year's programme as a folder of files."""


@programme.command("load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--reason", default="loaded from files", show_default=True, help="Why this version is made.")
@acting
@as_json
@speaks_plainly
def load(folder: Path, reason: str, actor: str, as_json: bool) -> None:
    """Load a programme's files; all problems are listed, and nothing is stored while there are any."""
    files = read_programme(folder)
    with entry_point() as (session, runtime):
        code = load_programme(session, runtime.clock, files, actor=actor, reason=reason).code
    show_programme(code, code, files.units, files.stations, files.areas, as_json)


def show_programme(label: str, code: str, units: Sized, stations: Sized, areas: Sized, as_json: bool) -> None:
    """How much a programme holds, behind ``label``."""
    figures = {"code": code, "units": len(units), "stations": len(stations), "areas": len(areas)}
    parts = ", ".join(f"{figures[name]} {name}" for name in ("units", "stations", "areas"))
    show(figures, as_json, lambda: [f"{label}: {parts}"])


@programme.command("export")
@click.argument("code")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@as_json
@speaks_plainly
def export(code: str, folder: Path, as_json: bool) -> None:
    """Write a programme's newest configuration, units and areas as the folder that ``load`` reads."""
    with entry_point() as (session, _):
        files = read_stored_programme(session, get_programme(session, code))
    write_files(folder, files)
    show_programme(str(folder), code, files.units, files.stations, files.areas, as_json)


@programme.command("export-form")
@click.argument("code")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
@speaks_plainly
def export_form(code: str, file: Path, as_json: bool) -> None:
    """Write the questionnaire of a programme's newest configuration as an XLSForm (.xlsx)."""
    with entry_point() as (session, _):
        newest = get_latest_configuration(session, get_programme(session, code))
        content, number = newest.content, newest.number
    file.write_bytes(write_xlsform(content, str(number)))
    show_form(str(file), content, as_json)


@programme.command("import-form")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
@speaks_plainly
def import_form(file: Path, folder: Path, as_json: bool) -> None:
    """Take the questionnaire of an XLSForm into a programme's folder; all problems are listed by sheet and row, and nothing is written
    while there are any."""
    with file.open("rb") as stream:
        files = read_xlsform(stream, read_programme(folder))
    write_files(folder, files)
    show_form(str(folder), files.configuration, as_json)


@programme.command("print-form")
@click.argument("code")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="The form's language.")
@speaks_plainly
def print_form(code: str, file: Path, language: str) -> None:
    """Write the questionnaire as a form to print: FILE ends with .pdf or .docx."""
    if file.suffix not in (".pdf", ".docx"):
        raise BadInput("A form is written as .pdf or .docx, not %(file)s.", file=file.name)
    with entry_point() as (session, _):
        content = get_latest_configuration(session, get_programme(session, code)).content
    form = describe_form(content, language)
    file.write_bytes(write_form_pdf([form]) if file.suffix == ".pdf" else write_form_word(form))
    missing = list_missing_head(content)
    click.echo(f"{file}: {len(form.items) - 1} questions" + (f"; blank: {', '.join(missing)}" if missing else ""))


def show_form(label: str, content: dict, as_json: bool) -> None:
    """How much a questionnaire holds, behind ``label``."""
    figures = {
        "questions": len(content["questionnaire"]["order"]),
        "scales": len(content["scales"]),
        "rules": len(content["questionnaire"]["routing"]),
    }
    parts = ", ".join(f"{count} {name}" for name, count in figures.items())
    show(figures, as_json, lambda: [f"{label}: {parts}"])


@click.group("round")
def round_() -> None:
    """Rounds: make, list, close, freeze."""


@round_.command("make")
@click.argument("programme_code")
@click.argument("code")
@click.option("--unit", "units", multiple=True, help="Only these units (may be given several times).")
@click.option(
    "--frame-supplier", required=True, help="Who supplied the service records; stands on the disclosure page."
)
@acting
@as_json
@speaks_plainly
def make(
    programme_code: str, code: str, units: tuple[str, ...], frame_supplier: str, actor: str, as_json: bool
) -> None:
    """Make the round CODE as the programme's configuration plans it."""
    with entry_point() as (session, runtime):
        found = get_programme(session, programme_code)
        plans = {plan["code"]: plan for plan in get_latest_configuration(session, found).content["rounds"]}
        if code not in plans:
            raise NotFound(
                "The programme plans no round %(code)s; it has %(known)s.", code=code, known=", ".join(plans)
            )
        made = create_round(
            session,
            runtime.clock,
            found,
            plans[code],
            actor=actor,
            unit_codes=list(units) or None,
            frame_supplier=frame_supplier,
        )
        figures = {"code": made.code, "units": len(made.units)}
    show(figures, as_json, lambda: [f"{code}: {figures['units']} units"])


@round_.command("list")
@as_json
@speaks_plainly
def list_all(as_json: bool) -> None:
    """List the rounds with their state."""
    with entry_point() as (session, _):
        rounds = [{"code": one.code, "state": one.state, "units": len(one.units)} for one in list_rounds(session)]
    show(rounds, as_json, lambda: (f"{one['code']}  {one['state']}  {one['units']} units" for one in rounds))


@round_.command("close")
@click.argument("code")
@acting
@as_json
@speaks_plainly
def close(code: str, actor: str, as_json: bool) -> None:
    """End fieldwork: no more calls, every case final, every answer sealed."""
    with entry_point() as (session, runtime):
        outcomes = close_round(session, runtime, get_round(session, code), actor=actor)
    show(outcomes, as_json, lambda: (f"{outcome:>6}  {count}" for outcome, count in outcomes.items()))


@round_.command("freeze")
@click.argument("code")
@acting
@as_json
@speaks_plainly
def freeze(code: str, actor: str, as_json: bool) -> None:
    """Freeze the answers of a closed round."""
    with entry_point() as (session, runtime):
        dataset = freeze_round(session, runtime, get_round(session, code), actor=actor)
        figures = {"answers": dataset.rows, "sha256": dataset.sha256}
    show(figures, as_json, lambda: [f"{figures['answers']} answers, SHA-256 {figures['sha256']}"])
