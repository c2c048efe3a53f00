"""``evalsys field``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from evalsys.cli.board_figures import list_board_figures
from evalsys.cli.context import acting, as_json, describe_problem, entry_point, imports_file, show, speaks_plainly
from evalsys.cli.rehearsal import rehearse
from evalsys.design.queries import get_round
from evalsys.fieldwork.board import describe_board
from evalsys.fieldwork.call_results import import_results
from evalsys.fieldwork.closing import count_outcomes
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.purging import purge_round
from evalsys.fieldwork.queries import count_attempts, count_completes_by_channel
from evalsys.fieldwork.releases import open_round, pause_round, resume_round
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.spending import find_cost
from evalsys.fieldwork.work_list_files import check_kind, write_work_list
from evalsys.fieldwork.worklists import make_work_list, repeat_work_list


@click.group()
def field() -> None:
    """Fieldwork of a round."""


@field.command("start")
@click.argument("round_code")
@acting
@as_json
@speaks_plainly
def start(round_code: str, actor: str, as_json: bool) -> None:
    """Open a drawn round, or go on with a paused one; workers do the rest."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        was_paused = found.state == "paused"
        released = 0
        if was_paused:
            resume_round(session, runtime, found, actor=actor)
        else:
            released = open_round(session, runtime, found, actor=actor)
    said = "fieldwork goes on" if was_paused else f"{released} cases released"
    show({"released": released}, as_json, lambda: [said])


@field.command("purge")
@click.argument("round_code")
@acting
@as_json
@speaks_plainly
def purge(round_code: str, actor: str, as_json: bool) -> None:
    """Destroy the contacts of a round once its retention day has come; a worker then rids the database's files of the remains."""
    with entry_point() as (session, runtime):
        records = purge_round(session, runtime, get_round(session, round_code), actor=actor)
    show({"records": records}, as_json, lambda: [f"the contacts of {records} records are destroyed"])


@field.command("pause")
@click.argument("round_code")
@acting
@speaks_plainly
def pause(round_code: str, actor: str) -> None:
    """Place no new calls and send no messages; answers are still taken."""
    with entry_point() as (session, runtime):
        pause_round(session, runtime, get_round(session, round_code), actor=actor)
    click.echo("fieldwork is paused")


@field.command("status")
@click.argument("round_code")
@as_json
@speaks_plainly
def status(round_code: str, as_json: bool) -> None:
    """Attempts, completes per channel, cases by outcome, and what hinders fieldwork; with --json all that the fieldwork board shows."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        figures = {
            "state": found.state,
            "board": list_board_figures(describe_board(session, runtime, found)) if found.opened_at else None,
            "attempts": count_attempts(session, found),
            "completes": count_completes_by_channel(session, found),
            "outcomes": count_outcomes(session, found),
            "cost": find_cost(session, found, runtime.clock.now()),
            "notices": [str(notice) for notice in list_notices(session, runtime, found)],
        }

    def lines():
        yield f"{round_code}: {figures['state']}"
        yield from (f"attention: {notice}" for notice in figures["notices"])
        for name in ("attempts", "completes", "outcomes"):
            yield f"{name}: " + ", ".join(f"{key or 'open'} {count}" for key, count in figures[name].items())
        if figures["cost"] is not None:
            yield f"cost: {figures['cost']:,.2f}"

    show(figures, as_json, lines)


@field.command("worklist")
@click.argument("round_code")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The .xlsx or .csv to write."
)
@click.option("--limit", type=click.IntRange(1), help="At most so many cases.")
@click.option("--again", type=click.IntRange(1), help="The number of a list to write again, where its file was lost.")
@acting
@as_json
@speaks_plainly
def worklist(round_code: str, out: Path, limit: int | None, again: int | None, actor: str, as_json: bool) -> None:
    """Write the calls due within a day for a call centre; no case is on two lists."""
    kind = check_kind(out.name)
    with _new_file(out) as file:
        with entry_point() as (session, runtime):
            found = get_round(session, round_code)
            if again:
                work = repeat_work_list(session, runtime, found, again, actor=actor)
            else:
                work = make_work_list(session, runtime, found, actor=actor, limit=limit)
            rules = rules_of(found.configuration)
        # Written once the list is kept, so that no code leaves the house that the ledger does not know.
        if work.rows:
            file.write(write_work_list(work, rules, kind))
    figures = {
        "list": work.number if work.rows else None,
        "cases": len(work.rows),
        "file": str(out) if work.rows else None,
    }
    said = f"list {work.number}: {len(work.rows)} cases in {out}" if work.rows else "no call is due"
    show(figures, as_json, lambda: [said])


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that nobody else can read, and that is gone again where nothing was written.

    Opened before a list is made: a folder that cannot be written to must cost no case its turn.
    """
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from error
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    finally:
        if not path.stat().st_size:
            path.unlink()


@field.command("results")
@imports_file
def results(round_code: str, file: Path, accept_good: bool, actor: str, as_json: bool) -> None:
    """Take in a call centre's file of results; every bad line is named, and nothing is imported while there is one."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        report = import_results(session, runtime, found, file, actor=actor, accept_good=accept_good)
    problems = [describe_problem(problem) for problem in report.problems]

    def lines():
        for problem in problems:
            click.echo(f"  {problem}", err=True)
        yield (
            f"{report.file} ({report.encoding}): {report.imported} of {report.lines} lines imported, "
            f"{report.repeated} known already, {report.refused} bad"
        )
        if report.superseded:
            yield f"answers of {report.superseded} lines not used: the case was answered in another way meanwhile"
        if report.outcomes:
            yield "outcomes: " + ", ".join(f"{code} {count}" for code, count in report.outcomes.items())

    show({**vars(report), "problems": problems}, as_json, lines)


field.add_command(rehearse)
