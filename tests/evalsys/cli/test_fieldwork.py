"""``evalsys field`` tells what hinders fieldwork."""

from __future__ import annotations

import json
from dataclasses import replace
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
        assert f"cost: {0.05 * len(opened.telephone.sent):.2f}" in status()


def test_status_says_that_the_provider_fails_and_when_it_is_tried_again(opened, status):
    assert json.loads(status("--json"))["notices"] == []
    opened.telephone.fails = ProviderRefused("20003", "Authenticate")
    opened.do_job(send_messages)
    assert "attention: Text messages have stopped: the provider failed 40 of 40 times (20003 × 40)." in status()
    (notice,) = json.loads(status("--json"))["notices"]
    assert "tried at 10:05" in notice
