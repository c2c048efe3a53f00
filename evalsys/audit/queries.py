"""Reading the trail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.models import AuditEntry


def list_acts(session: Session, chain: str) -> list[dict]:
    """The entries of ``chain`` in order, in the form whose hash can be recomputed (``surveys.sampling.chain``)."""
    rows = session.scalars(select(AuditEntry).where(AuditEntry.chain == chain).order_by(AuditEntry.seq))
    return [
        {
            "seq": row.seq,
            "at": row.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "actor": row.actor,
            "action": row.action,
            "details": row.details,
            "prev": row.prev,
            "hash": row.hash,
        }
        for row in rows
    ]


def list_chains(session: Session) -> list[str]:
    """The chains there are: ``system``, and the codes of rounds."""
    return list(session.scalars(select(AuditEntry.chain).distinct().order_by(AuditEntry.chain)))


def list_actions(session: Session) -> list[str]:
    """The acts that were ever recorded, by name."""
    return list(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def find_acts(
    session: Session,
    *,
    chain: str = "",
    actor: str = "",
    action: str = "",
    on: date | None = None,
    zone: str = "Asia/Shanghai",
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Entries, the newest first; of a chain, an actor, an action, a day of the time zone, and older than the row ``before``."""
    found = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    for column, wanted in ((AuditEntry.chain, chain), (AuditEntry.actor, actor), (AuditEntry.action, action)):
        if wanted:
            found = found.where(column == wanted)
    if on is not None:
        start = datetime.combine(on, time(), ZoneInfo(zone))
        found = found.where(AuditEntry.at >= start, AuditEntry.at < start + timedelta(days=1))
    if before is not None:
        found = found.where(AuditEntry.id < before)
    return list(session.scalars(found))
