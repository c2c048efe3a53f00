"""``evalsys user``: for whoever holds the machine. The rules of the pages hold here too, and each act stands in the log."""

from __future__ import annotations

import click

from evalsys.accounts.actions import add_user, change_roles, is_locked, lock_user, unlock_user
from evalsys.accounts.permissions import ROLES
from evalsys.accounts.queries import list_users
from evalsys.accounts.second_factor import reset_second_factor
from evalsys.cli.context import acting, as_json, entry_point, show, speaks_plainly

of_roles = click.option(
    "--role", "roles", multiple=True, required=True, help=f"One of {', '.join(ROLES)}; may be given several times."
)


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("name")
@of_roles
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


@user.command("list")
@as_json
@speaks_plainly
def list_all(as_json: bool) -> None:
    """Everybody who may sign in."""
    with entry_point() as (session, runtime):
        people = [
            {
                "name": person.name,
                "roles": person.roles,
                "unit": person.unit_code,
                "second_factor": person.second_factor_at is not None,
                "locked": is_locked(person, runtime.clock),
            }
            for person in list_users(session)
        ]

    def lines():
        for person in people:
            marks = [word for word, has in (("second factor", "second_factor"), ("LOCKED", "locked")) if person[has]]
            yield f"{person['name']:<20}{', '.join(person['roles']) or '-':<30}{person['unit']:<12}{', '.join(marks)}"

    show(people, as_json, lines)


@user.command("roles")
@click.argument("name")
@of_roles
@acting
@speaks_plainly
def roles_(name: str, roles: tuple[str, ...], actor: str) -> None:
    """Give a person these roles and no other."""
    with entry_point() as (session, runtime):
        change_roles(session, runtime.clock, name, list(roles), actor=actor)
    click.echo(f"{name}: {', '.join(roles)}")


@user.command("lock")
@click.argument("name")
@acting
@speaks_plainly
def lock(name: str, actor: str) -> None:
    """Close an account until it is unlocked, and end its sessions."""
    with entry_point() as (session, runtime):
        lock_user(session, runtime.clock, name, actor=actor)
    click.echo(f"{name} is locked")


@user.command("unlock")
@click.argument("name")
@acting
@speaks_plainly
def unlock(name: str, actor: str) -> None:
    """Open an account again, whatever locked it."""
    with entry_point() as (session, runtime):
        unlock_user(session, runtime.clock, name, actor=actor)
    click.echo(f"{name} is open")


@user.command("reset-second-factor")
@click.argument("name")
@acting
@speaks_plainly
def reset(name: str, actor: str) -> None:
    """Take away the second factor of somebody who lost it; they enrol again."""
    with entry_point() as (session, runtime):
        reset_second_factor(session, runtime, name, actor=actor)
    click.echo(f"{name} has no second factor now")
