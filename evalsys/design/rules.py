"""A configuration document as the typed rules that fieldwork follows."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from evalsys.design.models import Configuration
from surveys.instrument import Questionnaire

_questionnaires: dict[str, Questionnaire] = {}


def questionnaire_of(configuration: Configuration) -> Questionnaire:
    """The questionnaire of a configuration version; read once per version and process."""
    if configuration.sha256 not in _questionnaires:
        _questionnaires[configuration.sha256] = Questionnaire.from_configuration(configuration.content)
    return _questionnaires[configuration.sha256]


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
