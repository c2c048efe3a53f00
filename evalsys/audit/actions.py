"""Writing to the trail."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.audit.models import AuditEntry
from evalsys.base.clock import Clock
from surveys.sampling.chain import FIRST_PREV, chain_hash


def record_act(session: Session, clock: Clock, chain: str, actor: str, action: str, **details: object) -> AuditEntry:
    """Append one entry to ``chain`` (a round's code, or ``system``).

    Whoever appends to the same chain at once waits until this transaction ends; SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"audit {chain}"))))
    last = session.scalars(
        select(AuditEntry).where(AuditEntry.chain == chain).order_by(AuditEntry.seq.desc()).limit(1)
    ).first()
    entry = {
        "seq": last.seq + 1 if last else 1,
        "at": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actor": actor,
        "action": action,
        "details": details,
    }
    prev = last.hash if last else FIRST_PREV
    row = AuditEntry(chain=chain, prev=prev, hash=chain_hash(prev, entry), **{**entry, "at": clock.now()})
    session.add(row)
    session.flush()
    return row
