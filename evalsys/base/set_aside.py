"""What a migration down takes away, kept in the database until the migration up brings it back.

A step down must not cost a committed frame its seals or a round its attempts: whoever goes back to an older version for a day
finds everything in place afterwards. Only the way down to nothing (``drop_all``) forgets.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op
from sqlalchemy import inspect, text

PREFIX = "aside_"


def drop_columns(table: str, columns: Sequence[str], *, in_place: bool = False) -> None:
    """Take columns away, their values set aside under the key of their rows.

    in_place : without making the table anew, as SQLite would have it: a table without row numbers stays one.
    """
    kept = ", ".join(_quoted([*_key(table), *columns]))
    op.execute(f"CREATE TABLE {_aside(table, columns)} AS SELECT {kept} FROM {_quote(table)}")
    with op.batch_alter_table(table, recreate="never" if in_place else "auto") as batch:
        for column in columns:
            batch.drop_column(column)


def bring_columns_back(table: str, columns: Sequence[str]) -> None:
    """Give the columns, just added, the values they had before; rows made meanwhile keep the default."""
    aside = _aside(table, columns)
    if not inspect(op.get_bind()).has_table(aside):
        return
    same = " AND ".join(f"{aside}.{key} = {_quote(table)}.{key}" for key in _quoted(_key(table)))
    values = ", ".join(f"{name} = (SELECT {name} FROM {aside} WHERE {same})" for name in _quoted(columns))
    op.execute(f"UPDATE {_quote(table)} SET {values} WHERE EXISTS (SELECT 1 FROM {aside} WHERE {same})")
    op.drop_table(aside)


def drop_tables(*tables: str) -> None:
    """Take tables away, children first, their rows set aside without constraints or indexes."""
    for table in tables:
        op.execute(f"CREATE TABLE {PREFIX}{table} AS SELECT * FROM {_quote(table)}")
        op.drop_table(table)


def bring_tables_back(*tables: str) -> None:
    """Give the tables, just made again, the rows they had before; parents first."""
    for table in tables:
        if inspect(op.get_bind()).has_table(PREFIX + table):
            names = ", ".join(
                _quoted([column["name"] for column in inspect(op.get_bind()).get_columns(PREFIX + table)])
            )
            op.execute(f"INSERT INTO {_quote(table)} ({names}) SELECT {names} FROM {PREFIX}{table}")
            _continue_numbering(table)
            op.drop_table(PREFIX + table)


def drop_all() -> None:
    """Forget whatever was set aside: below the first floor there is nothing."""
    for table in inspect(op.get_bind()).get_table_names():
        if table.startswith(PREFIX):
            op.drop_table(table)


def _continue_numbering(table: str) -> None:
    """Let the numbers of new rows follow those that came back; SQLite does so by itself."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and _key(table) == ["id"]:
        sequence = bind.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": _quote(table)}).scalar()
        if sequence:
            op.execute(f"SELECT setval('{sequence}', COALESCE((SELECT max(id) FROM {_quote(table)}), 0) + 1, false)")


def _key(table: str) -> list[str]:
    return inspect(op.get_bind()).get_pk_constraint(table)["constrained_columns"]


def _aside(table: str, columns: Sequence[str]) -> str:
    return "_".join([PREFIX + table, *columns])


def _quote(name: str) -> str:
    return op.get_bind().dialect.identifier_preparer.quote(name)


def _quoted(names: Sequence[str]) -> list[str]:
    return [_quote(name) for name in names]
