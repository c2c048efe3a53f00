"""Faults on purpose: what was asked for happens, to the same calls whenever the round is played again."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from evalsys.cli.services import simulator
from evalsys.gateways.port import ProviderRefused, ProviderUnknown
from evalsys.gateways.simulator.faults import Faults
from tests.evalsys.gateways.conftest import START, phone_of

CALM = ["initiated", "ringing", "in-progress", "completed"]


def call_with(simulation, product, **faults):
    """A call that a human takes, with faults; the statuses that came, once nothing is left to come."""
    assert simulation.control("faults", faults)[0] == 200
    population = simulation.engine.population
    phone = simulation.find(lambda citizen: population.plan_call(citizen, 1).kind == "human")
    simulation.telephone().place_call(simulation.call_request("k1", phone))
    simulation.run(hours=1)
    return product.statuses_of("k1")


def test_without_faults_every_callback_comes_once_in_order(simulation, product):
    assert call_with(simulation, product) == CALM


def test_dropped_callbacks_never_come_and_the_call_is_made_all_the_same(simulation, product):
    assert call_with(simulation, product, drop=1) == []
    assert product.pages


def test_doubled_callbacks_come_twice_and_are_the_same(simulation, product):
    assert call_with(simulation, product, double=1) == [status for status in CALM for _ in range(2)]
    forms = product.forms_of("k1")
    assert forms[::2] == forms[1::2]


def test_delayed_callbacks_come_late_and_in_any_order(simulation, product):
    assert simulation.control("faults", {"delay": 1})[0] == 200
    population = simulation.engine.population
    phone = simulation.find(lambda citizen: population.plan_call(citizen, 1).kind == "no_answer")
    simulation.telephone().place_call(simulation.call_request("k1", phone))
    simulation.run(seconds=40)
    assert product.statuses_of("k1") == []
    simulation.run(seconds=35)
    assert sorted(product.statuses_of("k1")) == ["initiated", "no-answer", "ringing"]


def test_reordered_callbacks_come_after_the_last_one(simulation, product):
    assert call_with(simulation, product, reorder=1) == ["completed", "initiated", "ringing", "in-progress"]
    assert [form["SequenceNumber"] for form in product.forms_of("k1")] == ["3", "0", "1", "2"]


def test_a_refused_request_is_told_as_too_many_and_leaves_no_call(simulation):
    simulation.control("faults", {"refuse": 1})
    telephone = simulation.telephone()
    with pytest.raises(ProviderRefused) as refused:
        telephone.place_call(simulation.call_request("k1", phone_of(1)))
    assert (refused.value.code, refused.value.retry_later) == ("20429", True)
    assert telephone.find_calls(phone_of(1), START) == []


@pytest.mark.parametrize("faults", [{"fail_after_accepting": 1}, {"hang_after_accepting": 1, "hang_seconds": 1.5}])
def test_a_request_accepted_without_an_answer_is_found_by_asking_for_the_number(simulation, product, faults):
    simulation.control("faults", faults)
    telephone = simulation.telephone(time_out_seconds=0.5)
    with pytest.raises(ProviderUnknown):
        telephone.place_call(simulation.call_request("k1", phone_of(1)))
    found = telephone.find_calls(phone_of(1), START)
    assert len(found) == 1
    simulation.run(hours=1)
    assert {form["CallSid"] for form in product.forms_of("k1")} == {found[0].sid}


def test_calls_beyond_the_limit_of_a_second_are_refused_until_the_next(simulation):
    simulation.control("faults", {"calls_per_second": 2})
    telephone = simulation.telephone()
    for number in (1, 2):
        telephone.place_call(simulation.call_request(f"k{number}", phone_of(number)))
    with pytest.raises(ProviderRefused):
        telephone.place_call(simulation.call_request("k3", phone_of(3)))
    telephone.send_message(simulation.message_request("m1", phone_of(3)))
    simulation.run(seconds=1)
    assert telephone.place_call(simulation.call_request("k3", phone_of(3)))


def test_which_call_a_fault_strikes_depends_on_the_seed_and_the_call_alone():
    keys = [("call", phone_of(number), 1, "completed") for number in range(2000)]
    struck = {key for key in keys if Faults(drop=0.1).strikes("drop", *key)}
    assert struck == {key for key in reversed(keys) if Faults(drop=0.1).strikes("drop", *key)}
    assert struck != {key for key in keys if Faults(drop=0.1, seed=2).strikes("drop", *key)}
    assert len(struck) / 2000 == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"dorp": 0.1}, "Unknown faults: dorp; known are drop, "),
        ({"drop": 1.1}, "drop is 1.1; write a share between 0 and 1."),
        ({"drop": -1}, "drop is -1; write a number"),
        ({"drop": "x"}, "drop is 'x'; write a number"),
        ({"double": True}, "double is True; write a number"),
    ],
)
def test_a_fault_that_is_none_is_refused_by_name_and_changes_nothing(simulation, given, sentence):
    simulation.control("faults", {"drop": 0.5})
    status, answer = simulation.control("faults", given)
    assert (status, answer["code"]) == (400, 20001)
    assert sentence in answer["message"]
    assert simulation.engine.faults == Faults(drop=0.5)


def test_a_life_that_fails_ends_its_own_call_and_no_other(simulation, product, monkeypatch):
    population = simulation.engine.population
    answered = [p for p, c in population.citizens.items() if population.plan_call(c, 1).kind == "human"][:2]
    plan_call = type(population).plan_call

    def plan(self, citizen, number):
        if citizen == population.find(answered[0]):
            raise RuntimeError("an accident in the simulator")
        return plan_call(self, citizen, number)

    monkeypatch.setattr(type(population), "plan_call", plan)
    telephone = simulation.telephone()
    for key, phone in zip(("bad", "good"), answered, strict=True):
        telephone.place_call(simulation.call_request(key, phone))
    simulation.run(hours=1)
    assert product.statuses_of("bad") == ["initiated", "failed"]
    assert product.statuses_of("good") == CALM
    assert simulation.engine.statistics()["faulty lives"] == 1


def test_a_machine_takes_calls_in_the_place_of_people_where_it_is_asked_for(simulation, product):
    assert call_with(simulation, product, machine=1) == CALM
    assert product.forms_of("k1")[-1]["AnsweredBy"].startswith("machine")


def test_a_share_of_machines_leaves_the_other_calls_as_they_were(simulation):
    engine, population = simulation.engine, simulation.engine.population
    engine.faults = Faults(machine=0.5)
    planned = [(population.plan_call(c, 1), engine.plan_call(c, 1)) for c in population.citizens.values()]
    turned = [before.kind for before, after in planned if before != after]
    people = sum(before.kind == "human" for before, _ in planned)
    assert set(turned) == {"human"}
    assert 0.3 * people < len(turned) < 0.7 * people


def test_faults_are_told_to_a_command_in_words():
    assert Faults.from_words("") == Faults()
    assert Faults.from_words("drop=.1, machine=.2,seed=7") == Faults(drop=0.1, machine=0.2, seed=7)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("drop", "NAME=NUMBER"),
        ("drop=much", "NAME=NUMBER"),
        ("drop=2", "share"),
        ("drop=nan", "negative"),
        ("fire=.1", "fire"),
    ],
)
def test_faults_that_are_none_are_refused_by_the_command(words, told):
    result = CliRunner().invoke(simulator, ["--faults", words])
    assert result.exit_code == 2
    assert told in result.output
