"""A text message's life: delivered or not, and what citizens and link scanners do with the link."""

from __future__ import annotations

import pytest

from evalsys.gateways.simulator.population import MessagePlan
from tests.evalsys.gateways.conftest import START


def send(simulation, wanted, *, until_minutes: float = 3000):
    """Send the link to the first citizen whose plan is as wanted, and let everything come of it."""
    population = simulation.engine.population
    phone = simulation.find(lambda citizen: wanted(population.plan_message(citizen)))
    simulation.telephone().send_message(simulation.message_request("m1", phone))
    simulation.run(minutes=until_minutes)
    return population.find(phone)


def is_reader(plan: MessagePlan) -> bool:
    return plan.opens and not plan.scanner and plan.leaves_after is None


def test_whoever_opens_the_link_begins_and_answers_each_page_as_they_think(simulation, product):
    citizen = send(simulation, is_reader)
    answer = simulation.engine.population.answer
    posted = [(code, form) for method, code, form in product.visits if method == "POST"]
    assert posted == [
        ("CONSENT", {"choice": "begin"}),
        *[(code, {"answer": answer(citizen, code)}) for code in ("Q0", "I1", "I2")],
    ]


def test_the_link_is_opened_at_its_time_and_not_before(simulation, product):
    send(simulation, lambda plan: is_reader(plan) and plan.opens_after_minutes > 60, until_minutes=59)
    assert product.statuses_of("m1") == ["sent", "delivered"]
    assert product.visits == []
    assert simulation.run(minutes=2000)["in_flight"] == 0
    assert product.visits


def test_a_scanner_only_looks(simulation, product):
    send(simulation, lambda plan: plan.scanner and not plan.opens)
    assert product.visits == [("GET", "CONSENT", {})] * 2


def test_whoever_leaves_stops_after_the_answers_given_so_far(simulation, product):
    simulation.settle(4000)
    send(simulation, lambda plan: plan.opens and plan.leaves_after == 1)
    assert [code for method, code, _ in product.visits if method == "POST"] == ["CONSENT", "Q0"]


def test_most_people_do_nothing_with_the_link(simulation, product):
    send(simulation, lambda plan: plan.delivered and not plan.opens and not plan.scanner)
    assert product.statuses_of("m1") == ["sent", "delivered"]
    assert product.visits == []


def test_a_message_to_a_dead_number_is_undelivered_with_a_code(simulation, product):
    send(simulation, lambda plan: not plan.delivered)
    assert product.statuses_of("m1") == ["sent", "undelivered"]
    assert product.forms_of("m1")[-1]["ErrorCode"] == "30003"
    [found] = simulation.telephone().find_messages(product.forms_of("m1")[-1]["To"], START)
    assert (found.status, found.error_code, found.seconds) == ("undelivered", "30003", None)
    assert product.visits == []


def test_callbacks_of_messages_are_signed_and_name_the_message(simulation, product):
    send(simulation, is_reader)
    forms = product.forms_of("m1")
    assert product.unsigned == []
    assert {form["MessageSid"] for form in forms} == {form["SmsSid"] for form in forms} == {"SM" + "0" * 31 + "1"}


def test_the_outbox_shows_what_was_sent(simulation):
    send(simulation, is_reader)
    messages = simulation.control("outbox")[1]["messages"]
    assert [(m["sid"], m["status"]) for m in messages] == [("SM" + "0" * 31 + "1", "delivered")]
    assert "/q/abcdefghijklmnopqrstuvwxyz" in messages[0]["body"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_link_that_does_not_answer_is_given_up(simulation, product, status):
    product.web_status = status
    send(simulation, is_reader)
    assert [method for method, _, _ in product.visits] == ["GET"]
    assert simulation.control("statistics")[1]["web pages failed"] == 1


def annoyed(plan: MessagePlan) -> bool:
    return plan.opts_out and not plan.scanner


def test_whoever_wants_no_more_messages_writes_back_and_the_provider_passes_it_on_signed(simulation, product):
    simulation.settle(4000, inbound_url=f"{product.address}/inbound")
    send(simulation, annoyed)
    [reply] = product.replies
    sent = product.forms_of("m1")[-1]
    assert (reply["From"], reply["To"]) == (sent["To"], sent["From"])
    assert (reply["Body"], reply["SmsStatus"]) == ("退订", "received")
    assert reply["MessageSid"].startswith("SM") and reply["MessageSid"] != sent["MessageSid"]
    assert product.unsigned == []
    assert product.visits == [], "and does not open the link"


def test_where_nobody_reads_replies_nobody_writes(simulation, product):
    simulation.settle(4000)
    send(simulation, annoyed)
    assert product.statuses_of("m1") == ["sent", "delivered"]
    assert product.replies == []
