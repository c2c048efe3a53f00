"""The commands: one console script, every command with ``--help`` and an exit status, figures with ``--json``."""

from __future__ import annotations

import click

from evalsys.cli.accounts import user
from evalsys.cli.audit import audit
from evalsys.cli.database import database
from evalsys.cli.demo import demo
from evalsys.cli.design import programme, round_
from evalsys.cli.estimating import estimate
from evalsys.cli.fieldwork import field
from evalsys.cli.results import assess, hotline, key, publish, score, verify
from evalsys.cli.sampling import frame, sample
from evalsys.cli.services import serve, simulator, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="evalsys")
def main() -> None:
    """Departmental conduct evaluation, from service records to a signed score table that anyone can check."""


for command in (
    database,
    programme,
    round_,
    frame,
    sample,
    field,
    hotline,
    score,
    assess,
    publish,
    verify,
    key,
    estimate,
    simulator,
    worker,
    serve,
    demo,
    user,
    audit,
):
    main.add_command(command)
