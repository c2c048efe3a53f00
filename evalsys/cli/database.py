"""``evalsys db``."""

from __future__ import annotations

import click
import flask_migrate

from evalsys.app import create_app
from evalsys.cli.context import speaks_plainly


@click.group("db")
def database() -> None:
    """The database and its migrations."""


@database.command("upgrade")
@click.option("--revision", default="head", show_default=True, help="How far to go.")
@speaks_plainly
def upgrade(revision: str) -> None:
    """Bring the database up to date; creates an empty one's tables."""
    with create_app().app_context():
        flask_migrate.upgrade(revision=revision)


@database.command("downgrade")
@click.argument("revision")
@speaks_plainly
def downgrade(revision: str) -> None:
    """Go back to an earlier state of the tables."""
    with create_app().app_context():
        flask_migrate.downgrade(revision=revision)
