"""The draw that anyone can repeat: tickets from the seed, cases in ticket order, the first n_h are the sample.

Source: design rule 'The draw anyone can repeat'. The names of the earlier steps (frame lines, commitment, seed) are
offered here too, so that a draw can be read from one module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from surveys.errors import DrawError
from surveys.sampling.commitment import Commitment, combine_nonces, commit_sample, derive_seed, reveal_seed
from surveys.sampling.external_sort import CHUNK_LINES, ExternalSorter
from surveys.sampling.frozen_frame import FrameLines, FrozenFrame, frame_line, freeze_frame, summarize_frame
from surveys.sampling.identifiers import SEED, labelled_ticket, require_hex64

__all__ = [
    "Commitment",
    "DrawnCase",
    "FrozenFrame",
    "combine_nonces",
    "commit_sample",
    "derive_seed",
    "draw",
    "draw_order",
    "frame_line",
    "freeze_frame",
    "reveal_seed",
    "summarize_frame",
    "ticket",
]

_HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class DrawnCase:
    """One case in the order of its stratum: ``rank`` counts from 1, ``in_sample`` is false for the reserve."""

    stratum: str
    rank: int
    cid: str
    ticket: str
    in_sample: bool


def ticket(seed_hex: str, stratum: str, cid: str) -> str:
    """Return ``SHA256("evalsys-ticket-v1\\n" + seed + "\\n" + stratum + "\\n" + cid)`` in hex."""
    return labelled_ticket(seed_hex, "ticket", stratum, cid)


def draw_order(seed_hex: str, stratum: str, cids: Iterable[str]) -> list[tuple[str, str]]:
    """Return ``(ticket, cid)`` of a stratum's cases by ticket, then cid: the order of the draw. n = 0 gives []."""
    return sorted((ticket(seed_hex, stratum, cid), cid) for cid in cids)


def draw(
    lines: Iterable[str | bytes],
    commitment: Commitment,
    seed_hex: str,
    *,
    chunk_lines: int = CHUNK_LINES,
    directory: Path | None = None,
) -> Iterator[DrawnCase]:
    """Yield every case of the frame, stratum by stratum in the order of the draw, in bounded memory.

    The order in which the lines come does not matter. The first n_h cases of a stratum are the sample, the rest the
    reserve. Nothing is yielded before the whole frame has been found to be the committed one.

    Parameters
    ----------
    lines
        Frame lines ``stratum|cid``, e.g. the open frame file.
    commitment, seed_hex
        What was committed, and the seed by `reveal_seed`.
    chunk_lines, directory
        Lines held in memory per sort, and where sorted runs are kept meanwhile.

    Raises
    ------
    DrawError
        The frame's root or counts differ from the commitment (``code`` "frame_changed"), or a line is refused as by
        `FrameLines`.
    """
    require_hex64(SEED, seed_hex)
    with ExternalSorter(chunk_lines=chunk_lines, directory=directory) as tickets:
        frame = FrameLines(lines, chunk_lines=chunk_lines, directory=directory)
        for stratum, cid in frame:
            tickets.add(f"{stratum}|{ticket(seed_hex, stratum, cid)}|{cid}".encode())
        _require_committed(frame.frozen(), commitment)
        yield from _ranked(tickets.sorted_lines(), commitment)


def _require_committed(frame: FrozenFrame, commitment: Commitment) -> None:
    if frame.root != commitment.frame_root:
        raise DrawError(
            "The frame of round %(round)s has root %(root)s, but %(frame_root)s was committed; it was changed after "
            "the commitment, and nothing is drawn from it.",
            code="frame_changed",
            round=commitment.round_id,
            root=frame.root,
            frame_root=commitment.frame_root,
        )
    if dict(frame.counts_by_stratum) != dict(commitment.frame_counts):
        raise DrawError(
            "The frame of round %(round)s has other counts per stratum than were committed.",
            code="frame_changed",
            round=commitment.round_id,
        )


def _ranked(lines: Iterator[bytes], commitment: Commitment) -> Iterator[DrawnCase]:
    current, rank, size = "", 0, 0
    for line in lines:
        text = line.decode("utf-8")
        stratum = text[: -2 * _HASH_LENGTH - 2]
        if stratum != current:
            current, rank, size = stratum, 0, commitment.sample_sizes[stratum]
        rank += 1
        yield DrawnCase(
            stratum=stratum,
            rank=rank,
            cid=text[-_HASH_LENGTH:],
            ticket=text[-2 * _HASH_LENGTH - 1 : -_HASH_LENGTH - 1],
            in_sample=rank <= size,
        )
