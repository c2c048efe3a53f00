"""What single cells of an XLSForm say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from evalsys.design.programme_layout import QUESTIONNAIRE
from evalsys.design.programme_schema import Fields, ListOf, Optional
from evalsys.design.xlsform_sheets import LABELS, TYPES
from surveys.instrument import LANGUAGES

Row = Mapping[str, str]
_LABEL = re.compile(r"label\s*::.*\((zh|en)[\w-]*\)", re.IGNORECASE)


def column_of(name: str) -> str:
    """A label's column by its language, however the form spells it."""
    found = _LABEL.fullmatch(name)
    return LABELS[found[1].lower()] if found else name


def scale_of(row: Row) -> str:
    """The list of choices that a type names; empty where it names none."""
    parts = row["type"].split()
    return parts[-1] if len(parts) > 1 else ""


def kind_of(row: Row) -> str:
    """The kind of a question of which nobody says more than its type."""
    name = row["type"].split()[0]
    known = {how.split()[0]: kind for kind, how in TYPES.items() if kind != "scale"}
    return "number" if name == "decimal" else known.get(name, "yes_no")


def recording_of(row: Row) -> dict[str, Any]:
    """The recording as a setting of the question; none where the row names none."""
    recording = {language: row.get(f"recording_{language}", "") for language in LANGUAGES}
    return {"recording": recording} if any(recording.values()) else {}


def place_of(row: Row, column: str, at: int) -> tuple[int, int]:
    """By what rows are brought into the order of their own list: the place that is stated, then where they stand."""
    place = row.get(column, "")
    return (int(place) if place.isdigit() and len(place) < 6 else 0, at)


def read_json(text: str) -> Any:
    """What a cell says as JSON, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def is_json(value: str, key: str) -> bool:
    """Whether the value of a key of the questionnaire is to be read as JSON: a number, yes or no, a table or a list."""
    kind = QUESTIONNAIRE.fields[key]
    kind = kind.kind if isinstance(kind, Optional) else kind
    return isinstance(kind, Fields | ListOf) or type(kind).__name__ in ("Number", "YesNo") and bool(value)
