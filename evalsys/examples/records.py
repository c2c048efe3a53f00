"""Service records as departments hand them in, with the faults of real ones; the same seed writes the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from evalsys.design.programme_files import ProgrammeFiles
from evalsys.examples.people import People

HEADER = ("业务流水号", "单位代码", "站所代码", "服务对象类型", "手机号", "办理日期", "事项", "区县代码")
STAFF_HEADER = ("单位代码", "手机号")
MATTERS = ("证照办理", "信息咨询", "费用缴纳", "投诉举报", "现场检查", "资格审核", "补贴申领", "报修报装")
ENTERPRISE_SHARE = 0.27
SHARED_SHARE = 0.03

FAULT_SHARES = {
    "": 0.868,
    "spaced": 0.02,
    "dashed": 0.015,
    "plus86": 0.02,
    "double0086": 0.01,
    "landline": 0.015,
    "too_short": 0.008,
    "too_long": 0.004,
    "wrong_start": 0.005,
    "foreign": 0.004,
    "staff": 0.006,
    "empty": 0.005,
    "no_day": 0.008,
    "early_day": 0.004,
    "repeated": 0.008,
}
"""What is wrong with a record, and how often. With spaces, dashes and prefixes the number can still be dialled."""

Row = tuple[str, ...]


@dataclass(frozen=True)
class RecordFiles:
    """What was written: one file per unit, the list of staff numbers, and how many records there are."""

    records: tuple[Path, ...]
    staff: Path
    count: int


def generate_records(
    files: ProgrammeFiles,
    folder: str | Path,
    *,
    round_kind: str,
    seed: int,
    units: Sequence[str] | None = None,
    per_unit: int = 3000,
    on_unit: Callable[[str], None] = lambda code: None,
) -> RecordFiles:
    """Write a file of about ``per_unit`` records for each unit (all of them by default) and one list of staff numbers.

    The first unit's file is UTF-8 with BOM, the second GBK, the third XLSX, the others UTF-8. A unit's records depend
    on the seed, the round and the unit only, not on which other units are asked for.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    codes = [unit["code"] for unit in files.units]
    wanted = list(units) if units is not None else codes
    people = People(seed, len(codes), pool_size=max(1, per_unit * 3 // 2))
    period = _period(files, round_kind)
    written, count = [], 0
    for place, code in enumerate(wanted):
        number = codes.index(code)
        generator = np.random.default_rng([seed, number, 0 if round_kind == "mid_year" else 1])
        rows = list(_rows(files, code, number, people, period, per_unit, generator))
        written.append(_write(folder, code, rows, place))
        count += len(rows)
        on_unit(code)
    staff = folder / "staff.csv"
    with staff.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(STAFF_HEADER)
        for code in wanted:
            number = codes.index(code)
            writer.writerows((code, str(phone)) for phone in people.phones(people.staff(number)).tolist())
    return RecordFiles(tuple(written), staff, count)


def _period(files: ProgrammeFiles, round_kind: str) -> tuple[date, int]:
    fielding = next(member for member in files.configuration["rounds"] if member["kind"] == round_kind)
    first = date.fromisoformat(fielding["period_from"])
    return first, (date.fromisoformat(fielding["period_until"]) - first).days + 1


def _rows(
    files: ProgrammeFiles,
    code: str,
    number: int,
    people: People,
    period: tuple[date, int],
    per_unit: int,
    generator: np.random.Generator,
) -> Iterator[Row]:
    """One unit's records: customers in the order of their visits, then the representatives."""
    places = _places(files, code)
    who = people.draw_customers(number, per_unit, SHARED_SHARE, generator)
    # Whether a person comes for a firm, and to which place, is theirs and does not change from visit to visit.
    is_firm = _share_of(who, 1) < ENTERPRISE_SHARE
    place_of = (_share_of(who, 2) * len(places)).astype(int)
    days = np.sort(generator.integers(0, period[1], per_unit))
    dates = [(period[0] + timedelta(days=day)).isoformat() for day in range(period[1])]
    matter_of = generator.integers(0, len(MATTERS), per_unit)
    faults = generator.choice(len(FAULT_SHARES), per_unit, p=list(FAULT_SHARES.values()))
    staff = people.phones(people.staff(number)).tolist()
    names = tuple(FAULT_SHARES)
    columns = zip(
        people.phones(who).tolist(),
        is_firm.tolist(),
        place_of.tolist(),
        days.tolist(),
        matter_of.tolist(),
        faults.tolist(),
        strict=True,
    )
    for index, (phone, firm, place, day, matter, fault) in enumerate(columns, 1):
        station, county = places[place]
        kind = "企业" if firm else "个人"
        row = (f"{code}-{index:06d}", code, station, kind, str(phone), dates[day], MATTERS[matter], county)
        if fault:
            yield from _spoil(row, names[fault], index, staff)
        else:
            yield row
    for index, phone in enumerate(people.phones(people.representatives(number)).tolist(), 1):
        station, county = places[(index * 7) % len(places)]
        yield (f"{code}-R{index:03d}", code, "", "代表", str(phone), dates[-1], "评议代表", county)


def _share_of(people: np.ndarray, trait: int) -> np.ndarray:
    """A number in [0, 1) per person and trait that never changes: the fraction of a multiple of the golden ratio."""
    return (people * 0.6180339887498949 * (2 * trait + 1)) % 1.0


def _places(files: ProgrammeFiles, code: str) -> list[tuple[str, str]]:
    """``(station, county)`` where a unit serves people: its stations, or its county, or every township's county."""
    county_of = {
        area["code"]: area["code"] if area["level"] == "county" else area["parent"]
        for area in files.areas
        if area["level"] != "city"
    }
    stations = [(row["code"], county_of[row["area"]]) for row in files.stations if row["unit"] == code]
    if stations:
        return stations
    area = next(unit["area"] for unit in files.units if unit["code"] == code)
    if area in county_of:
        return [("", county_of[area])]
    return [("", row["parent"]) for row in files.areas if row["level"] == "township"]


def _spoil(row: Row, fault: str, index: int, staff: list[int]) -> Iterator[Row]:
    """The record with one fault; ``repeated`` yields it twice under two numbers, as a careless export does."""
    number, unit, station, kind, phone, day, matter, county = row
    phones = {
        "spaced": f"{phone[:3]} {phone[3:7]} {phone[7:]}",
        "dashed": f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
        "plus86": f"+86{phone}",
        "double0086": f"0086{phone}",
        "landline": f"010-6{phone[-7:]}",
        "too_short": phone[:-1],
        "too_long": phone + phone[-1],
        "wrong_start": "12" + phone[2:],
        "foreign": f"+1202555{index % 100 + 100:04d}",
        "staff": str(staff[index % len(staff)]),
        "empty": "",
    }
    if fault == "no_day":
        day = ""
    elif fault == "early_day":
        day = f"{int(day[:4]) - 3}{day[4:]}" if not day.endswith("-02-29") else f"{int(day[:4]) - 4}{day[4:]}"
    yield (number, unit, station, kind, phones.get(fault, phone), day, matter, county)
    if fault == "repeated":
        yield (f"{number}b", *row[1:])


def _write(folder: Path, code: str, rows: list[Row], place: int) -> Path:
    if place == 2:
        return _write_xlsx(folder / f"{code}.xlsx", rows)
    encoding = {0: "utf-8-sig", 1: "gbk"}.get(place, "utf-8")
    path = folder / f"{code}.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        if place == 1:  # the export that writes Chinese spreadsheet days writes GBK too
            rows = [(*row[:5], row[5].replace("-0", "-").replace("-", "/"), *row[6:]) for row in rows]
        writer.writerows(rows)
    return path


def _write_xlsx(path: Path, rows: list[Row]) -> Path:
    """Days as spreadsheet days, numbers as text."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        sheet = book.add_worksheet("服务记录")
        day_format: Any = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEADER)
        for line, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if column == 5 and value:
                    sheet.write_datetime(line, column, datetime.fromisoformat(value), day_format)
                else:
                    sheet.write_string(line, column, value)
    return path
