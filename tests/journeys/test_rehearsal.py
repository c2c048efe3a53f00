"""A drawn round is rehearsed before money is spent: the real one stays as it is, and the figures are those of the rehearsal's ledger."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine

from evalsys.base.database import db
from evalsys.cli import main
from evalsys.cli.rehearsal import LEFT_OUT, copy_database
from tests.evalsys.installation import ROUND, SECRET, Installation, commit, draw, import_all, make_draft, make_open
from tests.house.database_content import read_content, write_content
from tests.small_city import free_port

PRICES = {"cost_per_minute": 0.2, "cost_per_message": 0.05}


@pytest.fixture
def drawn(tmp_path) -> Installation:
    place = make_draft(tmp_path / "home", quota=6, replicate_size=12, **PRICES)
    import_all(place)
    commit(place)
    draw(place)
    return place


def rehearse(place: Installation, *words: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"EVALSYS_HOME": str(place.home), "EVALSYS_SECRET_KEY": SECRET}
    command = [sys.executable, "-m", "evalsys", "field", "rehearse", ROUND, f"--port={free_port()}", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def refusal(place: Installation, *words: str) -> str:
    environment = {"EVALSYS_HOME": str(place.home), "EVALSYS_SECRET_KEY": SECRET}
    answer = CliRunner().invoke(main, ["field", "rehearse", ROUND, *words], env=environment)
    assert answer.exit_code != 0
    return answer.output


def content(place: Installation) -> str:
    """All that the database says, as one digest."""
    with closing(sqlite3.connect(place.home / "evalsys.sqlite")) as database:
        return hashlib.sha256("\n".join(database.iterdump()).encode()).hexdigest()


@pytest.mark.slow
def test_a_rehearsal_changes_nothing_and_the_same_seed_gives_the_same_figures(drawn):
    before = content(drawn)
    first, again = (json.loads(rehearse(drawn, "--json", "--seed=3").stdout) for _ in range(2))
    assert content(drawn) == before
    assert drawn.sql("SELECT count(*) FROM attempt") == [(0,)]
    assert first == again
    (run,) = first["rehearsals"]
    assert run["calls"] >= run["connected"] > 0
    assert sum(unit["completes"] for unit in run["units"].values()) == sum(run["completes"].values()) > 0
    assert sum(run["outcomes"].values()) == sum(unit["released"] for unit in run["units"].values())
    assert float(run["cost"]) > 0
    assert run["outcomes"]["1.1"] == sum(run["completes"].values())


@pytest.mark.postgres
def test_what_a_rehearsal_needs_is_copied_from_postgresql_too(drawn, tmp_path, postgres_url):
    source, path = create_engine(postgres_url), tmp_path / "copy.sqlite"
    db.metadata.create_all(source)
    with drawn.app.app_context():
        write_content(source, read_content(db.engine, db.metadata), db.metadata)
    copy_database(source, path)
    target = create_engine(f"sqlite:///{path}")
    wanted = {table: rows for table, rows in read_content(source, db.metadata).items() if table not in LEFT_OUT}
    copied = read_content(target, db.metadata)
    assert {table: copied[table] for table in wanted} == wanted
    assert wanted["service_record"]["cid"]
    assert not any(values for table in LEFT_OUT for values in copied[table].values())
    for engine in (source, target):
        engine.dispose()


@pytest.mark.slow
def test_where_nobody_cooperates_the_rehearsal_says_that_no_quota_will_be_met(drawn):
    said = rehearse(drawn, "--assume=cooperative=0,opens=0").stdout
    assert "units at their quota  0 of 3" in said
    assert "completes             0" in said


def test_a_round_without_a_sample_or_in_the_field_already_is_not_rehearsed(tmp_path):
    assert "has no sample yet" in refusal(make_draft(tmp_path / "draft"))
    assert "is in the field already" in refusal(make_open(tmp_path / "open"))


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--assume=cooperative=2", "cooperative is 2.0; write a share between 0 and 1."),
        ("--assume=mood=.5", "Unknown behaviour: mood; known are dead, human"),
        ("--assume=human=.8,machine=.3", "together they are more than 1"),
        ("--assume=human", "'human' is not understood"),
        ("--faults=dorp=.1", "Unknown faults: dorp"),
        ("--faults=seed=3", "the seed of a rehearsal is told by --seed."),
    ],
)
def test_an_assumption_that_is_none_is_refused_by_name(drawn, option, sentence):
    assert sentence in " ".join(refusal(drawn, option).split())
