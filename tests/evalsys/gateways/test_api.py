"""The simulator answers requests as Twilio documents it: shapes, refusals, credentials, and the control desk."""

from __future__ import annotations

import json
import re
import threading
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest
import urllib3

from evalsys.base.clock import SystemClock
from evalsys.gateways.simulator.app import create_simulator
from evalsys.gateways.simulator.lives import Contact
from tests.evalsys.gateways.conftest import ACCOUNT, START, TOKEN, phone_of

CALL = {"To": "+8613800000001", "From": "+861012340", "Url": "http://127.0.0.1:9/voice"}
MESSAGE = {"To": "+8613800000001", "From": "+861012340", "Body": "您好"}
CALL_FIELDS = (
    "sid date_created date_updated parent_call_sid account_sid to to_formatted from from_formatted phone_number_sid "
    "status start_time end_time duration price price_unit direction answered_by api_version forwarded_from group_sid "
    "caller_name queue_time trunk_sid uri subresource_uris"
)
MESSAGE_FIELDS = (
    "body num_segments direction from to date_updated price error_message uri account_sid num_media status "
    "messaging_service_sid sid date_sent date_created error_code price_unit api_version subresource_uris"
)
"""The fields of the two resources in Twilio's OpenAPI document of the 2010 API."""


def ask(simulation, method: str, path: str, form=None, credentials: str = f"{ACCOUNT}:{TOKEN}", account: str = ACCOUNT):
    headers = urllib3.make_headers(basic_auth=credentials) if credentials else {}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = simulation.http.request(
        method,
        f"{simulation.address}/2010-04-01/Accounts/{account}/{path}",
        headers=headers,
        body=urlencode(form) if form else None,
    )
    return answer.status, json.loads(answer.data)


@pytest.mark.parametrize(
    ("what", "form", "names"), [("Calls", CALL, CALL_FIELDS), ("Messages", MESSAGE, MESSAGE_FIELDS)]
)
def test_a_created_resource_has_the_documented_fields_and_is_listed_unchanged(simulation, what, form, names):
    status, made = ask(simulation, "POST", f"{what}.json", form)
    assert status == 201
    assert set(made) == set(names.split())
    assert re.fullmatch(r"(CA|SM)[0-9a-f]{32}", made["sid"])
    assert (made["status"], made["direction"], made["to"]) == ("queued", "outbound-api", form["To"])
    assert parsedate_to_datetime(made["date_created"]) == START
    status, listed = ask(simulation, "GET", f"{what}.json?To=%2B8613800000001&PageSize=20")
    assert (status, listed[what.lower()], listed["next_page_uri"]) == (200, [made], None)


def test_a_call_is_fetched_by_its_id_and_shows_how_it_ended(simulation):
    sid = ask(simulation, "POST", "Calls.json", CALL)[1]["sid"]
    simulation.run(minutes=1)
    status, call = ask(simulation, "GET", f"Calls/{sid}.json")
    assert (status, call["status"], call["sid"]) == (200, "failed", sid), "nobody has that number"
    assert parsedate_to_datetime(call["end_time"]) > START


@pytest.mark.parametrize(
    ("what", "form", "query", "begun"),
    [("Calls", CALL, "StartTime%3E", "start_time"), ("Messages", MESSAGE, "DateSent%3E", "date_sent")],
)
def test_what_waits_in_the_queue_has_not_begun_and_is_not_found_by_its_beginning(simulation, what, form, query, begun):
    def listed(since: str) -> list[str | None]:
        return [item[begun] for item in ask(simulation, "GET", f"{what}.json{since}")[1][what.lower()]]

    ask(simulation, "POST", f"{what}.json", form)
    assert (listed(""), listed(f"?{query}=2026-06-01")) == ([None], [])
    simulation.run(seconds=30)
    assert [parsedate_to_datetime(at) for at in listed(f"?{query}=2026-06-01")] == [START]
    assert listed(f"?{query}=2026-06-02") == []


def test_a_message_is_fetched_by_its_id(simulation):
    made = ask(simulation, "POST", "Messages.json", MESSAGE)[1]
    assert ask(simulation, "GET", f"Messages/{made['sid']}.json") == (200, made)
    assert ask(simulation, "GET", f"Messages/CA{made['sid'][2:]}.json")[0] == 404


def test_a_list_comes_in_pages_of_the_size_asked_for_each_naming_the_next(simulation):
    made = [ask(simulation, "POST", "Calls.json", CALL)[1]["sid"] for _ in range(5)]
    path, listed, sizes = "Calls.json?To=%2B8613800000001&PageSize=2", [], []
    while path:
        page = ask(simulation, "GET", path)[1]
        listed += [call["sid"] for call in page["calls"]]
        sizes.append((page["page"], page["start"], page["end"]))
        path = page["next_page_uri"] and page["next_page_uri"].rpartition("/")[2]
    assert (listed, sizes) == (made[::-1], [(0, 0, 1), (1, 2, 3), (2, 4, 4)])


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=1001", "PageSize=many", "Page=-1"])
def test_a_page_that_cannot_be_is_refused(simulation, query):
    status, error = ask(simulation, "GET", f"Calls.json?{query}")
    assert (status, error["code"]) == (400, 20001)


