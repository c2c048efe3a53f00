"""What a migration down takes away, kept in the database until the migration up brings it back.

A step down must not cost a committed frame its seals or a round its attempts: whoever goes back to an older version for a day
finds everything in place afterwards. Only the way down to nothing (``drop_all``) forgets, and whatever has to be erased meanwhile
(``forget_aside``): what was set aside is no hiding-place.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from alembic import op
from sqlalchemy import Connection, inspect, text

PREFIX = "aside_"
LONGEST = 63
#: how rows set aside point at a person: column → the rows of a round that it may point at
_POINTERS = {
    "case_id": 'SELECT id FROM "case" WHERE round_id = :round_id',
    "record_id": "SELECT id FROM service_record WHERE round_id = :round_id",
    "attempt_id": "SELECT id FROM attempt WHERE round_id = :round_id",
    "attempt_key": "SELECT key FROM attempt WHERE round_id = :round_id",
}
#: tables of persons and contacts themselves, whose columns may be set aside under their key
_OF_PERSONS = {"service_record": "id", "interview": "case_id", "attempt": "id", "shift": "id", "result_file": "id"}


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


def forget_aside(connection: Connection, round_id: int, case_ids: Sequence[int] | None = None) -> list[str]:
    """Delete what is set aside of the persons of a round, or of these cases only; the tables that were reached.

    Reached is what points at a case, record or attempt, and what was taken from the tables of persons themselves. What a step up
    brings back later is then empty for these rows, as it is for rows made meanwhile.
    """
    reached = []
    inspector = inspect(connection)
    for name in inspector.get_table_names():
        if not name.startswith(PREFIX):
            continue
        columns = {column["name"] for column in inspector.get_columns(name)}
        statement = _forgetting(name, columns, case_ids)
        if statement:
            connection.execute(text(statement), {"round_id": round_id})
            reached.append(name)
    return reached


def _forgetting(name: str, columns: set[str], case_ids: Sequence[int] | None) -> str:
    of_person = next((t for t in _OF_PERSONS if f"{name}_".startswith(f"{PREFIX}{t}_")), "")
    if case_ids is not None:
        numbers = ", ".join(str(int(case_id)) for case_id in case_ids)
        return f"DELETE FROM {name} WHERE case_id IN ({numbers or 'NULL'})" if "case_id" in columns else ""
    if "round_id" in columns and (of_person or columns & set(_POINTERS)):
        return f"DELETE FROM {name} WHERE round_id = :round_id"
    for column, rows in _POINTERS.items():
        if column in columns:
            return f"DELETE FROM {name} WHERE {column} IN ({rows})"
    if of_person:
        key = _OF_PERSONS[of_person]
        return f"DELETE FROM {name} WHERE {key} IN (SELECT {key} FROM {of_person} WHERE round_id = :round_id)"
    return ""


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
    name = "_".join([PREFIX + table, *columns])
    # PostgreSQL cuts longer names without a word, and would not find them again.
    return name if len(name) <= LONGEST else f"{PREFIX}{table}_{sha256(name.encode()).hexdigest()[:12]}"


def _quote(name: str) -> str:
    return op.get_bind().dialect.identifier_preparer.quote(name)


def _quoted(names: Sequence[str]) -> list[str]:
    return [_quote(name) for name in names]
