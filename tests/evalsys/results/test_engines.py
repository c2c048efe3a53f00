"""Spark is another engine for the same pass: it gives the same numbers, and the same published bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner

from evalsys.base.errors import Refused
from evalsys.cli import main
from evalsys.fieldwork.closing import close_round
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from evalsys.results.verifying import verify_bundle
from tests.evalsys.installation import ROUND, answer_all, copy_of
from tests.evalsys.results.made_up_answers import SCALES, Rows, summed


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """Spark on this machine and its loopback; without Spark or Java the test fails."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        small = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"}
        session = SparkSession.builder.master("local[2]").config(map=small).getOrCreate()
        yield
        session.stop()


@pytest.mark.slow
@pytest.mark.parametrize("most", [None, 10**10], ids=["packed", "one by one"])
def test_spark_gives_the_same_whole_numbers(spark, tmp_path, most):
    path = Rows.made_up(400, SCALES).write(tmp_path)
    first, second = (summed(path, SCALES, "station", most=most, engine=engine) for engine in ("duckdb", "spark"))
    assert first.strata == second.strata
    for name, numbers in (vars(first.sums) | {"dk": first.dont_know, "satisfied": first.satisfied}).items():
        other = (vars(second.sums) | {"dk": second.dont_know, "satisfied": second.satisfied})[name]
        assert numbers.tobytes() == other.tobytes(), name


@pytest.mark.slow
def test_bundles_are_the_same_bytes_whichever_engine_read_the_answers(spark, opened, tmp_path):
    answer_all(opened)
    opened.clock.advance(timedelta(days=20))
    opened.on_round(close_round, actor="chair")
    opened.on_round(freeze_round, actor="chair")
    published = {}
    for engine in ("duckdb", "spark"):
        place = copy_of(opened, tmp_path / engine)
        place.on_round(score_round, actor="chair", engine=engine)
        files = place.on_round(publish_round, approved_by="chair", seconded_by="deputy").files
        published[engine] = {kind: (place.runtime.published_folder / name).read_bytes() for kind, name in files.items()}
    assert published["duckdb"].keys() == {"public", "auditor"}
    assert published["duckdb"] == published["spark"]
    auditors = tmp_path / "bundle.zip"
    auditors.write_bytes(published["duckdb"]["auditor"])
    checks = list(verify_bundle(auditors, engine="spark"))
    assert {check.name for check in checks} >= {"draw", "figures", "answers"}
    assert [check.problems for check in checks if check.problems] == []


def test_where_spark_is_not_installed_scoring_with_it_says_so(monkeypatch, opened):
    opened.clock.advance(timedelta(days=20))
    opened.on_round(close_round, actor="chair")
    opened.on_round(freeze_round, actor="chair")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(Refused, match="Install evalsys.spark. and Java, or score with DuckDB"):
        opened.on_round(score_round, actor="chair", engine="spark")
    assert opened.sql("select count(*) from score_run") == [(0,)]


def test_an_engine_that_is_not_known_is_refused_by_the_command():
    answer = CliRunner().invoke(main, ["score", ROUND, "--engine", "abacus"])
    assert answer.exit_code == 2
    assert "'duckdb', 'spark'" in answer.output
