"""``evalsys demo``: a city's evaluation from empty database to published tables, in front of the reader's eyes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import click

from evalsys.cli.context import as_json, show, speaks_plainly
from evalsys.cli.stage import make_environment, stage, wait_for_stage
from evalsys.cli.year import Year, describe_year


@click.command()
@click.option(
    "--scale",
    default=0.01,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of the units fielded, two per category at least.",
)
@click.option("--seed", default=2026, show_default=True, help="The same seed gives the same figures.")
@click.option("--port", default=8000, show_default=True, help="Where the pages are served.")
@click.option("--serve/--no-serve", default=True, show_default=True, help="Go on serving the pages afterwards.")
@click.option(
    "--home",
    default="var/demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the demo; emptied first.",
)
@as_json
@speaks_plainly
def demo(scale: float, seed: int, port: int, serve: bool, home: Path, as_json: bool) -> None:
    """Watch a year of a made-up city: records, draw, fieldwork by telephone and web, scores, publication."""
    home = home.absolute()
    _empty(home)
    environment = make_environment(home, port)
    os.environ.update(environment)
    # Ended from outside (a service manager, a time-out): leave through the blocks below, so that no process stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with stage(environment, port):
        year = Year(home=home, scale=scale, seed=seed)
        with redirect_stdout(sys.stderr if as_json else sys.stdout):
            year.prepare()
            wait_for_stage(port)
            year.hold()
        figures = {"rounds": year.summaries, "seconds": year.seconds, "passwords": year.passwords}
        show(figures, as_json, lambda: describe_year(year))
        if serve:
            click.echo(f"\nEverything is served at http://127.0.0.1:{port} – end with Ctrl-C.", err=as_json)
            _wait_for_interrupt()


def _empty(home: Path) -> None:
    """Start from nothing: only a folder that a demo made before is ever removed."""
    mark = home / "demo"
    if home.exists() and any(home.iterdir()) and not mark.exists():
        raise click.ClickException(f"{home} is not empty and was not made by a demo; choose another --home.")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    mark.touch()


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("ended", err=True)
