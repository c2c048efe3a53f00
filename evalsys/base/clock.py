"""One clock for web, workers and simulator: the real one, or a virtual one that processes of one machine share.

A virtual clock is a small file that holds microseconds since the epoch; whoever conducts the rehearsal sets it, everybody else reads
it through a memory map, which costs no system call.
"""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CELL = struct.Struct("<q")


class Clock(Protocol):
    """What every entry point passes to its action."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move: for tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class VirtualClock:
    """A clock in a file, shared by every process that opens the same path; it never goes backwards."""

    def __init__(self, path: str | Path, *, start: datetime | None = None) -> None:
        self.path = Path(path)
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(_CELL.pack(_microseconds(start or datetime.now(UTC))))
        with self.path.open("r+b") as file:
            self._cell = mmap.mmap(file.fileno(), _CELL.size)

    def now(self) -> datetime:
        return EPOCH + timedelta(microseconds=_CELL.unpack_from(self._cell)[0])

    def set(self, at: datetime) -> None:
        """Move to ``at``; an earlier time than now is ignored, so that no reader sees time run back."""
        if at > self.now():
            _CELL.pack_into(self._cell, 0, _microseconds(at))


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def clock_from(setting: str) -> Clock:
    """The clock that ``EVALSYS_CLOCK`` names: ``system`` or ``virtual:PATH``."""
    if setting == "system":
        return SystemClock()
    kind, _, path = setting.partition(":")
    if kind == "virtual" and path:
        return VirtualClock(path)
    raise ValueError(f"EVALSYS_CLOCK is {setting!r}; write 'system' or 'virtual:PATH'.")


def local(at: datetime, timezone: str = "Asia/Shanghai") -> datetime:
    """``at`` in the programme's time zone."""
    return at.astimezone(ZoneInfo(timezone))
