"""Migrations and models are the same thing, on SQLite and on PostgreSQL, up, down and up again."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db
from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, send_messages
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from tests.evalsys.installation import answer_all, make_open
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


def test_a_full_round_is_the_same_after_every_step_down_and_up(engine, tmp_path):
    """Security check 24: from the newest revision down to each earlier one and up again, nothing of a published round is lost."""
    flask_migrate.upgrade()
    copy_content(hold_round(tmp_path / "round"), engine)
    before = read_content(engine)
    assert all(len(before[table]["round_id"]) > 1 for table in ("attempt", "case", "interview", "sealed_answer"))
    assert before["publication"]["round_id"] and before["service_record"]["seal"][0]
    for revision in REVISIONS[-2::-1]:
        flask_migrate.downgrade(revision=revision)
        flask_migrate.upgrade()
        assert find_differences(engine) == []
        assert read_content(engine) == before, f"down to {revision} and up again"


def test_a_full_round_goes_into_a_database_made_anew(engine, tmp_path):
    flask_migrate.upgrade()
    round_ = hold_round(tmp_path / "round")
    copy_content(round_, engine)
    before = read_content(engine)
    flask_migrate.downgrade(revision="base")
    flask_migrate.upgrade()
    copy_content(round_, engine)
    assert read_content(engine) == before


def hold_round(home):
    """The database of a round that was called, answered, closed, scored and published by the product itself."""
    place = make_open(home)
    with place.app.app_context():
        place.do_job(dial_numbers)
        place.do_job(send_messages)
        for attempt in place.sql("SELECT key, channel FROM attempt ORDER BY id LIMIT 60"):
            name, status = ("CallStatus", "no-answer") if attempt.channel == "voice" else ("MessageStatus", "delivered")
            receive_status(place.runtime, attempt.key, {name: status})
        place.do_job(apply_callbacks)
        answer_all(place)
        place.clock.advance(timedelta(days=20))
        for step in (close_round, freeze_round, score_round):
            place.on_round(step, actor="chair")
        place.on_round(publish_round, approved_by="chair", seconded_by="deputy")
        engine = db.engine
        db.session.remove()
    return engine


def copy_content(source, target) -> None:
    """Put every row of one database into another of the same tables."""
    with source.connect() as reading, target.begin() as writing:
        for table in db.metadata.sorted_tables:
            rows = [dict(row) for row in reading.execute(table.select()).mappings()]
            if rows:
                writing.execute(table.insert(), rows)


def test_every_table_and_constraint_has_a_name_from_the_convention():
    for table in db.metadata.tables.values():
        assert re.fullmatch(r"[a-z][a-z_]*", table.name)
        for constraint in table.constraints:
            assert constraint.name, f"{table.name} has a constraint without a name, which no migration could change"
