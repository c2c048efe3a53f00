"""Status callbacks: kept once each however often they come, then applied in batches; no final state goes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from evalsys.base.database import keep_once_apart
from evalsys.base.runtime import Runtime
from evalsys.fieldwork.cases import Dossier, end_attempt, open_dossiers
from evalsys.fieldwork.holds import is_held
from evalsys.fieldwork.models import Attempt, StatusReceipt

FINAL = {
    "voice": ("completed", "busy", "failed", "no-answer", "canceled"),
    "sms": ("delivered", "undelivered", "failed"),
}
#: SIP answers that say something about the number: not found, gone, incomplete address
_DEAD_NUMBER = ("404", "410", "484", "604")
_RECEIPT = StatusReceipt.__table__
_WAITING = select(_RECEIPT).where(_RECEIPT.c.applied.is_(False)).order_by(_RECEIPT.c.id).limit(bindparam("most"))


def receive_status(runtime: Runtime, attempt_key: str, form: Mapping[str, str]) -> bool:
    """Keep a status callback under its own key, in a transaction of its own; whether it was new."""
    status = form.get("CallStatus") or form.get("MessageStatus") or ""
    seconds = form.get("CallDuration", "")
    dead = form.get("SipResponseCode", "") in _DEAD_NUMBER
    return keep_once_apart(
        StatusReceipt,
        {
            "attempt_key": attempt_key,
            "status": status[:20],
            "provider_sid": (form.get("CallSid") or form.get("MessageSid") or "")[:40],
            "answered_by": form.get("AnsweredBy", "")[:30],
            "seconds": int(seconds) if seconds.isdigit() else None,
            "error_code": "21211" if dead else form.get("ErrorCode", "")[:10],
            "received_at": runtime.clock.now(),
            "applied": False,
        },
    )


def apply_receipts(session: Session, runtime: Runtime, limit: int = 500) -> int:
    """Bring attempts up to what the callbacks kept so far say, and plan what follows; how many callbacks were applied."""
    by_key: dict[str, list[Row]] = defaultdict(list)
    receipts = session.execute(_WAITING, {"most": limit}).all()
    for receipt in receipts:
        by_key[receipt.attempt_key].append(receipt)
    attempts = session.scalars(select(Attempt).where(Attempt.key.in_(by_key)).order_by(Attempt.id)).all()
    dossiers = open_dossiers(session, [attempt.case_id for attempt in attempts])
    for attempt in attempts:
        for receipt in by_key[attempt.key]:
            _apply(session, runtime, attempt, dossiers[attempt.case_id], receipt)
    session.execute(
        update(_RECEIPT).where(_RECEIPT.c.id.in_([receipt.id for receipt in receipts])).values(applied=True)
    )
    return len(receipts)


def _apply(session: Session, runtime: Runtime, attempt: Attempt, dossier: Dossier, receipt: Row) -> None:
    if receipt.status in ("in-progress", "answered"):
        # Also when it comes after the last status: that a call connected must not depend on the order of callbacks.
        attempt.connected_at = attempt.connected_at or receipt.received_at
    if attempt.state == "ended":
        return
    attempt.provider_sid = attempt.provider_sid or receipt.provider_sid
    attempt.started_at = attempt.started_at or receipt.received_at
    if receipt.status == "completed" and attempt.interviewer and is_held(session, runtime, attempt):
        # What a talk with a person came to, the person states; until then only how long it was is known.
        attempt.state, attempt.seconds = "placed", receipt.seconds
    elif receipt.status in FINAL[attempt.channel]:
        end_attempt(
            session,
            runtime,
            attempt,
            dossier,
            receipt.status,
            answered_by=receipt.answered_by,
            error_code=receipt.error_code,
            seconds=receipt.seconds,
            at=receipt.received_at,
        )
    else:
        attempt.state = "placed"
