"""The year of the demo comes to the same figures on PostgreSQL with Redis and workers of their own as on the embedded default."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalsys.base.database import db
from evalsys.cli.stage import make_environment, stage, wait_for_stage
from evalsys.cli.year import Year
from evalsys.design.queries import get_round
from evalsys.results.queries import get_publication
from evalsys.results.scoring import get_latest_run
from evalsys.results.verifying import verify_bundle
from tests.small_city import free_port, small_city

SEED = 7


def hold_year(home: Path, monkeypatch, *, workers: int = 0, **settings: str) -> tuple[dict, str]:
    """Hold the small city's year; its published figures, and the hash of its score run."""
    home.mkdir()
    port = free_port()
    environment = make_environment(home, port, **settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    year = Year(
        home=home,
        scale=0,
        seed=SEED,
        folder=small_city(home / "city"),
        records_per_unit=900,
        wait_for_workers=bool(workers),
    )
    year.prepare()
    with stage(environment, port, workers=workers):
        wait_for_stage(port)
        year.hold()
    for bundle in year.summaries[0]["bundles"]:
        assert [check.problems for check in verify_bundle(Path(bundle)) if check.problems] == []
    with year.app.app_context():
        code = year.summaries[0]["code"]
        run = get_latest_run(db.session(), get_round(db.session(), code))
        return get_publication(db.session(), code).figures, run.sha256


@pytest.mark.slow
@pytest.mark.postgres
def test_equal_seed_gives_equal_figures_on_sqlite_and_on_postgresql_with_redis_and_separate_workers(
    tmp_path, monkeypatch, postgres_url, redis_url
):
    """Same seed, other database, other processes: the published figures are the same to the last digit, and both bundles verify."""
    embedded = hold_year(tmp_path / "embedded", monkeypatch)
    apart = hold_year(
        tmp_path / "apart",
        monkeypatch,
        workers=2,
        EVALSYS_DATABASE_URL=postgres_url,
        EVALSYS_BROKER_URL=redis_url,
    )
    assert any(unit["visibility"] != "nothing" for unit in embedded[0]["round"]["units"])
    assert apart == embedded
