"""A call's life at the simulator, from the request over real HTTP to the last callback."""

from __future__ import annotations

import re

import pytest
from flask import Response

from evalsys.gateways.simulator.population import CallPlan
from tests.evalsys.gateways.conftest import QUESTIONNAIRE, START, _voice_page


def plan_of(simulation, citizen, number: int = 1) -> CallPlan:
    return simulation.engine.population.plan_call(citizen, number)


def is_willing(plan: CallPlan) -> bool:
    return plan.kind == "human" and plan.cooperation == "answers"


def is_smooth(plan: CallPlan) -> bool:
    return is_willing(plan) and not plan.slip and plan.break_off_after is None


def slips(plan: CallPlan, how: str) -> bool:
    """Whether the citizen slips once, at one of the three questions that are asked here."""
    return is_willing(plan) and plan.slip == how and plan.slip_at < 3 and plan.break_off_after is None


def call(simulation, wanted, key: str = "k1", machine_detection: str = "on"):
    """Place a call to the first citizen whose first call goes as wanted, and let it come to its end."""
    phone = simulation.find(lambda citizen: wanted(plan_of(simulation, citizen)))
    sid = simulation.telephone().place_call(simulation.call_request(key, phone, machine_detection))
    simulation.run(minutes=30)
    return phone, sid


def test_a_willing_citizen_hears_each_question_and_presses_the_key_of_the_answer(simulation, product):
    phone, sid = call(simulation, is_smooth)
    population = simulation.engine.population
    citizen = population.find(phone)
    keys = {code: population.answer(citizen, code) for code in ("Q0", "I1", "I2")}
    assert product.digits_of("k1") == {"CONSENT": "1"} | keys
    assert product.statuses_of("k1") == ["initiated", "ringing", "in-progress", "completed"]
    assert {form["CallSid"] for form in product.forms_of("k1")} == {sid}


def test_every_request_to_the_product_is_signed_as_the_sdk_checks_it(simulation, product):
    call(simulation, is_smooth)
    assert product.pages and product.statuses
    assert product.unsigned == []


def test_callbacks_are_numbered_and_the_last_one_has_the_duration(simulation, product):
    call(simulation, is_smooth)
    forms = product.forms_of("k1")
    assert [form["SequenceNumber"] for form in forms] == ["0", "1", "2", "3"]
    assert [form.get("AnsweredBy") for form in forms] == [None, None, "human", "human"]
    assert int(forms[-1]["CallDuration"]) > 20
    assert {form["From"] for form in forms} == {"+861012340"}


@pytest.mark.parametrize("kind", ["human", "machine", "busy", "no_answer", "dead"])
def test_whoever_missed_every_callback_learns_from_the_list_of_calls_how_it_ended(simulation, product, kind):
    phone, sid = call(simulation, lambda plan: plan.kind == kind)
    [found] = simulation.telephone().find_calls(phone, START)
    last = product.forms_of("k1")[-1]
    assert (found.sid, found.to, found.status) == (sid, phone, last["CallStatus"])
    assert found.answered_by == last.get("AnsweredBy", "")
    assert str(found.seconds) == last.get("CallDuration", "0")


@pytest.mark.parametrize(("kind", "status"), [("busy", "busy"), ("no_answer", "no-answer")])
def test_a_call_that_nobody_takes_ends_without_a_voice_page(simulation, product, kind, status):
    call(simulation, lambda plan: plan.kind == kind)
    assert product.statuses_of("k1") == ["initiated", "ringing", status]
    assert product.pages == []


def test_a_dead_number_fails_with_the_networks_code(simulation, product):
    call(simulation, lambda plan: plan.kind == "dead")
    assert product.statuses_of("k1") == ["initiated", "failed"]
    assert product.forms_of("k1")[-1]["SipResponseCode"] == "404"


def test_a_machine_is_named_to_the_voice_page_and_presses_no_key(simulation, product):
    call(simulation, lambda plan: plan.kind == "machine")
    assert product.pages[0][1]["AnsweredBy"] == "machine_start"
    assert all("Digits" not in form for _, form in product.pages)
    assert product.statuses_of("k1")[-1] == "completed"


