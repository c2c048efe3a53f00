"""What passes between the product and its provider keeps to our schema of Twilio's API, which lets nothing else through.

Besides, ``simulation`` checks by it whatever any other test here sends and is answered.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evalsys.gateways.twilio import STATUS_EVENTS
from tests.evalsys.gateways.conftest import ACCOUNT
from tests.evalsys.gateways.exchanges import play_every_exchange
from tests.evalsys.gateways.provider_schema import OPERATIONS, answer_faults, request_faults


@pytest.fixture
def exchanges(simulation, product):
    return play_every_exchange(simulation, product)


def first(exchanges, method: str, what: str, status: int):
    """The first exchange of a kind."""
    return next(e for e in exchanges if (e.method, e.status) == (method, status) and f"/{what}" in e.path)


def test_every_request_of_the_product_and_every_answer_of_the_simulator_is_played_and_keeps_to_the_schema(exchanges):
    for operation in OPERATIONS:
        played = [e for e in exchanges if operation.matches(e.method, e.path) and e.status == operation.status]
        assert played, f"{operation.method} {operation.path} was never played"
    assert {e.status for e in exchanges} == {200, 201, 400, 401, 404, 429, 500}
    assert [fault for e in exchanges for fault in answer_faults(e)] == []
    assert [fault for e in exchanges if e.by_product for fault in request_faults(e)] == []


def test_the_product_sends_the_five_requests_that_it_needs_and_no_other(exchanges):
    paths = [(e.method, e.path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}/")) for e in exchanges if e.by_product]
    sent = {(method, re.sub("CA[0-9a-f]{32}", "SID", path)) for method, path in paths}
    four = {(method, f"{what}.json") for method in ("POST", "GET") for what in ("Calls", "Messages")}
    assert sent == four | {("POST", "Calls/SID.json")}


@pytest.mark.parametrize(
    ("what", "change", "fault"),
    [
        ("Calls", {"Urll": "https://example.org"}, "Urll is not known"),
        ("Calls", {"To": None}, "To is missing"),
        ("Calls", {"To": "13800000001"}, "To is '13800000001'"),
        ("Calls", {"Url": "/voice"}, "Url is '/voice'"),
        ("Calls", {"Method": "PUT"}, "Method is 'PUT'"),
        ("Calls", {"MachineDetection": "true"}, "MachineDetection is 'true'"),
        ("Calls", {"StatusCallbackEvent": "busy"}, "StatusCallbackEvent is 'busy'"),
        (
            "Calls",
            {"StatusCallbackEvent": " ".join(STATUS_EVENTS)},
            f"StatusCallbackEvent is {' '.join(STATUS_EVENTS)!r}",
        ),
        ("Messages", {"Body": ""}, "Body is ''"),
        ("Messages", {"Body": None}, "Body is missing"),
        ("Messages", {"Url": "https://example.org"}, "Url is not known"),
        ("Messages", {"StatusCallback": "example.org"}, "StatusCallback is 'example.org'"),
    ],
)
def test_a_request_with_one_parameter_changed_is_a_fault(exchanges, what, change, fault):
    sound = first(exchanges, "POST", what, 201)
    kept = tuple((name, value) for name, value in sound.form if name not in change)
    changed = tuple((name, value) for name, value in change.items() if value is not None)
    assert request_faults(replace(sound, form=kept + changed)) == [f"{sound.described}: {fault}"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ((("To", "+8613800000001"), ("StartTime>", "2026-06-01")), "StartTime> is not known"),
        ((("To", "+8613800000001"), ("PageSize", "1001")), "PageSize is '1001'"),
        ((("To", "+8613800000001"), ("To", "+8613800000002")), "To is given twice"),
        ((("PageSize", "20"),), "To is missing"),
    ],
)
def test_a_list_asked_for_in_another_way_is_a_fault(exchanges, query, fault):
    sound = first(exchanges, "GET", "Calls.json", 200)
    assert request_faults(replace(sound, query=query)) == [f"{sound.described}: {fault}"]


def test_a_request_that_is_not_foreseen_is_a_fault(exchanges):
    sound = first(exchanges, "POST", "Calls", 201)
    assert request_faults(replace(sound, method="DELETE"))
    assert request_faults(replace(sound, path=sound.path.replace("Calls", "Conferences")))


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("Calls", {"colour": "red"}),
        ("Calls", {"sid": "CA1"}),
        ("Calls", {"status": "done"}),
        ("Calls", {"answered_by": "robot"}),
        ("Calls", {"duration": 12}),
        ("Calls", {"date_created": "2026-06-01T02:00:00Z"}),
        ("Calls", {"uri": "https://api.twilio.com/2010-04-01"}),
        ("Calls", {"subresource_uris": []}),
        ("Messages", {"sid": "CA" + "1" * 32}),
        ("Messages", {"status": "in-progress"}),
        ("Messages", {"num_segments": 1}),
        ("Messages", {"error_code": "30005"}),
    ],
)
def test_an_answer_with_one_field_changed_is_a_fault_alone_and_in_a_list(exchanges, what, change):
    one, many = first(exchanges, "POST", what, 201), first(exchanges, "GET", f"{what}.json", 200)
    assert len(answer_faults(replace(one, body=one.body | change))) == 1
    listed = many.body | {what.lower(): [one.body | change]}
    assert len(answer_faults(replace(many, body=listed))) == 1


def test_an_answer_with_a_field_left_out_is_a_fault(exchanges):
    for played in (first(exchanges, "POST", "Calls", 201), first(exchanges, "GET", "Messages.json", 200)):
        for name in played.body:
            less = {key: value for key, value in played.body.items() if key != name}
            assert answer_faults(replace(played, body=less)) == [f"{played.described}: {name} is missing"]


def test_an_error_tells_the_status_that_it_comes_with(exchanges):
    refused = first(exchanges, "POST", "Calls", 429)
    assert answer_faults(replace(refused, body=refused.body | {"status": 400}))
    assert answer_faults(replace(refused, body="Too Many Requests"))
    assert answer_faults(replace(refused, body=refused.body | {"code": "20429"}))
