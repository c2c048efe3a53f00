"""Sorting more lines than memory holds: sorted runs on disk, merged as a stream."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

CHUNK_LINES = 250_000
_FAN_IN = 100  # open files in one merge; more runs are merged in several passes


class ExternalSorter:
    """Takes byte lines one by one and gives them back sorted bytewise, ``chunk_lines`` of them in memory at most.

    Use it as a context manager; the runs on disk vanish at its end.

    Parameters
    ----------
    chunk_lines
        Lines held in memory at a time, at least 1; about 100 bytes each for frame lines.
    directory
        Where the runs are written; the system's temporary directory if None.
    """

    def __init__(self, *, chunk_lines: int = CHUNK_LINES, directory: Path | None = None) -> None:
        if chunk_lines < 1:
            raise ValueError("chunk_lines must be at least 1")
        self._chunk_lines = chunk_lines
        self._chunk: list[bytes] = []
        self._runs: list[Path] = []
        self._run_number = 0
        self._folder = tempfile.TemporaryDirectory(prefix="evalsys-sort-", dir=directory)

    def __enter__(self) -> ExternalSorter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def add(self, line: bytes) -> None:
        """Take one line; it must not contain a line feed."""
        self._chunk.append(line)
        if len(self._chunk) >= self._chunk_lines:
            self._write_run(iter(sorted(self._chunk)))
            self._chunk.clear()

    def sorted_lines(self) -> Iterator[bytes]:
        """Yield every line taken so far in bytewise order, duplicates included; call it once."""
        self._chunk.sort()
        while len(self._runs) >= _FAN_IN:
            merged, self._runs = self._runs[:_FAN_IN], self._runs[_FAN_IN:]
            self._write_run(heapq.merge(*map(_read_run, merged)))
            for run in merged:
                run.unlink()
        yield from heapq.merge(*map(_read_run, self._runs), iter(self._chunk))

    def _write_run(self, lines: Iterator[bytes]) -> None:
        self._run_number += 1
        path = Path(self._folder.name) / f"run-{self._run_number}"
        with path.open("wb", buffering=1 << 20) as file:
            file.writelines(line + b"\n" for line in lines)
        self._runs.append(path)


def sorted_lines(
    lines: Iterable[bytes], *, chunk_lines: int = CHUNK_LINES, directory: Path | None = None
) -> Iterator[bytes]:
    """Yield the lines in bytewise order, in bounded memory; the input is read to its end first."""
    with ExternalSorter(chunk_lines=chunk_lines, directory=directory) as sorter:
        for line in lines:
            sorter.add(line)
        yield from sorter.sorted_lines()


def _read_run(path: Path) -> Iterator[bytes]:
    # Lines are compared without their line feed: a byte below 0x0a would otherwise sort after the end of a shorter
    # line.
    with path.open("rb", buffering=1 << 18) as file:
        for line in file:
            yield line[:-1]
