"""Conducting a rehearsal: time passes on the virtual clock as fast as product and simulator get their work done.

Each tick the due jobs are done, then the simulator lets happen what is due; where nothing is, time jumps to whatever comes next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import requests
from flask import Flask
from sqlalchemy import func, select

from evalsys.base.clock import VirtualClock
from evalsys.base.config import Settings
from evalsys.base.database import db
from evalsys.design.queries import get_round
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.queries import is_worked_out
from evalsys.fieldwork.releases import BEATS
from evalsys.fieldwork.rules import rules_of

TICK = timedelta(minutes=10)
#: while nobody is due to be called or written to, what happens at the provider within so long happens in one go; shorter than
#: ``SILENT_AFTER``, so that no attempt seems lost
LULL = timedelta(minutes=45)
#: long enough for every job to come round once, so that a replicate still needed is released
LAST_LOOK = timedelta(seconds=BEATS["field.seal"])


class SimulatorDesk:
    """The simulator's control desk, over HTTP."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.twilio_base_url
        self._session = requests.Session()
        self._session.auth = (settings.twilio_account_sid, settings.twilio_auth_token)

    def ask(self, method: str, what: str, body: dict | None = None) -> dict:
        """One request to the control desk; an error raises."""
        answer = self._session.request(method, f"{self._base}/simulator/{what}", json=body, timeout=600)
        answer.raise_for_status()
        return answer.json()

    def run(self, until: datetime) -> tuple[datetime | None, int]:
        """Let everything happen up to a moment; when something happens next, and how much is under way."""
        state = self.ask("POST", "run", {"until": until.isoformat()})
        following = state["next_event_at"]
        return (datetime.fromisoformat(following) if following else None), state["in_flight"]


def conduct_round(
    app: Flask,
    clock: VirtualClock,
    desk: SimulatorDesk,
    code: str,
    work: Callable[[], object],
    watch: Callable[[datetime], object],
) -> None:
    """Let a round's fieldwork happen until nothing is left to do in it, or its field period is over.

    ``work`` does the due jobs, or waits until somebody else has. ``watch`` is told the time after every tick.
    """
    with app.app_context():
        round_ = get_round(db.session(), code)
        rules, until, begins = rules_of(round_.configuration), round_.field_until, round_.field_from
        db.session.remove()
    clock.set(begins)
    looked_again = False
    while clock.now() < until:
        work()
        following, in_flight = desk.run(clock.now())
        watch(clock.now())
        with app.app_context():
            due = _next_due(code)
            idle = not in_flight and is_worked_out(db.session(), get_round(db.session(), code))
            db.session.remove()
        if idle and looked_again:
            return
        looked_again = idle
        if idle:
            clock.set(clock.now() + LAST_LOOK)
            continue
        moments = (following and following + LULL, _when_open(rules, due, clock.now(), until))
        # Where neither is known, callbacks that came a moment ago wait to be applied.
        clock.set(max(clock.now() + TICK, min(filter(None, moments), default=clock.now())))
    work()
    desk.run(clock.now())
    work()


def _next_due(code: str) -> datetime | None:
    """When the next case of a round is due; a moment that has passed means: as soon as calls may be made."""
    session = db.session()
    round_ = get_round(session, code)
    return session.scalar(
        select(func.min(Interview.due_at)).where(Interview.round_id == round_.id, Interview.state == "waiting")
    )


def _when_open(rules, due: datetime | None, now: datetime, until: datetime) -> datetime | None:
    return rules.next_open_anywhere(max(due, now), until) if due else None
