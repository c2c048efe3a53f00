"""``evalsys frame`` and ``evalsys sample``."""

from __future__ import annotations

from pathlib import Path

import click

from evalsys.cli.context import acting, as_json, describe_problem, entry_point, show, speaks_plainly
from evalsys.design.queries import get_round
from evalsys.fieldwork.queries import find_earlier
from evalsys.fieldwork.releases import release_where_needed
from evalsys.oversight.observers import list_nonces
from evalsys.samples.draws import commit_frame, draw_sample, get_draw
from evalsys.samples.frames import preview_report
from evalsys.samples.imports import ImportReport, import_service_records, import_staff_numbers


@click.group()
def frame() -> None:
    """Service records and the frame they make."""


@frame.command("import")
@click.argument("round_code")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--staff", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Numbers of units' own staff."
)
@click.option("--accept-good", is_flag=True, help="Import the good lines although there are bad ones.")
@acting
@as_json
@speaks_plainly
def import_files(
    round_code: str, files: tuple[Path, ...], staff: Path | None, accept_good: bool, actor: str, as_json: bool
) -> None:
    """Import CSV or XLSX files of service records; every bad line is named, and nothing is imported while there is one."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        numbers = import_staff_numbers(session, runtime, staff, actor=actor) if staff else 0
        reports = [
            import_service_records(session, runtime, found, path, actor=actor, accept_good=accept_good)
            for path in files
        ]
    figures = {"staff_numbers": numbers, "files": [import_figures(report) for report in reports]}

    def lines():
        if staff:
            yield f"{staff.name}: {numbers} staff numbers"
        for report in reports:
            for problem in report.problems:
                click.echo(f"  {describe_problem(problem)}", err=True)
            aside = ", ".join(f"{reason} {count}" for reason, count in sorted(report.set_aside.items()))
            yield f"{report.file} ({report.encoding}): {report.imported} of {report.lines} lines; set aside: {aside}"

    show(figures, as_json, lines)


def import_figures(report: ImportReport) -> dict:
    """What an import found, its bad lines as sentences."""
    return {**vars(report), "problems": [describe_problem(problem) for problem in report.problems]}


@frame.command("report")
@click.argument("round_code")
@as_json
@speaks_plainly
def report(round_code: str, as_json: bool) -> None:
    """What is in the frame and what was set aside, by reason; after the commitment, what was committed."""
    with entry_point() as (session, _):
        found = get_round(session, round_code)
        figures = (
            get_draw(session, found).report
            if found.committed_at
            else preview_report(session, found, find_earlier(session, found))
        )
    show(figures, as_json, lambda: frame_report_lines(figures))


def frame_report_lines(figures: dict):
    """The frame report as lines."""
    yield f"records {figures['records']}, in the frame {figures['entries']}"
    for reason, count in figures["excluded"].items():
        yield f"  {reason:<22}{count:>8}"


@click.group()
def sample() -> None:
    """The draw: commit, draw, release."""


@sample.command("commit")
@click.argument("round_code")
@click.option(
    "--beacon-source",
    default="",
    help="The public randomness beacon and its future round, e.g. drand:quicknet:1000000.",
)
@click.option("--dice-source", default="", help="Who rolls which dice, and when.")
@click.option("--nonce", "nonces", multiple=True, help="A nonce that an observer contributes, in hex.")
@acting
@as_json
@speaks_plainly
def commit(
    round_code: str, beacon_source: str, dice_source: str, nonces: tuple[str, ...], actor: str, as_json: bool
) -> None:
    """Freeze the frame and commit to it before the seed can be known."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        draw = commit_frame(
            session,
            runtime,
            found,
            actor=actor,
            beacon_source=beacon_source,
            dice_source=dice_source,
            earlier=find_earlier(session, found),
            contributed_nonces=(*nonces, *list_nonces(session, runtime, found)),
        )
        names = ("frame_size", "frame_root", "commitment_sha256")
        figures = {name: getattr(draw, name) for name in names}

    def lines():
        yield f"frame of {figures['frame_size']} entries, root {figures['frame_root']}"
        yield f"commitment {figures['commitment_sha256']}"

    show(figures, as_json, lines)


@sample.command("draw")
@click.argument("round_code")
@click.option("--beacon", default="", help="The beacon's round and value, as committed followed by ':' and the value.")
@click.option("--dice", default="", help="What the dice showed.")
@click.option("--entered-by", required=True, help="Who typed the sources in.")
@click.option("--confirmed-by", required=True, help="Who confirmed them.")
@as_json
@speaks_plainly
def draw(round_code: str, beacon: str, dice: str, entered_by: str, confirmed_by: str, as_json: bool) -> None:
    """Take the seed from the committed sources and draw the sample."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        drawn = draw_sample(
            session, runtime, found, beacon=beacon, dice=dice, entered_by=entered_by, confirmed_by=confirmed_by
        )
        seed = drawn.seed
    show({"seed": seed}, as_json, lambda: [f"seed {seed}"])


@sample.command("release")
@click.argument("round_code")
@as_json
@speaks_plainly
def release(round_code: str, as_json: bool) -> None:
    """Release the next replicate of every unit whose expected completes fall short of its quota."""
    with entry_point() as (session, runtime):
        released = release_where_needed(session, runtime, get_round(session, round_code))
    show({"released": released}, as_json, lambda: [f"{released} cases released"])
