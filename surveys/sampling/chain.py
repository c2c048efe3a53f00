"""The hash chain of the audit log: each entry carries the hash of the one before, so that any change shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from surveys.errors import DrawError
from surveys.sampling.canonical import canonical_json

FIRST_PREV = "0" * 64
CONTENT_KEYS = ("seq", "at", "actor", "action", "details")
ENTRY_KEYS = (*CONTENT_KEYS, "prev", "hash")

# The two entries that a verifier of the draw looks for. Both carry ``round`` in their details; the first
# ``commitment_sha256``, the second ``seed``.
COMMIT_ACTION = "commit_sample"
REVEAL_ACTION = "reveal_sources"


def chain_hash(prev: str, entry: Mapping[str, Any]) -> str:
    """Return ``SHA256("evalsys-log-v1\\n" + prev + "\\n" + canonical JSON of seq, at, actor, action, details)`` in hex.

    Raises
    ------
    DrawError
        The entry lacks one of the five keys; other keys (``prev``, ``hash``) are not part of the hash.
    """
    missing = [key for key in CONTENT_KEYS if key not in entry]
    if missing:
        raise DrawError(
            "A log entry lacks %(missing)s; write all of %(keys)s.",
            code="log_entry",
            missing=", ".join(missing),
            keys=", ".join(CONTENT_KEYS),
        )
    content = canonical_json({key: entry[key] for key in CONTENT_KEYS})
    return hashlib.sha256(b"evalsys-log-v1\n" + prev.encode("ascii") + b"\n" + content).hexdigest()


def chained(prev: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry with its ``prev`` and ``hash``, ready to be stored or written as one line."""
    digest = chain_hash(prev, entry)
    return {**{key: entry[key] for key in CONTENT_KEYS}, "prev": prev, "hash": digest}


def verify_chain(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the entries of a log (one JSON object a line) after checking every hash, link and number.

    The first entry has ``prev`` of 64 zeros; each ``seq`` is one more than the last. An empty log gives an empty
    list. A cut tail cannot be seen here: compare the last hash with a witnessed checkpoint.

    Raises
    ------
    DrawError
        ``code`` "log_chain", ``details["line"]`` the number (from 1) of the first line that does not fit.
    """
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        entry = _parse(number, line)
        expected_prev = entries[-1]["hash"] if entries else FIRST_PREV
        if entry["prev"] != expected_prev:
            raise DrawError(
                "Line %(line)s of the log does not follow from the line before it; the log was altered there.",
                code="log_chain",
                line=number,
            )
        if entries and entry["seq"] != entries[-1]["seq"] + 1:
            raise DrawError(
                "Line %(line)s of the log has number %(seq)s where %(due)s is due; the log was altered there.",
                code="log_chain",
                line=number,
                seq=entry["seq"],
                due=entries[-1]["seq"] + 1,
            )
        if chain_hash(expected_prev, entry) != entry["hash"]:
            raise DrawError(
                "Line %(line)s of the log does not have the hash of its own words; the log was altered there.",
                code="log_chain",
                line=number,
            )
        entries.append(entry)
    return entries


def _parse(number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise DrawError(
            "Line %(line)s of the log is not JSON; the log was altered there.", code="log_chain", line=number
        ) from error
    if not isinstance(entry, dict) or set(entry) != set(ENTRY_KEYS):
        raise DrawError(
            "Line %(line)s of the log must have exactly %(keys)s; the log was altered there.",
            code="log_chain",
            line=number,
            keys=", ".join(ENTRY_KEYS),
        )
    if type(entry["seq"]) is not int:
        raise DrawError(
            "Line %(line)s of the log has a number that is not whole; the log was altered there.",
            code="log_chain",
            line=number,
        )
    return entry