@pytest.mark.parametrize(("kind", "answered_by"), [("machine", "machine_start"), ("human", "human")])
def test_a_machine_that_is_detected_meanwhile_is_told_to_an_address_of_its_own(simulation, product, kind, answered_by):
    """The first page is fetched before anybody knows; whatever is asked afterwards says who answered."""
    _, sid = call(
        simulation, is_smooth if kind == "human" else lambda plan: plan.kind == kind, machine_detection="async"
    )
    [(key, form)] = product.machines
    assert (key, form["CallSid"], form["AnsweredBy"]) == ("k1", sid, answered_by)
    assert form["MachineDetectionDuration"] == "4000"
    assert "AnsweredBy" not in product.pages[0][1] and product.pages[-1][1]["AnsweredBy"] == answered_by
    assert product.unsigned == []


def test_without_detection_nobody_is_told_apart(simulation, product):
    call(simulation, lambda plan: plan.kind == "machine", machine_detection="off")
    assert product.machines == []
    assert all("AnsweredBy" not in form for _, form in [*product.pages, *product.statuses])


def test_a_recording_is_listened_to_and_answered_like_speech(simulation, product):
    address = "https://recordings.example/{unit_code}/Q0.mp3"
    row = simulation.engine._world.hearing.table["Q0"]
    row |= {"recording": {"zh": address}, "recorded": {"zh": QUESTIONNAIRE.spoken("Q0", "zh", {"unit": "税务局"})}}

    def play_the_screener(path: str) -> Response:
        page = _voice_page(path)
        if "/Q0?" in page:
            page = re.sub("<Say.*</Say>", f"<Play>{address.replace('{unit_code}', 'U1')}</Play>", page)
        return Response(page, mimetype="text/xml")

    product.voice = play_the_screener
    call(simulation, is_smooth)
    assert list(product.digits_of("k1")) == ["CONSENT", "Q0", "I1", "I2"]


def test_a_call_that_is_connected_to_somebody_goes_on_where_the_page_says_once_they_have_talked(simulation, product):
    def connect(path: str) -> Response:
        dial = '<Dial action="/voice/k1/bridged"><Number>+861000000000</Number></Dial>'
        page = "<Hangup/>" if path.endswith("bridged") else dial
        return Response(f"<Response>{page}</Response>", mimetype="text/xml")

    product.voice = connect
    call(simulation, is_smooth)
    [(_, first), (path, form)] = product.pages
    assert (path, form["DialCallStatus"], "DialCallStatus" in first) == ("k1/bridged", "completed", False)
    assert int(product.forms_of("k1")[-1]["CallDuration"]) >= int(form["DialCallDuration"])


def test_whoever_hangs_up_leaves_a_completed_call_and_no_key(simulation, product):
    call(simulation, lambda plan: plan.kind == "human" and plan.cooperation == "hangs_up")
    assert product.digits_of("k1") == {}
    assert product.statuses_of("k1")[-1] == "completed"


@pytest.mark.parametrize(("cooperation", "key"), [("declines", "2"), ("opts_out", "3")])
def test_a_refusal_is_said_by_its_key(simulation, product, cooperation, key):
    simulation.settle(4000)
    call(simulation, lambda plan: plan.kind == "human" and plan.cooperation == cooperation)
    assert product.digits_of("k1") == {"CONSENT": key}


def test_a_break_off_leaves_the_answers_given_so_far(simulation, product):
    simulation.settle(4000)
    phone, _ = call(simulation, lambda plan: is_willing(plan) and not plan.slip and plan.break_off_after in (1, 2))
    given = plan_of(simulation, simulation.engine.population.find(phone)).break_off_after
    assert list(product.digits_of("k1")) == ["CONSENT", "Q0", "I1"][: 1 + given]


def test_silence_goes_on_to_the_redirect_and_the_question_is_answered_the_second_time(simulation, product):
    simulation.settle(4000)
    call(simulation, lambda plan: slips(plan, "silence"))
    silent = [path for path, form in product.pages if "Digits" not in form and path != "k1"]
    assert len(silent) == 1
    assert set(product.digits_of("k1")) == {"CONSENT", "Q0", "I1", "I2"}


