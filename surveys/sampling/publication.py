"""The files in which a draw is published: sources, sample and log, in the fixed layout that `verify_draw.py` reads.

``draw/commitment.json`` is `Commitment.to_json`, ``draw/frame.txt`` what `freeze_frame` writes; the other three are
made here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from surveys.sampling.canonical import canonical_json

COMMITMENT_MEMBER = "draw/commitment.json"
FRAME_MEMBER = "draw/frame.txt"
SOURCES_MEMBER = "draw/sources.json"
SAMPLE_MEMBER = "draw/sample.csv"
LOG_MEMBER = "draw/log.jsonl"
SAMPLE_HEADER = ("stratum", "rank", "cid", "ticket", "replicate", "released", "arm", "outcome")


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One case of the drawn sample or of the released reserve; ``outcome`` is its final code, empty if it has none."""

    stratum: str
    rank: int
    cid: str
    ticket: str
    replicate: int
    released: bool
    arm: str
    outcome: str


def sources_json(nonces_hex: Iterable[str], beacon: str, dice: str, seed_hex: str) -> bytes:
    """Return ``draw/sources.json``: the revealed nonces (sorted), beacon, dice and the seed made of them."""
    return canonical_json({"nonces": sorted(nonces_hex), "beacon": beacon, "dice": dice, "seed": seed_hex})


def sample_csv(rows: Iterable[SampleRow]) -> Iterator[bytes]:
    """Yield the lines of ``draw/sample.csv``: the header, then the rows, which must come in the order of `draw`.

    ``released`` is written 1 or 0. UTF-8, LF, quoted only where a comma or quote asks for it. No rows give the header
    alone.
    """
    yield _csv_line(SAMPLE_HEADER)
    for row in rows:
        released = "1" if row.released else "0"
        yield _csv_line((row.stratum, row.rank, row.cid, row.ticket, row.replicate, released, row.arm, row.outcome))


def log_jsonl(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield the lines of ``draw/log.jsonl`` from chained entries (with ``prev`` and ``hash``)."""
    for entry in entries:
        yield canonical_json(entry) + b"\n"


def _csv_line(values: Iterable[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue().encode("utf-8")
