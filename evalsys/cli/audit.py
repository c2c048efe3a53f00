"""``evalsys audit``: whether the log was touched, and checkpoints by which somebody else can tell."""

from __future__ import annotations

import json
from pathlib import Path

import click

from evalsys.audit.checkpoints import find_trail_problems, make_checkpoint, read_checkpoint
from evalsys.cli.context import as_json, entry_point, show, speaks_plainly


@click.group()
def audit() -> None:
    """The log of acts, in hash chains."""


@audit.command("checkpoint")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; by default it is printed.")
@speaks_plainly
def checkpoint(out: Path | None) -> None:
    """Write down, signed, where every chain stands now; give it to somebody who keeps it elsewhere."""
    with entry_point() as (session, runtime):
        document = json.dumps(make_checkpoint(session, runtime), ensure_ascii=False, indent=1, sort_keys=True)
    if out is None:
        click.echo(document)
    else:
        out.write_text(document + "\n", encoding="utf-8")


@audit.command("verify")
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that somebody kept; without one a log whose end was cut off looks whole.",
)
@as_json
@speaks_plainly
def verify(kept: Path | None, as_json: bool) -> None:
    """Recompute every chain; exit status 1 where an entry was altered, removed or cut off."""
    with entry_point() as (session, runtime):
        key = runtime.keyring.signing_key().public_key()
        witnessed = read_checkpoint(kept.read_bytes(), key) if kept else None
        problems = find_trail_problems(session, witnessed)

    def lines():
        for chain, problem in problems.items():
            yield f"{'NOT VERIFIED' if problem else 'verified':<14}{chain}" + (f"  {problem}" if problem else "")

    show(problems, as_json, lines)
    if any(problems.values()):
        raise SystemExit(1)
