"""Until when contacts are kept: the day that respondents are promised, and the job that looks for it."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.outbox.actions import put_job

PURGE = "field.purge"
A_DAY = 86_400


def find_retention_day(round_: Round) -> date:
    """The day on which the contacts of a round are destroyed, ``contacts_destroyed_on`` of its configuration."""
    return date.fromisoformat(str(round_.configuration.content["programme"]["contacts_destroyed_on"]))


def plan_purge(session: Session, runtime: Runtime, round_: Round) -> None:
    """Have the round purged when its retention day has come, whatever becomes of it; looked at every day until it could be."""
    zone = ZoneInfo(round_.configuration.content["programme"]["time_zone"])
    due = datetime.combine(find_retention_day(round_), time(), zone)
    payload = {"round": round_.code}
    put_job(session, runtime.clock, f"{PURGE}:{round_.code}", PURGE, payload, every_seconds=A_DAY, due_at=due)
