"""``evalsys user``."""

from __future__ import annotations

import click

from evalsys.accounts.actions import add_user
from evalsys.accounts.permissions import ROLES
from evalsys.cli.context import entry_point, speaks_plainly


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, required=True, help=f"One of {', '.join(ROLES)}; may be given several times."
)
@click.option("--display-name", default="", help="The name that pages show.")
@click.option("--unit", default="", help="Whose liaison a department user is.")
@click.password_option()
@speaks_plainly
def add(name: str, roles: tuple[str, ...], display_name: str, unit: str, password: str) -> None:
    """Add a person."""
    with entry_point() as (session, runtime):
        add_user(
            session,
            runtime.clock,
            name=name,
            display_name=display_name or name,
            password=password,
            roles=list(roles),
            unit_code=unit,
        )
    click.echo(f"{name} may sign in as {', '.join(roles)}")
