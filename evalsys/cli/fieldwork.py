"""``evalsys field``."""

from __future__ import annotations

import click

from evalsys.cli.context import acting, as_json, entry_point, show, speaks_plainly
from evalsys.design.queries import get_round
from evalsys.fieldwork.closing import count_outcomes
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.queries import count_attempts, count_completes_by_channel
from evalsys.fieldwork.releases import open_round, pause_round, resume_round
from evalsys.fieldwork.spending import find_cost


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
    """Attempts, completes per channel, cases by outcome, and what hinders fieldwork."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        figures = {
            "state": found.state,
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
