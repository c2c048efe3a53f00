"""When a call may ring: windows of the day, holidays, and the time slots that tries rotate through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from surveys.errors import FieldworkError, Phrase

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))


def _clock(text: str | time, where: Phrase | str) -> time:
    if isinstance(text, time):
        return text
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise FieldworkError(
            "%(where)s: %(value)r is not a time of day; write it as HH:MM.", code="time-of-day", where=where, value=text
        ) from None


def _weekdays(names: Sequence[str], where: Phrase | str) -> frozenset[int]:
    for name in names:
        if name not in DAYS:
            raise FieldworkError(
                "%(where)s: %(value)r is not a weekday; use %(known)s.",
                code="weekday",
                where=where,
                value=name,
                known=", ".join(DAYS),
            )
    return frozenset(DAYS.index(name) for name in names)


@dataclass(frozen=True)
class Window:
    """A stretch of the day, from ``start`` up to but not including ``end``, on weekdays 0 (Monday) to 6."""

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise FieldworkError(
                "A calling window from %(start)s to %(end)s is empty; it must end after it starts, on one day.",
                code="window-empty",
                start=f"{self.start:%H:%M}",
                end=f"{self.end:%H:%M}",
            )

    def covers(self, local: datetime) -> bool:
        """Whether the local time lies inside."""
        return local.weekday() in self.days and self.start <= local.time() < self.end


@dataclass(frozen=True)
class Slot:
    """A named part of the week that tries rotate through, such as weekday evenings."""

    code: str
    window: Window


@dataclass(frozen=True)
class Opening:
    """A stretch in which calls may ring and which lies in one slot (``""`` where the configuration names none)."""

    start: datetime
    end: datetime
    slot: str


@dataclass(frozen=True)
class CallingHours:
    """The hours of a programme in its own time zone. No call rings on a holiday.

    Times passed in carry a zone of their own.
    """

    windows: tuple[Window, ...]
    zone: tzinfo
    holidays: frozenset[date] = frozenset()
    slots: tuple[Slot, ...] = ()

    @classmethod
    def from_configuration(cls, fieldwork: Mapping, zone: str | tzinfo) -> CallingHours:
        """Read ``calling_hours``, ``slots`` and ``holidays`` of the configuration's fieldwork part.

        Raises ``FieldworkError`` that names the entry, where a time, day or date cannot be read or no calling hours are
        given.
        """
        windows = tuple(
            _read_window(entry, f"calling_hours {number}") for number, entry in enumerate(fieldwork["calling_hours"], 1)
        )
        if not windows:
            raise FieldworkError("There are no calling hours; give at least one window.", code="no-calling-hours")
        slots = tuple(
            Slot(entry["code"], _read_window(entry, Phrase("slot %(slot)s", slot=entry["code"])))
            for entry in fieldwork.get("slots", ())
        )
        holidays = _read_days(fieldwork.get("holidays", ()))
        return cls(windows, ZoneInfo(zone) if isinstance(zone, str) else zone, holidays, slots)

    @classmethod
    def by_county(cls, fieldwork: Mapping, zone: str | tzinfo) -> dict[str, CallingHours]:
        """Read ``area_hours``: the hours of each county that has its own, with its holidays besides those of the programme."""
        general = cls.from_configuration(fieldwork, zone)
        return {
            area["county"]: replace(
                cls.from_configuration({**fieldwork, **area}, zone),
                holidays=general.holidays | _read_days(area.get("holidays", ())),
            )
            for area in fieldwork.get("area_hours", ())
        }

    def is_open(self, at: datetime) -> bool:
        """Whether a call may ring at this moment."""
        local = at.astimezone(self.zone)
        return local.date() not in self.holidays and any(window.covers(local) for window in self.windows)

    def slot_of(self, at: datetime) -> str:
        """The slot of a moment by the clock on the wall there; ``""`` outside every slot.

        The first that fits decides.
        """
        local = at.astimezone(self.zone)
        return next((slot.code for slot in self.slots if slot.window.covers(local)), "")

    def openings(self, after: datetime, until: datetime) -> Iterator[Opening]:
        """The stretches between two moments in which calls may ring, in order, cut at the edges of slots.

        Ends before ``until``.
        """
        day = after.astimezone(self.zone).date()
        last = until.astimezone(self.zone).date()
        while day <= last:
            if day not in self.holidays:
                for start, end in self._stretches(day):
                    start, end = max(start, after), min(end, until)
                    if start < end:
                        yield Opening(start.astimezone(self.zone), end.astimezone(self.zone), self.slot_of(start))
            day += timedelta(days=1)

    def next_open(self, at: datetime, until: datetime) -> datetime | None:
        """The first moment from ``at`` on at which a call may ring, before ``until``; ``None`` if there is none."""
        opening = next(self.openings(at, until), None)
        return opening.start if opening else None

    def _stretches(self, day: date) -> list[tuple[datetime, datetime]]:
        weekday, pieces = day.weekday(), []
        edges = {
            edge for slot in self.slots if weekday in slot.window.days for edge in (slot.window.start, slot.window.end)
        }
        for window in self.windows:
            if weekday in window.days:
                cuts = [window.start, *sorted(edge for edge in edges if window.start < edge < window.end), window.end]
                pieces += zip(cuts, cuts[1:], strict=False)
        return [
            (datetime.combine(day, start, self.zone), datetime.combine(day, end, self.zone))
            for start, end in sorted(pieces)
        ]


def _read_days(days: Iterable[str | date]) -> frozenset[date]:
    return frozenset(day if isinstance(day, date) else date.fromisoformat(day) for day in days)


def _read_window(entry: Mapping, where: Phrase | str) -> Window:
    days = _weekdays(entry["days"], where) if entry.get("days") else EVERY_DAY
    return Window(_clock(entry["from"], where), _clock(entry["to"], where), days)
