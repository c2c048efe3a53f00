"""Freeze and draw ten million records once; print time and peak memory: python tests/load/draw_10m.py [LINES]."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from surveys.sampling.draw import commit_sample, draw, freeze_frame, reveal_seed
from surveys.sampling.identifiers import case_identifier

STRATA = 5_000
ROUND_KEY = bytes(range(32))
NONCE = "ab" * 32


def service_entries(count: int) -> Iterator[tuple[str, str]]:
    """Yield made-up frame entries, spread over the strata."""
    for number in range(count):
        yield f"U{number % STRATA:04d}/individuals/370102", case_identifier(ROUND_KEY, f"SR-2025-{number:08d}")


def report(step: str, started: float) -> None:
    """Print a step's wall time and the peak resident memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:<28} {time.perf_counter() - started:8.1f} s   peak {peak:7.1f} MiB", flush=True)


def main(count: int) -> None:
    """Freeze, commit and draw ``count`` records."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.txt"
        started = time.perf_counter()
        frame = freeze_frame(service_entries(count), path)
        report(f"freeze {count:,} records", started)
        sizes = {stratum: min(40, size) for stratum, size in frame.counts_by_stratum.items()}
        commitment = commit_sample("load", frame, sizes, [NONCE], beacon_source="", dice_source="twenty dice")
        seed = reveal_seed(commitment, [NONCE], "", "63454660390103169462")
        started = time.perf_counter()
        with path.open("rb") as lines:
            in_sample = sum(case.in_sample for case in draw(lines, commitment, seed))
        report(f"draw {in_sample:,} of {frame.size:,}", started)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
