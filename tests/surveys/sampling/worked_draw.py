"""A small round drawn and written in the published layout, shared by the tests of the draw, the verifier and the bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surveys.sampling.chain import COMMIT_ACTION, FIRST_PREV, REVEAL_ACTION, chained
from surveys.sampling.commitment import Commitment
from surveys.sampling.draw import commit_sample, draw, freeze_frame, reveal_seed
from surveys.sampling.identifiers import case_identifier, mode_arm
from surveys.sampling.publication import (
    COMMITMENT_MEMBER,
    FRAME_MEMBER,
    LOG_MEMBER,
    SAMPLE_MEMBER,
    SOURCES_MEMBER,
    SampleRow,
    log_jsonl,
    sample_csv,
    sources_json,
)
from surveys.sampling.replicates import plan_replicates

ROUND_KEY = bytes(range(32))
NONCE = "ab" * 32
BEACON_SOURCE = "drand:quicknet:1000000"
BEACON = BEACON_SOURCE + ":" + "11" * 32
DICE = "63454660390103169462"
SIZES = {"U1/individuals/370102": 9, "U1/individuals/370103": 6, "U2/individuals/370102": 5}
SAMPLE_SIZES = {"U1/individuals/370102": 4, "U1/individuals/370103": 2, "U2/individuals/370102": 5}


def frame_entries(sizes: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return (stratum, cid) of a frame with so many cases per stratum."""
    entries = []
    for stratum in sizes:
        for _ in range(sizes[stratum]):
            entries.append((stratum, case_identifier(ROUND_KEY, f"SR-2025-{len(entries):05d}")))
    return entries


def log_lines(*entries: dict[str, Any]) -> bytes:
    """Return a log of these (action, details) entries, chained."""
    prev, lines = FIRST_PREV, []
    for seq, entry in enumerate(entries, start=1):
        whole = {"seq": seq, "at": f"2025-11-03T09:{seq:02d}:00+08:00", "actor": "designer", **entry}
        lines.append(chained(prev, whole))
        prev = lines[-1]["hash"]
    return b"".join(log_jsonl(lines))


def commit_entry(commitment: Commitment) -> dict[str, Any]:
    """Return the log entry of a commitment."""
    details = {"round": commitment.round_id, "commitment_sha256": commitment.sha256}
    return {"action": COMMIT_ACTION, "details": details}


def reveal_entry(round_id: str, seed: str) -> dict[str, Any]:
    """Return the log entry of the revealed sources."""
    return {"action": REVEAL_ACTION, "details": {"round": round_id, "seed": seed}}


def sample_rows(commitment: Commitment, seed: str, frame_file: Path, released: int = 3) -> list[SampleRow]:
    """Return the rows of the sample and the released reserve, three replicates making the sample."""
    plan = plan_replicates(commitment.sample_sizes, 3, commitment.frame_counts)
    rows = []
    with frame_file.open("rb") as lines:
        for case in draw(lines, commitment, seed):
            replicate = plan.replicate_of(case.stratum, case.rank)
            if case.in_sample or replicate <= released:
                arm = mode_arm(seed, case.stratum, case.cid, commitment.random_arm_share)
                outcome = "1.1" if replicate <= released else ""
                rows.append(
                    SampleRow(
                        case.stratum, case.rank, case.cid, case.ticket, replicate, replicate <= released, arm, outcome
                    )
                )
    return rows


def draw_members(released: int = 4, *, beacon: str = BEACON) -> dict[str, bytes]:
    """Return the draw part of the bundle of round R1."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.txt"
        frame = freeze_frame(frame_entries(SIZES), path)
        commitment = commit_sample(
            "R1",
            frame,
            SAMPLE_SIZES,
            [NONCE],
            beacon_source=BEACON_SOURCE,
            dice_source="twenty ten-sided dice",
            random_arm_share=0.5,
        )
        seed = reveal_seed(commitment, [NONCE], beacon, DICE)
        log = log_lines({"action": "open_round", "details": {}}, commit_entry(commitment), reveal_entry("R1", seed))
        return {
            COMMITMENT_MEMBER: commitment.to_json(),
            FRAME_MEMBER: path.read_bytes(),
            SOURCES_MEMBER: sources_json([NONCE], beacon, DICE, seed),
            SAMPLE_MEMBER: b"".join(sample_csv(sample_rows(commitment, seed, path, released))),
            LOG_MEMBER: log,
        }