def test_a_wrong_key_is_sent_once_and_then_the_right_one(simulation, product):
    simulation.settle(4000)
    call(simulation, lambda plan: slips(plan, "wrong_key"))
    keys = [form["Digits"] for _, form in product.pages if "Digits" in form]
    assert keys.count("7") == 1
    assert [key for key in keys if key != "7"] == list(product.digits_of("k1").values())


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ("<Response><Play/>", 200, "cannot be read as XML"),
        ("<html/>", 200, "begins with <html>"),
        ("<Response><Sing/></Response>", 200, "verb <Sing> is not known"),
        ("<Response/>", 500, "answered 500"),
    ],
)
def test_a_voice_page_that_cannot_be_played_ends_the_call_and_the_log_says_why(
    simulation, product, capsys, body, status, why
):
    product.voice = lambda path: Response(body, status, mimetype="text/xml")
    call(simulation, is_smooth)
    assert product.statuses_of("k1")[-1] == "completed"
    assert simulation.control("statistics")[1]["voice pages failed"] == 1
    written = capsys.readouterr().out
    assert "voice page cannot be played" in written
    assert why in written


def test_nothing_happens_before_its_time_and_the_conductor_is_told_when_it_will(simulation, product):
    phone = simulation.find(lambda citizen: plan_of(simulation, citizen).kind == "no_answer")
    simulation.telephone().place_call(simulation.call_request("k1", phone))
    told = simulation.run(seconds=5)
    assert product.statuses_of("k1") == ["initiated", "ringing"]
    assert told == {"delivered": 2, "next_event_at": "2026-06-01T02:00:26+00:00", "in_flight": 1}
    assert simulation.run(seconds=21) == {"delivered": 1, "next_event_at": None, "in_flight": 0}


def test_two_shuffled_rounds_end_with_the_same_callbacks_and_keys(simulation, product):
    phones = [phone for phone, _ in zip(simulation.engine.population.citizens, range(40), strict=False)]
    ended, telephone = [], simulation.telephone()
    for order in (phones, phones[::-1]):
        simulation.settle()
        product.statuses.clear()
        product.pages.clear()
        for phone in order:
            telephone.place_call(simulation.call_request(phone[1:], phone))
        simulation.run(hours=1)
        ended.append([(product.statuses_of(phone[1:]), product.digits_of(phone[1:])) for phone in phones])
    assert ended[0] == ended[1]
    assert {statuses[-1] for statuses, _ in ended[0]} == {"completed", "busy", "no-answer", "failed"}


CONFERENCE = '<Response><Dial><Conference startConferenceOnEnter="true" endConferenceOnExit="{}">desk</Conference></Dial></Response>'


def confer(simulation, product) -> tuple[str, str]:
    """Somebody at work is held in a conference, and a willing citizen is called into it; the ids of both calls."""
    product.voice = lambda path: Response(CONFERENCE.format(str(path == "line").lower()), mimetype="text/xml")
    simulation.control("staff", {"numbers": ["+8613900000001"]})
    telephone = simulation.telephone()
    line = telephone.place_call(simulation.call_request("line", "+8613900000001"))
    phone = simulation.find(lambda citizen: is_smooth(plan_of(simulation, citizen)))
    called = telephone.place_call(simulation.call_request("k1", phone, "off"))
    simulation.run(minutes=2)
    return line, called


def test_in_a_conference_the_desk_tells_what_the_citizen_would_answer(simulation, product):
    _, called = confer(simulation, product)
    desk = simulation.control("conferences")[1]["conferences"]["desk"]
    [talk] = desk["citizens"]
    population = simulation.engine.population
    citizen = population.find(simulation.engine.contacts[called].to)
    assert (desk["at_work"], talk["sid"], talk["cooperation"]) == (1, called, "answers")
    assert talk["answers"]["I1"] == population.answer(citizen, "I1")


def test_a_call_in_a_conference_goes_on_until_it_is_hung_up_and_the_other_stays(simulation, product):
    _, called = confer(simulation, product)
    assert product.statuses_of("k1")[-1] == "in-progress"
    simulation.telephone().end_call(called)
    simulation.run(seconds=5)
    assert product.statuses_of("k1")[-1] == "completed"
    assert product.statuses_of("line")[-1] == "in-progress"


def test_when_whoever_is_in_charge_hangs_up_the_conference_ends_for_all(simulation, product):
    line, _ = confer(simulation, product)
    simulation.telephone().end_call(line)
    simulation.run(seconds=10)
    assert product.statuses_of("line")[-1] == product.statuses_of("k1")[-1] == "completed"
