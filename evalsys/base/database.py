"""The database, and the one owner of transactions: nothing else in evalsys spells ``commit``.

An entry point (route, command, job) opens one ``transaction()`` and calls one action with the session it yields. On SQLite such a
transaction begins IMMEDIATE, since a read that later turns into a write would otherwise fail under concurrent writers; plain reads
begin deferred and never wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, Insert, MetaData, NullPool, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from evalsys.base.errors import EvalsysError

_writing: ContextVar[bool] = ContextVar("writing", default=False)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base; constraints have names, so that migrations can speak of them on any database."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def time_of_database(url: str) -> Callable[[], datetime] | None:
    """How to ask the server at ``url`` for its time, by a connection of its own; ``None`` for SQLite, which is on this machine."""
    if make_url(url).get_backend_name() == "sqlite":
        return None
    # Kept by nobody between two questions, so that processes may fork and the pool of the pages is never waited for.
    engine = create_engine(url, poolclass=NullPool)

    def ask() -> datetime:
        with engine.connect() as connection:
            return connection.scalar(select(func.clock_timestamp()))

    return ask


class UTCDateTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC; a naive one is refused, since nobody could tell what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@contextmanager
def transaction() -> Iterator[Session]:
    """One business transaction: everything inside is kept together, or nothing."""
    session = db.session()
    if _writing.get():
        raise RuntimeError("a transaction is already open; an entry point opens exactly one")
    session.rollback()  # ends a read begun earlier in this request, so that ours can begin as a writer
    token = _writing.set(True)
    try:
        yield session
        session.commit()
    except BaseException as error:
        session.rollback()
        if isinstance(error, EvalsysError) and error.afterwards:
            error.afterwards(session)
            session.commit()
        raise
    finally:
        _writing.reset(token)


def prepare_engine(engine: Engine) -> None:
    """Give SQLite connections the pragmas and the transaction start that several processes need."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection, record):
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "busy_timeout=10000",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def keep_once_apart(model: type[Base], values: dict) -> bool:
    """Keep one row in a transaction of its own, unless one with its unique key is there already; whether it was kept.

    For what comes by the thousand and depends on nothing else: it costs half of a ``transaction()`` with its session.
    """
    if _writing.get():
        raise RuntimeError("a transaction is already open; keep_once_apart is one of its own")
    token = _writing.set(True)
    try:
        with db.engine.begin() as connection:
            return bool(connection.execute(_insert_or_leave(db.engine.dialect.name, model), values).rowcount)
    finally:
        _writing.reset(token)


def keep_once(session: Session, model: type[Base], values: dict) -> bool:
    """Keep one row in the transaction that is open, unless one with its key is there already; whether it was kept."""
    return bool(session.execute(_insert_or_leave(session.get_bind().dialect.name, model), values).rowcount)


def erase_remains(engine: Engine, tables: Iterable[str], *, anew: bool = False) -> None:
    """Make sure that what was deleted or overwritten in ``tables`` is in no file of the database any more.

    SQLite overwrites what it deletes, but older pages stay in the write-ahead log until it is emptied, and where rows moved between
    pages a few bytes may remain, which only writing the whole file ``anew`` removes (nobody can write meanwhile). PostgreSQL keeps
    older rows until their table is written anew, which nobody can read it during. Called with no transaction open. Raises
    ``RuntimeError`` where somebody is reading the log at this moment: try again later. PostgreSQL's own log keeps changes until it is
    recycled.
    """
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            if anew:
                connection.cursor().execute("VACUUM")
            (busy, *_) = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        if busy:
            raise RuntimeError("the write-ahead log is being read and cannot be emptied now")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.exec_driver_sql(f"VACUUM (FULL) {engine.dialect.identifier_preparer.quote(table)}")


@cache
def _insert_or_leave(dialect: str, model: type[Base]) -> Insert:
    # On the table and not the class: the row is not needed as an object.
    return (sqlite if dialect == "sqlite" else postgresql).insert(model.__table__).on_conflict_do_nothing()
