"""One clock for web, workers and simulator: the real one, which is the database's where machines share one, or a virtual one that
processes of one machine share.

A virtual clock is a small file that holds microseconds since the epoch; whoever conducts the rehearsal sets it, everybody else reads
it through a memory map, which costs no system call.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

log = structlog.get_logger()
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


class SteadyClock:
    """The time of one authority, carried on by this machine's counter and compared every minute; it never goes backwards.

    So machines that share a database share its time, and one whose own clock is an hour off neither takes the calls of the others for
    lost nor lets anything expire early. While the authority does not answer, the counter goes on alone.

    ask : the authority's time; may raise, but not when asked for the first time. count : seconds that only ever grow.
    """

    EVERY_SECONDS = 60.0

    def __init__(self, ask: Callable[[], datetime], count: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._count = ask, count
        self._known: tuple[datetime, float] | None = None
        self._asked = self._count()
        self._last = EPOCH

    def now(self) -> datetime:
        if self._known is None or self._count() - self._asked >= self.EVERY_SECONDS:
            self._compare()
        told, counted = self._known
        self._last = max(self._last, told + timedelta(seconds=self._count() - counted))
        return self._last

    def _compare(self) -> None:
        self._asked = before = self._count()
        try:
            told = self._ask()
        except Exception:
            if self._known is None:
                raise
            log.warning("the database does not tell the time; going on by this machine's counter")
            return
        # It was told half-way between asking and hearing.
        self._known = told.astimezone(UTC), (before + self._count()) / 2


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


def clock_from(setting: str, authority: Callable[[], datetime] | None = None) -> Clock:
    """The clock that ``EVALSYS_CLOCK`` names: ``system`` (that of ``authority``, where machines share one) or ``virtual:PATH``."""
    if setting == "system":
        return SteadyClock(authority) if authority else SystemClock()
    kind, _, path = setting.partition(":")
    if kind == "virtual" and path:
        return VirtualClock(path)
    raise ValueError(f"EVALSYS_CLOCK is {setting!r}; write 'system' or 'virtual:PATH'.")


def local(at: datetime, timezone: str = "Asia/Shanghai") -> datetime:
    """``at`` in the programme's time zone."""
    return at.astimezone(ZoneInfo(timezone))
