"""Migrations and models are the same thing, on SQLite and on PostgreSQL, up, down and up again."""

from __future__ import annotations

import re
from contextlib import contextmanager

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db
from tests.house.database_content import fill_empty_tables, read_common, read_content
from tests.house.sources import ROOT, list_files

REVISIONS = [script.revision for script in ScriptDirectory(ROOT / "migrations").walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'evalsys.sqlite'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def engine(database_url, tmp_path):
    """The application's own engine on an empty database, inside its context."""
    settings = read_settings({"EVALSYS_HOME": str(tmp_path / "home"), "EVALSYS_DATABASE_URL": database_url})
    with create_app(settings).app_context(), closing_engine() as engine:
        yield engine


@contextmanager
def closing_engine():
    yield db.engine
    db.session.remove()
    db.engine.dispose()


def list_tables(engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def find_differences(engine) -> list:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return compare_metadata(context, db.metadata)


def test_there_is_one_line_of_migrations_with_ordered_speaking_names():
    script = ScriptDirectory(ROOT / "migrations")
    assert len(script.get_heads()) == 1
    names = [path.stem for path in list_files("migrations/versions/*.py")]
    assert names == sorted(names)
    assert [name.partition("_")[0] for name in names] == REVISIONS
    for number, name in enumerate(names, 1):
        assert re.fullmatch(rf"{number:04d}_[a-z][a-z0-9_]{{3,}}", name), f"{name}: name it {number:04d}_what_it_brings"


def test_a_database_migrated_from_nothing_is_what_the_models_say(engine):
    flask_migrate.upgrade()
    assert list_tables(engine) == set(db.metadata.tables)
    assert find_differences(engine) == []


def test_migrating_down_leaves_nothing_and_up_again_everything(engine):
    flask_migrate.upgrade()
    fill_empty_tables(engine)
    flask_migrate.downgrade(revision="base")
    assert list_tables(engine) == set()
    flask_migrate.upgrade()
    assert find_differences(engine) == []


def test_each_step_down_and_up_keeps_the_content_that_was_there_before_it(engine):
    filled_before = None
    for revision in REVISIONS:
        flask_migrate.upgrade(revision=revision)
        fill_empty_tables(engine)
        content = read_content(engine)
        assert all(values for columns in content.values() for values in columns.values())
        if filled_before:
            below = REVISIONS[REVISIONS.index(revision) - 1]
            kept = read_common(content, filled_before)
            flask_migrate.downgrade(revision=below)
            assert read_common(read_content(engine), kept) == read_common(kept, read_content(engine))
            flask_migrate.upgrade(revision=revision)
            assert read_common(read_content(engine), kept) == kept
            fill_empty_tables(engine)
            content = read_content(engine)
        filled_before = content


def test_every_table_and_constraint_has_a_name_from_the_convention():
    for table in db.metadata.tables.values():
        assert re.fullmatch(r"[a-z][a-z_]*", table.name)
        for constraint in table.constraints:
            assert constraint.name, f"{table.name} has a constraint without a name, which no migration could change"
