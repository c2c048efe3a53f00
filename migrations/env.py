"""How Alembic finds the models and the database: through the application that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from evalsys.base.database import db


@contextmanager
def references_unchecked(connection: Connection) -> Iterator[None]:
    """On SQLite a table is altered by building it anew, which must not be taken for deleting what others refer to.

    The pragma does nothing inside a transaction, so it is set on the driver's own connection before one begins.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"after migrating, these rows refer to nothing (table, row, parent): {broken[:10]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    """Run the migrations asked for on the application's own engine, each in one transaction."""
    options = dict(current_app.extensions["migrate"].configure_args)
    options.setdefault("compare_type", True)
    with db.engine.connect() as connection, references_unchecked(connection):
        context.configure(connection=connection, target_metadata=db.metadata, transaction_per_migration=True, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
