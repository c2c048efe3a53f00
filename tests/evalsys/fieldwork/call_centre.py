"""A round whose telephone is worked by a call centre, and the files that go to and fro."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from evalsys.fieldwork.call_results import ResultReport, import_results
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.work_list_files import write_work_list
from evalsys.fieldwork.worklists import WorkList, make_work_list
from tests.evalsys.installation import Installation, copy_of, make_open

QUESTIONS = ("Q0", "I1", "I2", "I3", "I4", "I5", "I6", "A1", "A2", "A3", "P1")
HEADER = ("编号", "结果", "拨打时间", "通话秒数", "访问员编号", "不再联系", *QUESTIONS)
#: everything answered
COMPLETE = {
    "结果": "完成",
    "Q0": "1",
    **{f"I{n}": "2" for n in range(1, 7)},
    "A1": "1",
    "A2": "1",
    "A3": "1",
    "P1": "2",
}


def make_exchange(home: Path, **fieldwork: Any) -> Installation:
    """An open round by telephone only, whose installation exchanges files."""
    return exchanging(make_open(home, mode_sequence=["phone"], random_arm_share=0.0, **fieldwork))


def exchanging(place: Installation) -> Installation:
    """The same installation under EVALSYS_TELEPHONE=files."""
    place.runtime.settings = replace(place.runtime.settings, telephone="files")
    return place


def copy_of_exchange(place: Installation, home: Path) -> Installation:
    """One for a test to change."""
    return exchanging(copy_of(place, home))


def take_list(place: Installation, limit: int | None = None) -> WorkList:
    """A work list, and half an hour that goes by."""
    work = place.on_round(make_work_list, actor="chair", limit=limit)
    place.clock.advance(timedelta(minutes=30))
    return work


def read_list(place: Installation, work: WorkList) -> list[dict[str, str]]:
    """The list as the call centre reads it in its CSV file."""
    content = place.on_round(lambda s, r, round_: write_work_list(work, rules_of(round_.configuration), ".csv"))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def result(place: Installation, code: str, **cells: str) -> dict[str, str]:
    """A line about ``code``: called a minute ago, nothing else said than ``cells``."""
    at = (place.clock.at - timedelta(minutes=1)).astimezone(
        place.on_round(lambda s, r, round_: rules_of(round_.configuration).hours.zone)
    )
    return {"编号": code, "拨打时间": f"{at:%Y-%m-%d %H:%M:%S}", "访问员编号": "A17", **cells}


def write_results(path: Path, lines: Iterable[Mapping[str, str]], header: Iterable[str] = HEADER) -> Path:
    """A file of results."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, tuple(header), restval="")
        writer.writeheader()
        writer.writerows(lines)
    return path


def take_results(place: Installation, lines: Iterable[Mapping[str, str]], name: str = "r.csv", **how) -> ResultReport:
    """Write the lines to a file, with columns for questions of a round's own, and import it."""
    lines = list(lines)
    own = dict.fromkeys(column for line in lines for column in line if column not in HEADER)
    path = write_results(place.home / name, lines, (*HEADER, *own))
    try:
        return place.on_round(import_results, path=path, actor="chair", **how)
    finally:
        path.unlink()
