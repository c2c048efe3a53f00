"""``evalsys field`` tells what hinders fieldwork, and exchanges files with a call centre."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from evalsys.base.clock import VirtualClock
from evalsys.cli import main
from evalsys.fieldwork.jobs import send_messages
from evalsys.fieldwork.rules import _rules, rules_of
from evalsys.gateways.port import ProviderRefused
from surveys.fieldwork import Costs
from tests.evalsys.fieldwork.call_centre import COMPLETE, make_exchange, result, take_list, write_results
from tests.evalsys.installation import ROUND, SECRET


@pytest.fixture
def status(opened, tmp_path, monkeypatch):
    """What ``evalsys field status`` prints for the open round."""

    def run(*words: str) -> str:
        clock = VirtualClock(tmp_path / "clock", start=opened.clock.at)
        clock.set(max(clock.now(), opened.clock.at))
        settings = {"HOME": str(opened.home), "SECRET_KEY": SECRET, "CLOCK": f"virtual:{clock.path}"}
        for name, value in settings.items():
            monkeypatch.setenv(f"EVALSYS_{name}", value)
        result = CliRunner().invoke(main, ["field", "status", ROUND, *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_status_says_what_fieldwork_has_cost_where_prices_are_known(opened, status):
    assert json.loads(status("--json"))["cost"] is None and "cost:" not in status()
    rules = opened.on_round(lambda s, r, round_: rules_of(round_.configuration))
    opened.do_job(send_messages)
    with_prices = replace(rules, costs=Costs(per_message=Decimal("0.05")))
    with patch.dict("evalsys.fieldwork.rules._rules", dict.fromkeys(_rules, with_prices)):
        (segments,) = opened.sql("SELECT sum(segments) FROM attempt")[0]
        assert segments >= len(opened.telephone.sent) > 0
        assert f"cost: {0.05 * segments:.2f}" in status()


def test_status_as_json_holds_the_figures_of_the_board(opened, status):
    sent = opened.do_job(send_messages) or len(opened.telephone.sent)
    board = json.loads(status("--json"))["board"]
    assert board["completes"] == 0 and board["quotas_met"] == {
        "reason": "no_pace",
        "low": None,
        "middle": None,
        "high": None,
    }
    released = sum(unit["released"] for unit in board["units"].values())
    assert board["channels"]["sms"]["released"] == sent
    assert sum(channel["released"] for channel in board["channels"].values()) == released > sent
    assert board["providers"]["sms"]["in_flight"] == sent and board["planned_deviation"] == 25


def test_status_says_that_the_provider_fails_and_when_it_is_tried_again(opened, status):
    assert json.loads(status("--json"))["notices"] == []
    opened.telephone.fails = ProviderRefused("20003", "Authenticate")
    opened.do_job(send_messages)
    assert "attention: Text messages have stopped: the provider failed 40 of 40 times (20003 × 40)." in status()
    (notice,) = json.loads(status("--json"))["notices"]
    assert "tried at 10:05" in notice


@pytest.fixture
def field(tmp_path, monkeypatch):
    """``evalsys field …`` in an installation that exchanges files, and that installation."""
    place = make_exchange(tmp_path / "exchange")

    def run(*words: str, fails: bool = False):
        clock = VirtualClock(tmp_path / "clock", start=place.clock.at)
        clock.set(max(clock.now(), place.clock.at))
        settings = {
            "HOME": str(place.home),
            "SECRET_KEY": SECRET,
            "CLOCK": f"virtual:{clock.path}",
            "TELEPHONE": "files",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"EVALSYS_{name}", value)
        result = CliRunner().invoke(main, ["field", *words])
        assert (result.exit_code != 0) == fails, result.output
        return result

    return place, run


def test_a_list_goes_out_and_its_results_come_in_by_commands(field, tmp_path):
    place, run = field
    out = tmp_path / "list.csv"
    assert json.loads(run("worklist", ROUND, "--out", str(out), "--limit", "3", "--json").stdout)["cases"] == 3
    assert out.stat().st_mode & 0o077 == 0, "it holds telephone numbers"
    codes = [line.split(",")[0] for line in out.read_text(encoding="utf-8-sig").splitlines()[1:]]
    place.clock.advance(timedelta(minutes=30))
    lines = [result(place, codes[0], **COMPLETE), result(place, codes[1], 结果="忙")]
    file = write_results(tmp_path / "results.csv", lines)
    refused = run("results", ROUND, str(file), fails=True)
    assert "line 3, 结果: '忙' is neither a word" in refused.stderr and "nothing was imported" in refused.stderr
    report = json.loads(run("results", ROUND, str(file), "--accept-good", "--json").stdout)
    assert (report["imported"], report["refused"], report["outcomes"]) == (1, 1, {"1.1": 1})
    assert "imported into this round before" in run("results", ROUND, str(file), fails=True).stderr
    again = tmp_path / "again.xlsx"
    assert "list 1: 2 cases" in run("worklist", ROUND, "--out", str(again), "--again", "1").stdout


def test_a_list_that_cannot_be_written_or_is_empty_leaves_no_case_taken_and_no_file(field, tmp_path):
    place, run = field
    there = tmp_path / "there.csv"
    there.write_text("mine")
    for out in (there, tmp_path / "no" / "folder.csv", tmp_path / "list.doc"):
        run("worklist", ROUND, "--out", str(out), fails=True)
    assert there.read_text() == "mine" and place.sql("SELECT count(*) FROM attempt") == [(0,)]
    assert not (tmp_path / "list.doc").exists()
    take_list(place)
    nothing = tmp_path / "nothing.csv"
    assert "no call is due" in run("worklist", ROUND, "--out", str(nothing)).stdout
    assert not nothing.exists()
