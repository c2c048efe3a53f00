"""Rows for every table of a database, whatever its tables are, and the content read back for comparison."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Column, Engine, MetaData, Table, select

ROWS = 3
#: tables that are no content: Alembic's own, and what a step down has put aside until the step up (evalsys/base/set_aside.py)
BESIDE = ("alembic_version", "aside_")


def fill_empty_tables(engine: Engine) -> None:
    """Put a few rows into every empty table, parents first, each reference pointing at a row that exists."""
    tables = reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if not table.name.startswith(BESIDE) and connection.execute(select(table).limit(1)).first() is None:
                connection.execute(table.insert(), [make_row(table, number) for number in range(1, ROWS + 1)])


def read_content(engine: Engine, tables: MetaData | None = None) -> dict[str, dict[str, list]]:
    """Table → column → values in the order of the primary key, as ``tables`` or else the database itself describes them."""
    content = {}
    with engine.connect() as connection:
        for table in (tables or reflect(engine)).sorted_tables:
            if not table.name.startswith(BESIDE):
                rows = connection.execute(select(table).order_by(*table.primary_key)).all()
                content[table.name] = {column.name: [row[i] for row in rows] for i, column in enumerate(table.columns)}
    return content


def write_content(engine: Engine, content: dict[str, dict[str, list]], tables: MetaData | None = None) -> None:
    """Put ``content`` into tables that are empty, parents first; a column that it does not name takes its default."""
    with engine.begin() as connection:
        for table in (tables or reflect(engine)).sorted_tables:
            columns = content.get(table.name, {})
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            if rows:
                connection.execute(table.insert(), rows)


def find_lost(before: dict, after: dict) -> dict[str, set[str]]:
    """Table → columns that ``before`` has and ``after`` has not; ``{"*"}`` for a table that is gone."""
    lost = {table: set(columns) - set(after[table]) if table in after else {"*"} for table, columns in before.items()}
    return {table: columns for table, columns in lost.items() if columns}


def read_common(content: dict, other: dict) -> dict:
    """The part of ``content`` whose tables and columns ``other`` has too."""
    return {
        table: {name: values for name, values in columns.items() if name in other[table]}
        for table, columns in content.items()
        if table in other
    }


def reflect(engine: Engine) -> MetaData:
    """The tables as the database itself describes them."""
    tables = MetaData()
    tables.reflect(engine)
    return tables


def make_row(table: Table, number: int) -> dict:
    """Row ``number`` of ``table``; a table that refers to itself refers to nothing."""
    row = {}
    for column in table.columns:
        parents = [key.column.table for key in column.foreign_keys]
        if any(parent is table for parent in parents) and column.nullable:
            row[column.name] = None
        else:
            row[column.name] = make_value(column, number)
    return row


def make_value(column: Column, number: int) -> object:
    """A value of the column's type that is different for each ``number`` where the type has room for it."""
    kind = column.type.python_type
    if kind is bool:
        return number % 2 == 0
    if kind is str:
        return f"{number}测"[: getattr(column.type, "length", None)]
    if kind in (int, float, Decimal):
        return kind(number)
    if kind is datetime:
        zone = getattr(column.type, "timezone", False)
        return datetime.fromisoformat(f"2025-03-0{number}T08:30:00{'+00:00' if zone else ''}") + timedelta(
            microseconds=number
        )
    if kind is date:
        return date(2025, 3, number)
    if kind is bytes:
        return bytes([number, 0, 255])
    return {"测": [number, None, 0.1]}
