"""Migrations and models are the same thing, on SQLite and on PostgreSQL, up, down and up again."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import pairwise

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from evalsys.app import create_app
from evalsys.base.config import read_settings
from evalsys.base.database import db
from tests.house.database_content import (
    fill_empty_tables,
    find_lost,
    read_common,
    read_content,
    reflect,
    write_content,
)
from tests.house.full_round import EMPTY, hold_round
from tests.house.sources import ROOT, list_files

REVISIONS = [script.revision for script in ScriptDirectory(ROOT / "migrations").walk_revisions()][::-1]
#: revision → table → columns that its step down takes; its step up brings them back with what was in them
TAKEN = {
    "0002": {"service_record": {"seal"}},
    "0003": {"attempt": {"fault", "probe"}},
    "0004": {"attempt": {"interviewer", "line_digest"}, "result_file": {"*"}},
    "0005": {"sealed_block": {"*"}, "mode_count": {"*"}, "frozen_dataset": {"modes"}},
    "0006": {"shift": {"*"}, "hold": {"*"}, "appointment": {"*"}, "case_note": {"*"}},
    "0007": {
        "attempt": {"voided_at"},
        "sealed_block": {"interviewer"},
        **{table: {"*"} for table in ("interviewer_tally", "recontact", "monitoring", "voiding")},
    },
    "0008": {"late_answer": {"*"}},
    "0009": {
        "proposal": {"*"},
        "user": {
            "locked_at",
            "must_change_password",
            "second_factor_cipher",
            "second_factor_at",
            "second_factor_step",
            "recovery_digests",
            "session_epoch",
        },
    },
    "0010": {"staff_call": {"*"}},
    "0012": {"paper_batch": {"*"}, "paper_form": {"*"}, "paper_keying": {"*"}},
    "0013": {"round": {"purged_at"}},
    "0014": {"observer": {"*"}, "minutes": {"*"}},
    "0015": {"attempt": {"message", "segments"}},
    "0016": {"text_reply": {"*"}, "text_cost": {"*"}},
    "0017": {"comment_review": {"*"}},
}


@pytest.fixture(scope="module")
def full_round(tmp_path_factory):
    """Table → column → values of a published round."""
    return hold_round(tmp_path_factory.mktemp("round") / "home")


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


@pytest.mark.parametrize("what", ["a full round", "rows in every table"])
def test_each_step_down_and_up_leaves_the_content_as_it_was(engine, full_round, what):
    """Step by step from the newest revision to nothing.

    Below, whatever both revisions have is the same and exactly what ``TAKEN`` names is missing; above again everything is the same,
    the taken columns too. Only what the way down to nothing forgets is loaded again, from the dump made before it.
    """
    flask_migrate.upgrade()
    if what == "a full round":
        write_content(engine, full_round, db.metadata)
        assert read_content(engine, db.metadata) == full_round
    else:
        fill_empty_tables(engine)
    for revision, below in pairwise([*REVISIONS[::-1], "base"]):
        before = read_content(engine)
        flask_migrate.downgrade(revision=below)
        under = read_content(engine)
        everything = {table: {"*"} for table in before}
        assert find_lost(before, under) == (everything if below == "base" else TAKEN.get(revision, {}))
        assert read_common(under, before) == read_common(before, under)
        flask_migrate.upgrade(revision=revision)
        if below == "base":
            assert not any(values for columns in read_content(engine).values() for values in columns.values())
            write_content(engine, before)
        assert read_content(engine) == before
        flask_migrate.downgrade(revision=below)
    assert list_tables(engine) == set()


def test_a_full_round_survives_the_whole_way_down_and_up(engine, full_round):
    """To the first revision and up at once; then to nothing and up, and the same content loaded again."""
    flask_migrate.upgrade()
    write_content(engine, full_round, db.metadata)
    before = read_content(engine)
    flask_migrate.downgrade(revision=REVISIONS[0])
    flask_migrate.upgrade()
    assert read_content(engine) == before
    assert find_differences(engine) == []
    flask_migrate.downgrade(revision="base")
    flask_migrate.upgrade()
    write_content(engine, full_round, db.metadata)
    assert read_content(engine) == before
    assert read_content(engine, db.metadata) == full_round


def test_a_full_round_fills_every_table_that_a_round_can_fill(full_round):
    """What is compared above is not nothing: calls, callbacks, sealed answers, scores, a publication, a sealed frame."""
    assert {table for table, columns in full_round.items() if not any(columns.values())} == EMPTY
    assert all(full_round["service_record"]["seal"])
    assert all(full_round["round"]["published_at"])


def test_what_a_step_down_takes_comes_back_to_its_own_rows_only(engine, full_round):
    """A record put in while the older version ran gets nobody else's seal, though it is else the same."""
    flask_migrate.upgrade()
    write_content(engine, full_round, db.metadata)
    flask_migrate.downgrade(revision="0001")
    records = reflect(engine).tables["service_record"]
    last = max(full_round["service_record"]["id"])
    with engine.begin() as connection:
        row = dict(connection.execute(records.select().where(records.c.id == last)).mappings().one())
        connection.execute(records.insert(), [row | {"id": last + 1, "record_no": "a new one"}])
    flask_migrate.upgrade()
    assert read_content(engine)["service_record"]["seal"] == [*full_round["service_record"]["seal"], ""]


def test_every_table_and_constraint_has_a_name_from_the_convention():
    for table in db.metadata.tables.values():
        assert re.fullmatch(r"[a-z][a-z_]*", table.name)
        for constraint in table.constraints:
            assert constraint.name, f"{table.name} has a constraint without a name, which no migration could change"
