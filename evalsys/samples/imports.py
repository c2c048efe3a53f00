"""Taking in files of service records: every bad line is named at once, and what cannot be drawn is set aside with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadLines, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.samples.models import FrameImport, ServiceRecord, StaffNumber
from evalsys.samples.numbers import classify_number
from evalsys.samples.retention import plan_purge
from evalsys.units.import_rows import RowProblem, Table, read_table
from evalsys.units.queries import list_counties, map_stations
from evalsys.units.spreadsheets import N_

#: what a column may be called → what it is; the first column of a kind wins
COLUMNS = {
    "record_no": ("业务流水号", "流水号", "record_no", "record number"),
    "unit": ("单位代码", "unit", "unit_code"),
    "station": ("站所代码", "station", "station_code"),
    "group": ("服务对象类型", "group", "record_type"),
    "phone": ("手机号", "联系电话", "phone"),
    "served_on": ("办理日期", "served_on", "date"),
    "matter": ("事项", "matter"),
    "county": ("区县代码", "county", "county_code"),
}
REQUIRED = ("record_no", "unit", "group", "phone", "served_on", "county")
SENTENCES = {
    "missing": N_("is missing"),
    "unknown-unit": N_("is not a unit of this round"),
    "unknown-station": N_("is not a station of this unit"),
    "unknown-group": N_("is not a kind of service user in this programme"),
    "unknown-county": N_("is not a county in the register"),
    "bad-date": N_("is not a day; write it as YYYY-MM-DD"),
    "repeated-number": N_("is the number of an earlier line or record too"),
}
CONTACTS = "contacts"
PERSON = "person"
_CHUNK = 5000


@dataclass(frozen=True)
class ImportReport:
    """What an import found: lines read, records stored, bad lines left out, and how many were set aside by which reason."""

    file: str
    encoding: str
    lines: int
    imported: int
    refused: int
    set_aside: Mapping[str, int]
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(frozen=True)
class _Register:
    """What a line is checked against."""

    units: frozenset[str]
    stations: Mapping[str, str]
    counties: frozenset[str]
    groups: Mapping[str, str]


def import_service_records(
    session: Session, runtime: Runtime, round_: Round, path: Path, *, actor: str, accept_good: bool = False
) -> ImportReport:
    """Store the service records of a CSV or XLSX file.

    Raises
    ------
    BadLines
        Some lines cannot be read; all are listed, nothing was imported. With ``accept_good`` the others are.
    Refused
        The round's frame is committed already, or this very file was imported before.
    """
    if round_.state != "draft":
        raise refuse_frame_change(runtime, round_, actor, path.name)
    table = read_table(path)
    sha256 = hash_file(path)
    if session.scalar(select(FrameImport.id).where(FrameImport.round_id == round_.id, FrameImport.sha256 == sha256)):
        raise Refused("The file %(file)s was imported into this round before.", file=path.name)
    taken = FrameImport(
        round_id=round_.id,
        file_name=path.name,
        sha256=sha256,
        encoding=table.encoding,
        lines=0,
        imported=0,
        refused=0,
        imported_at=runtime.clock.now(),
        imported_by=actor,
    )
    session.add(taken)
    session.flush()
    report = _store_rows(session, runtime, round_, table, taken, path.name)
    if report.problems and not accept_good:
        raise BadLines(
            "%(count)d lines of %(file)s cannot be read; nothing was imported. Correct them, or accept the good lines.",
            report.problems,
            count=report.refused,
            file=path.name,
        )
    taken.lines, taken.imported, taken.refused = report.lines, report.imported, report.refused
    plan_purge(session, runtime, round_)
    record_act(
        session,
        runtime.clock,
        round_.code,
        actor,
        "records imported",
        file=path.name,
        sha256=sha256,
        imported=report.imported,
        refused=report.refused,
    )
    return report


def refuse_frame_change(runtime: Runtime, round_: Round, actor: str, what: str) -> Refused:
    """The refusal of a change after the commitment; it leaves an entry in the round's audit trail."""
    code = round_.code
    error = Refused(
        "The frame of round %(code)s was committed at %(at)s; no record can be added or changed after that.",
        code=code,
        at=str(round_.committed_at),
    )
    error.afterwards = lambda session: record_act(
        session, runtime.clock, code, actor, "frame change refused", what=what
    )
    return error


def import_staff_numbers(session: Session, runtime: Runtime, path: Path, *, actor: str) -> int:
    """Remember the numbers of units' own staff (a table with a column ``phone`` or 手机号); how many are new."""
    table = read_table(path)
    column = _find_column(table.header, "phone")
    if column is None:
        raise BadLines("The file %(file)s has no column 手机号 / phone.", [], file=path.name)
    known = set(session.scalars(select(StaffNumber.number_index)))
    numbers = {classify_number(row[column])[0] for _, row in table.rows} - {""}
    new = {runtime.keyring.blind_index(PERSON, number) for number in numbers} - known
    if new:
        session.execute(insert(StaffNumber), [{"number_index": index} for index in sorted(new)])
    record_act(session, runtime.clock, "system", actor, "staff numbers imported", file=path.name, new=len(new))
    return len(new)


