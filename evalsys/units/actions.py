"""Writing areas and units."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.units.models import Area, Unit


def save_areas(session: Session, rows: list[dict]) -> None:
    """Add or update areas; parents come before their children in any order of ``rows``."""
    known = set(session.scalars(select(Area.code)))
    order = {"city": 0, "county": 1, "township": 2}
    values = [
        {
            "code": row["code"],
            "name_zh": row["name"]["zh"],
            "name_en": row["name"]["en"],
            "level": row["level"],
            "parent_code": row["parent"] or None,
        }
        for row in sorted(rows, key=lambda row: order[row["level"]])
    ]
    _write(session, Area, "code", known, values)


def save_units(session: Session, units: list[dict], stations: list[dict]) -> None:
    """Add or update units and the stations under them."""
    known = set(session.scalars(select(Unit.code)))
    values = [
        {
            "code": row["code"],
            "name_zh": row["name"]["zh"],
            "name_en": row["name"]["en"],
            "level": row["level"],
            "category": row["category"],
            "is_key": row["is_key"],
            "area_code": row["area"] or None,
        }
        for row in units
    ]
    _write(session, Unit, "code", known, values)
    unit_by_code = {unit.code: unit for unit in session.scalars(select(Unit))}
    for row in units:
        if row["parent"]:
            unit_by_code[row["code"]].parent_id = unit_by_code[row["parent"]].id
    session.flush()
    below = [
        {
            "code": row["code"],
            "name_zh": row["name"]["zh"],
            "name_en": row["name"]["en"],
            "level": "station",
            "category": unit_by_code[row["unit"]].category,
            "is_key": False,
            "area_code": row["area"] or None,
            "parent_id": unit_by_code[row["unit"]].id,
        }
        for row in stations
    ]
    _write(session, Unit, "code", known, below)
    session.expire_all()


def _write(session: Session, model: type, key: str, known: set[str], values: list[dict]) -> None:
    """Insert the new rows and update the known ones, each in one statement."""
    new = [row for row in values if row[key] not in known]
    if new:
        session.execute(insert(model), new)
    for row in values:
        if row[key] in known:
            column = getattr(model, key)
            session.execute(
                update(model).where(column == row[key]).values({k: v for k, v in row.items() if k != key}),
                execution_options={"synchronize_session": False},
            )


def update_unit(
    session: Session, clock: Clock, unit: Unit, *, actor: str, name_zh: str, name_en: str, category: str, is_key: bool
) -> None:
    """Change a unit in the register; rounds that were made before keep what they had."""
    unit.name_zh, unit.name_en, unit.category, unit.is_key = name_zh, name_en, category, is_key
    record_act(session, clock, "system", actor, "unit changed", unit=unit.code, category=category, is_key=is_key)