@pytest.mark.parametrize("query", ["Calls.json?StartTime%3E=soon", "Messages.json?DateSent%3E=soon"])
def test_a_list_since_no_moment_is_refused(simulation, query):
    status, error = ask(simulation, "GET", query)
    assert (status, error["code"]) == (400, 20001)
    assert "soon" in error["message"]


@pytest.mark.parametrize("sid", ["CA" + "9" * 32, "SM" + "0" * 31 + "1"])
def test_an_unknown_call_is_not_found(simulation, sid):
    ask(simulation, "POST", "Messages.json", MESSAGE)
    status, error = ask(simulation, "GET", f"Calls/{sid}.json")
    assert (status, error["code"], error["status"]) == (404, 20404, 404)


@pytest.mark.parametrize(
    ("what", "form", "code"),
    [
        ("Calls", CALL | {"To": ""}, 21201),
        ("Calls", CALL | {"From": ""}, 21603),
        ("Calls", CALL | {"Url": ""}, 21205),
        ("Calls", CALL | {"Url": "voice"}, 21205),
        ("Calls", CALL | {"StatusCallback": "status"}, 21609),
        ("Calls", CALL | {"To": "13800000001"}, 21211),
        ("Calls", CALL | {"To": "+86138x"}, 21211),
        ("Messages", MESSAGE | {"Body": ""}, 21602),
        ("Messages", MESSAGE | {"Body": "长" * 1601}, 21617),
    ],
)
def test_a_request_with_a_fault_is_refused_with_the_providers_code(simulation, what, form, code):
    status, error = ask(simulation, "POST", f"{what}.json", form)
    assert (status, error["status"], error["code"]) == (400, 400, code)
    assert error["message"]
    assert error["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert ask(simulation, "GET", f"{what}.json")[1][what.lower()] == []


@pytest.mark.parametrize("credentials", ["", f"{ACCOUNT}:wrong", f"AC{'2' * 32}:{TOKEN}"])
def test_without_the_right_credentials_nothing_is_done_or_told(simulation, credentials):
    assert ask(simulation, "POST", "Calls.json", CALL, credentials)[0] == 401
    assert simulation.control("statistics")[1].get("calls") is None
    assert simulation.control("statistics", token="wrong")[0] == 401


def test_another_account_is_not_found(simulation):
    assert ask(simulation, "GET", "Calls.json", account="AC" + "2" * 32)[0] == 404


@pytest.mark.parametrize(
    ("body", "segments"), [("a" * 160, 1), ("a" * 161, 2), ("长" * 70, 1), ("长" * 71, 2), ("长" * 135, 3)]
)
def test_a_message_is_counted_in_segments_of_its_alphabet(simulation, body, segments):
    assert ask(simulation, "POST", "Messages.json", MESSAGE | {"Body": body})[1]["num_segments"] == str(segments)


def test_only_the_events_asked_for_are_called_back(simulation, product):
    form = CALL | {"StatusCallback": f"{product.address}/status/k1"}
    ask(simulation, "POST", "Calls.json", form)
    ask(simulation, "POST", "Calls.json", [*form.items(), ("StatusCallbackEvent", "initiated")])
    simulation.run(minutes=1)
    assert sorted(product.statuses_of("k1")) == ["failed", "initiated"]


def test_new_citizens_forget_what_was_tried_with_the_old_ones(simulation):
    def place() -> int:
        sid = simulation.telephone().place_call(simulation.call_request("k1", phone_of(1)))
        return simulation.engine.contacts[sid].try_number

    assert [place(), place()] == [1, 2]
    simulation.settle()
    assert place() == 1


@pytest.mark.parametrize(
    ("what", "body", "named"),
    [
        ("run", {}, "until"),
        ("run", {"until": "soon"}, "soon"),
        ("population", {"directory": "/nowhere/d.csv", "truth": "t", "hearing": "h", "seed": 1}, "No such file"),
        ("population", {"seed": 1}, "hearing"),
    ],
)
def test_the_control_desk_says_what_is_wrong_with_a_request(simulation, what, body, named):
    status, answer = simulation.control(what, body)
    assert status == 400
    assert named in answer["message"]


def test_without_a_conductor_things_happen_as_the_clock_reaches_them(product):
    clock, stop = SystemClock(), threading.Event()
    engine = create_simulator(ACCOUNT, TOKEN, clock).extensions["engine"]
    thread = threading.Thread(target=engine.run_forever, args=(stop, 0.01))
    thread.start()
    engine.accept(Contact("call", phone_of(1), "+861012340", clock.now(), f"{product.address}/status/k1"))
    try:
        while engine.in_flight():
            stop.wait(0.02)
    finally:
        stop.set()
        thread.join()
    assert product.statuses_of("k1") == ["failed"]
