"""Days of a configuration document as moments in the programme's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def start_of_day(day: str | date, zone: str) -> datetime:
    """Midnight at the start of ``day`` in the programme's time zone."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day, time(), _zone(zone))


def end_of_day(day: str | date, zone: str) -> datetime:
    """Midnight at the end of ``day`` in the programme's time zone."""
    return start_of_day(day, zone) + timedelta(days=1)
