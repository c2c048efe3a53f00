"""Reading the trail."""

from __future__ import annotations

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