def _store_rows(
    session: Session, runtime: Runtime, round_: Round, table: Table, taken: FrameImport, name: str
) -> ImportReport:
    columns = {kind: _find_column(table.header, kind) for kind in COLUMNS}
    missing = [COLUMNS[kind][0] for kind in REQUIRED if columns[kind] is None]
    if missing:
        raise BadLines("The file %(file)s lacks the columns %(names)s.", [], file=name, names=", ".join(missing))
    register = _read_register(session, round_)
    seen = set(session.scalars(select(ServiceRecord.record_no).where(ServiceRecord.round_id == round_.id)))
    problems: list[RowProblem] = []
    lines = imported = refused = 0
    set_aside: dict[str, int] = {}
    batch: list[dict] = []
    for line, row in table.rows:
        lines += 1
        cells = {kind: row[column] if column else "" for kind, column in columns.items()}
        found = list(_find_problems(line, cells, columns, register, seen))
        if found:
            problems += found
            refused += 1
            continue
        seen.add(cells["record_no"])
        record = _make_record(runtime, round_.id, taken.id, cells, register)
        if record["exclusion"]:
            set_aside[record["exclusion"]] = set_aside.get(record["exclusion"], 0) + 1
        batch.append(record)
        imported += 1
        if len(batch) == _CHUNK:
            session.execute(insert(ServiceRecord), batch)
            batch = []
    if batch:
        session.execute(insert(ServiceRecord), batch)
    problems += table.problems
    return ImportReport(name, table.encoding, lines, imported, refused, set_aside, problems)


def _read_register(session: Session, round_: Round) -> _Register:
    groups = round_.configuration.content["groups"]
    return _Register(
        units=frozenset(unit.code for unit in round_.units),
        stations=map_stations(session),
        counties=frozenset(area.code for area in list_counties(session)),
        groups={name: group["code"] for group in groups for name in (*group["record_types"], group["code"])},
    )


def _find_problems(
    line: int, cells: Mapping[str, str], columns: Mapping[str, str | None], register: _Register, seen: set[str]
) -> Iterator[RowProblem]:
    def problem(kind: str, key: str) -> RowProblem:
        return RowProblem(line, columns[kind] or kind, cells[kind][:80], key)

    for kind in ("record_no", "unit", "group", "county"):
        if not cells[kind]:
            yield problem(kind, "missing")
    if cells["record_no"] in seen:
        yield problem("record_no", "repeated-number")
    if cells["unit"] and cells["unit"] not in register.units:
        yield problem("unit", "unknown-unit")
    if cells["station"] and register.stations.get(cells["station"]) != cells["unit"]:
        yield problem("station", "unknown-station")
    if cells["group"] and cells["group"] not in register.groups:
        yield problem("group", "unknown-group")
    if cells["county"] and cells["county"] not in register.counties:
        yield problem("county", "unknown-county")
    if cells["served_on"] and _read_day(cells["served_on"]) is None:
        yield problem("served_on", "bad-date")


def _make_record(
    runtime: Runtime, round_id: int, import_id: int, cells: Mapping[str, str], register: _Register
) -> dict:
    number, exclusion = classify_number(cells["phone"])
    place = f"service_record:phone:{round_id}:{cells['record_no']}"
    return {
        "round_id": round_id,
        "import_id": import_id,
        "record_no": cells["record_no"],
        "unit_code": cells["unit"],
        "station_code": cells["station"],
        "group": register.groups[cells["group"]],
        "county": cells["county"],
        "served_on": _read_day(cells["served_on"]) if cells["served_on"] else None,
        "matter": cells["matter"][:120],
        "phone_cipher": runtime.keyring.encrypt(CONTACTS, number.encode(), place) if not exclusion else None,
        "person_index": runtime.keyring.blind_index(PERSON, number) if number else "",
        "exclusion": exclusion,
        "cid": "",
        "stratum": "",
        "seal": "",
    }


def read_phone(runtime: Runtime, record: ServiceRecord) -> str:
    """The number of a record, for the one gateway that is about to call it."""
    place = f"service_record:phone:{record.round_id}:{record.record_no}"
    return runtime.keyring.decrypt(CONTACTS, record.phone_cipher, place).decode()


def _read_day(text: str) -> date | None:
    digits = text.split(" ")[0].translate(str.maketrans("/.年月", "----")).rstrip("日")
    try:
        year, month, day = (int(part) for part in digits.split("-")) if "-" in digits else _compact(digits)
        return date(year, month, day)
    except ValueError:
        return None


def _compact(digits: str) -> tuple[int, int, int]:
    if len(digits) != 8 or not digits.isdigit():
        raise ValueError(digits)
    return int(digits[:4]), int(digits[4:6]), int(digits[6:])


def _find_column(header: Iterable[str], kind: str) -> str | None:
    return next((name for name in header if name.strip().lower() in COLUMNS[kind]), None)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
