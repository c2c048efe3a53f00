"""Taking in hotline orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadLines
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.hotline.models import HotlineOrder
from evalsys.units.import_rows import RowProblem, read_table
from evalsys.units.spreadsheets import N_

COLUMNS = {
    "order_no": ("工单编号", "order_no"),
    "unit": ("承办单位代码", "unit"),
    "received_on": ("受理日期", "received_on"),
    "responded": ("是否按时响应", "responded"),
    "resolved": ("是否解决", "resolved"),
    "satisfied": ("是否满意", "satisfied"),
}
YES_NO: Mapping[str, bool | None] = {"是": True, "yes": True, "1": True, "否": False, "no": False, "0": False, "": None}
SENTENCES = {
    "missing": N_("is missing"),
    "unknown-unit": N_("is not a unit of this round"),
    "bad-date": N_("is not a day; write it as YYYY-MM-DD"),
    "not-yes-no": N_("must be 是 / yes, 否 / no, or empty"),
    "repeated-number": N_("is the number of an earlier line or record too"),
}
_CHUNK = 10_000


def import_orders(
    session: Session, runtime: Runtime, round_: Round, path: Path, *, actor: str, accept_good: bool = False
) -> int:
    """Store the hotline orders of a CSV or XLSX file; how many. Raises ``BadLines`` with every bad line, and stores nothing then.

    Orders of units that the round does not cover are bad lines; with ``accept_good`` all other lines are stored.
    """
    table = read_table(path)
    columns = {kind: next((name for name in names if name in table.header), None) for kind, names in COLUMNS.items()}
    missing = [COLUMNS[kind][0] for kind, name in columns.items() if name is None]
    if missing:
        raise BadLines("The file %(file)s lacks the columns %(names)s.", [], file=path.name, names=", ".join(missing))
    units = {unit.code for unit in round_.units}
    seen = set(session.scalars(select(HotlineOrder.order_no).where(HotlineOrder.round_id == round_.id)))
    problems: list[RowProblem] = []
    batch: list[dict] = []
    stored = 0
    for line, row in table.rows:
        cells = {kind: row[name] for kind, name in columns.items()}
        found = _find_problems(line, cells, columns, units, seen)
        problems += found
        if found:
            continue
        seen.add(cells["order_no"])
        batch.append(_make_order(round_.id, cells))
        stored += 1
        if len(batch) == _CHUNK:
            session.execute(insert(HotlineOrder), batch)
            batch = []
    if batch:
        session.execute(insert(HotlineOrder), batch)
    problems += table.problems
    if problems and not accept_good:
        raise BadLines(
            "%(count)d lines of %(file)s cannot be read; nothing was imported. Correct them, or accept the good lines.",
            problems,
            count=len({problem.line for problem in problems}),
            file=path.name,
        )
    record_act(session, runtime.clock, round_.code, actor, "orders imported", file=path.name, orders=stored)
    return stored


def _find_problems(
    line: int, cells: Mapping[str, str], columns: Mapping[str, str], units: set[str], seen: set[str]
) -> list[RowProblem]:
    def problem(kind: str, key: str) -> RowProblem:
        return RowProblem(line, columns[kind], cells[kind][:80], key)

    found = [problem(kind, "missing") for kind in ("order_no", "unit", "received_on", "responded") if not cells[kind]]
    if cells["order_no"] in seen:
        found.append(problem("order_no", "repeated-number"))
    if cells["unit"] and cells["unit"] not in units:
        found.append(problem("unit", "unknown-unit"))
    found += [
        problem(kind, "not-yes-no")
        for kind in ("responded", "resolved", "satisfied")
        if cells[kind].lower() not in YES_NO
    ]
    try:
        date.fromisoformat(cells["received_on"] or "2000-01-01")
    except ValueError:
        found.append(problem("received_on", "bad-date"))
    return found


def _make_order(round_id: int, cells: Mapping[str, str]) -> dict:
    return {
        "round_id": round_id,
        "order_no": cells["order_no"],
        "unit_code": cells["unit"],
        "received_on": date.fromisoformat(cells["received_on"]),
        **{kind: YES_NO[cells[kind].lower()] for kind in ("responded", "resolved", "satisfied")},
    }
