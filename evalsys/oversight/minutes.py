"""Minutes: what a supervisor saw and says, together with what the house says of that moment; signed, and never changed afterwards."""

from __future__ import annotations

import hashlib
import json

from cryptography.exceptions import InvalidSignature
from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.audit.checkpoints import make_checkpoint
from evalsys.audit.models import AuditEntry
from evalsys.base.errors import BadInput
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.oversight.models import Minutes, Observer
from evalsys.samples.draws import get_draw
from surveys.sampling.canonical import canonical_json

FORMAT = "evalsys-minutes-v1"
LONGEST = 10_000
SIGNED = "minutes signed"


def sign_minutes(
    session: Session, runtime: Runtime, observer: Observer, *, text: str, printed: str, seen: list[str]
) -> Minutes:
    """Sign minutes; ``printed``: what ``verify_draw.py`` said on the supervisor's machine, ``seen``: which steps they attended."""
    text, printed = text.strip(), printed.strip()
    if not 0 < len(text) <= LONGEST or len(printed) > LONGEST:
        raise BadInput("Minutes have 1 to %(longest)d characters.", longest=LONGEST)
    round_, key = observer.round, runtime.keyring.signing_key()
    document = canonical_json(
        {
            "format": FORMAT,
            "round": round_.code,
            "state": round_.state,
            "supervisor": {"name": observer.name, "account": observer.user_name, "nonce_sha256": observer.nonce_sha256},
            "draw": _describe_draw(session, round_),
            "text": text,
            "printed": printed,
            "seen": sorted(seen),
            "signed_at": runtime.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "checkpoint": make_checkpoint(session, runtime),
        }
    )
    minutes = Minutes(
        observer_id=observer.id,
        document=document.decode(),
        sha256=hashlib.sha256(document).hexdigest(),
        signature=key.sign(document).hex(),
        signed_at=runtime.clock.now(),
    )
    session.add(minutes)
    session.flush()
    record_act(session, runtime.clock, round_.code, observer.user_name, SIGNED, sha256=minutes.sha256)
    return minutes


def list_minutes(session: Session, round_: Round, user_name: str = "") -> list[Minutes]:
    """The minutes of a round, of one supervisor or of all."""
    found = select(Minutes).join(Observer, Observer.id == Minutes.observer_id).where(Observer.round_id == round_.id)
    if user_name:
        found = found.where(Observer.user_name == user_name)
    return list(session.scalars(found.order_by(Minutes.id)))


def find_minutes_problem(session: Session, runtime: Runtime, minutes: Minutes) -> str:
    """What is wrong with minutes, or ``""``: another text than was signed, or than the trail has the hash of."""
    document = minutes.document.encode()
    try:
        runtime.keyring.signing_key().public_key().verify(bytes.fromhex(minutes.signature), document)
    except (InvalidSignature, ValueError):
        return "signature"
    code = json.loads(document)["round"]
    hashes = session.scalars(select(AuditEntry.details).where(AuditEntry.chain == code, AuditEntry.action == SIGNED))
    return "" if hashlib.sha256(document).hexdigest() in {details["sha256"] for details in hashes} else "trail"


def _describe_draw(session: Session, round_: Round) -> dict | None:
    if not round_.committed_at:
        return None
    draw = get_draw(session, round_)
    return {"commitment_sha256": draw.commitment_sha256, "frame_root": draw.frame_root, "seed": draw.seed}
