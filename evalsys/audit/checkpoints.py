"""Checkpoints: where every chain of the trail stood at a moment, signed by the installation, kept by somebody else.

A chain shows any change within it; that its end was cut off shows only against a checkpoint that its keeper can still produce.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.audit.models import AuditEntry
from evalsys.audit.queries import list_acts, list_chains
from evalsys.base.errors import BadInput
from evalsys.base.runtime import Runtime
from surveys.errors import DrawError
from surveys.sampling.canonical import canonical_json
from surveys.sampling.chain import verify_chain

FORMAT = "evalsys-checkpoint-v1"


def make_checkpoint(session: Session, runtime: Runtime) -> dict:
    """Where every chain stands now: entries, hash of the last one, time; signed (Ed25519 over the canonical JSON of the rest)."""
    last = select(AuditEntry.chain, func.max(AuditEntry.seq).label("seq")).group_by(AuditEntry.chain).subquery()
    heads = session.execute(
        select(AuditEntry.chain, AuditEntry.seq, AuditEntry.hash)
        .join(last, (last.c.chain == AuditEntry.chain) & (last.c.seq == AuditEntry.seq))
        .order_by(AuditEntry.chain)
    )
    key = runtime.keyring.signing_key()
    content = {
        "format": FORMAT,
        "at": runtime.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "chains": [{"chain": chain, "entries": seq, "head": head} for chain, seq, head in heads],
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    return content | {"signature": key.sign(canonical_json(content)).hex()}


def read_checkpoint(raw: bytes, key: Ed25519PublicKey) -> dict:
    """A checkpoint as it was kept; raises ``BadInput`` where it is none, or was not signed with ``key`` as it stands."""
    try:
        document = json.loads(raw)
        content = {name: value for name, value in document.items() if name != "signature"}
        key.verify(bytes.fromhex(document["signature"]), canonical_json(content))
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
        raise BadInput("This is no checkpoint signed by this installation, or it was altered.") from error
    return content


def find_trail_problems(session: Session, checkpoint: Mapping | None = None) -> dict[str, str]:
    """Chain → what is wrong with it, in a sentence, or ``""``: rows altered or removed, and, against a checkpoint, a tail cut off."""
    witnessed = {entry["chain"]: entry for entry in (checkpoint or {"chains": []})["chains"]}
    return {
        chain: _find_problem(list_acts(session, chain), witnessed.get(chain))
        for chain in sorted({*list_chains(session), *witnessed})
    }


def _find_problem(acts: list[dict], witnessed: Mapping | None) -> str:
    try:
        entries = verify_chain(json.dumps(act) for act in acts)
    except DrawError as error:
        return str(error)
    if entries and entries[0]["seq"] != 1:
        return f"The log begins with number {entries[0]['seq']}; what stood before was removed."
    if witnessed is None:
        return ""
    if len(entries) < witnessed["entries"]:
        return (
            f"The log has {len(entries)} entries, the checkpoint witnessed {witnessed['entries']}; its end was cut off."
        )
    if entries[witnessed["entries"] - 1]["hash"] != witnessed["head"]:
        return f"Entry {witnessed['entries']} of the log is not the one that the checkpoint witnessed; it was written anew."
    return ""
