"""Hotline orders (12345) as the hotline's centre exports them: one line per order handed to a unit."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from evalsys.design.programme_files import ProgrammeFiles

ORDER_HEADER = ("工单编号", "承办单位代码", "受理日期", "是否按时响应", "是否解决", "是否满意")
SMALLEST = 3
UNREACHED_SHARE = 0.35


def generate_orders(
    files: ProgrammeFiles,
    path: str | Path,
    *,
    round_kind: str,
    seed: int,
    units: Sequence[str] | None = None,
    per_unit: int = 400,
) -> int:
    """Write a CSV of about ``per_unit`` orders per unit and say how many (sizes differ much: some have a handful).

    Whether a matter was resolved and whether the caller is satisfied is blank where nobody was reached when calling
    back.
    """
    codes = [unit["code"] for unit in files.units]
    fielding = next(member for member in files.configuration["rounds"] if member["kind"] == round_kind)
    first = date.fromisoformat(fielding["period_from"])
    span = (date.fromisoformat(fielding["period_until"]) - first).days + 1
    days = [(first + timedelta(days=day)).isoformat() for day in range(span)]
    count = 0
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(ORDER_HEADER)
        for code in units if units is not None else codes:
            generator = np.random.default_rng([seed, codes.index(code), 2 if round_kind == "mid_year" else 3])
            rows = _rows(code, days, per_unit, generator)
            writer.writerows(rows)
            count += len(rows)
    return count


def _rows(code: str, days: list[str], per_unit: int, generator: np.random.Generator) -> list[tuple[str, ...]]:
    size = max(SMALLEST, int(per_unit * generator.lognormal(-0.5, 1.0)))
    rates = generator.uniform((0.85, 0.6, 0.55), (1.0, 0.97, 0.95))
    responded, resolved, satisfied = (generator.random((3, size)) < rates[:, None]).tolist()
    reached = (generator.random(size) >= UNREACHED_SHARE).tolist()
    received = np.sort(generator.integers(0, len(days), size)).tolist()
    return [
        (
            f"H{code}{index:07d}",
            code,
            days[received[index]],
            _say(responded[index]),
            _say(resolved[index]) if reached[index] else "",
            _say(satisfied[index]) if reached[index] else "",
        )
        for index in range(size)
    ]


def _say(answer: bool) -> str:
    return "是" if answer else "否"
