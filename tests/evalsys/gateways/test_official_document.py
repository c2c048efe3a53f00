"""How exchanges are held against a provider's own OpenAPI document, shown with a small made-up one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.evalsys.gateways import check_official
from tests.evalsys.gateways.exchanges import play_every_exchange
from tests.evalsys.gateways.official_document import OfficialDocument
from tests.evalsys.gateways.provider_schema import Exchange

ACCOUNT = "AC" + "1" * 32
SID = {"type": "string", "minLength": 34, "maxLength": 34, "pattern": "^AC[0-9a-f]{32}$"}
PATH_PARAMETER = {"name": "AccountSid", "in": "path", "schema": SID, "required": True}
DOCUMENT = {
    "openapi": "3.0.1",
    "paths": {
        "/2010-04-01/Accounts/{AccountSid}/Calls.json": {
            "post": {
                "parameters": [PATH_PARAMETER],
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["To"],
                                "properties": {
                                    "To": {"type": "string", "minLength": 1},
                                    "Method": {"type": "string", "enum": ["GET", "POST"]},
                                    "Timeout": {"type": "integer"},
                                    "Record": {"type": "boolean"},
                                    "StatusCallbackEvent": {"type": "array", "items": {"type": "string"}},
                                },
                            }
                        }
                    }
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/call"}}}}
                },
            },
            "get": {
                "parameters": [
                    PATH_PARAMETER,
                    {"name": "PageSize", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "calls": {"type": "array", "items": {"$ref": "#/components/schemas/call"}}
                                    },
                                }
                            }
                        }
                    }
                },
            },
        }
    },
    "components": {
        "schemas": {
            "call": {
                "type": "object",
                "properties": {
                    "status": {"$ref": "#/components/schemas/status"},
                    "duration": {"type": "string", "nullable": True},
                    "start_time": {"type": "string", "format": "date-time-rfc-2822", "nullable": True},
                },
            },
            "status": {"type": "string", "enum": ["queued", "completed"]},
        }
    },
}
CALL = {"status": "queued", "duration": None, "start_time": "Mon, 01 Jun 2026 02:00:00 +0000"}
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
FORM = (("To", "+8613800000001"), ("StatusCallbackEvent", "initiated"), ("StatusCallbackEvent", "completed"))
CREATED = Exchange("POST", PATH, (), FORM, 201, CALL, True)
LISTED = Exchange("GET", PATH, (("PageSize", "20"),), (), 200, {"calls": [CALL]}, True)


@pytest.fixture
def document():
    return OfficialDocument(DOCUMENT)


def test_a_sound_request_and_its_answer_have_no_faults(document):
    for exchange in (CREATED, LISTED):
        assert document.request_faults(exchange) == []
        assert document.answer_faults(exchange) == []


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ((), "To is missing"),
        ((("To", ""),), "To: '' should be non-empty"),
        ((("To", "+1"), ("To", "+2")), "To is given 2 times"),
        ((("To", "+1"), ("Colour", "red")), "Colour is not documented"),
        ((("To", "+1"), ("Method", "PUT")), "Method: 'PUT' is not one of ['GET', 'POST']"),
        ((("To", "+1"), ("Timeout", "long")), "Timeout: 'long' is not of type 'integer'"),
        ((("To", "+1"), ("Record", "yes")), "Record: 'yes' is not of type 'boolean'"),
    ],
)
def test_a_form_that_the_document_does_not_allow_is_told_in_a_sentence(document, form, fault):
    assert document.request_faults(replace(CREATED, form=form)) == [f"{CREATED.described}: {fault}"]


def test_words_of_a_form_are_read_as_the_type_that_the_document_gives_them(document):
    assert document.request_faults(replace(CREATED, form=(*FORM, ("Timeout", "25"), ("Record", "true")))) == []


def test_a_request_to_an_undocumented_address_or_by_another_method_is_a_fault(document):
    assert document.request_faults(replace(CREATED, method="DELETE"))
    assert document.request_faults(replace(CREATED, path=PATH.replace("Calls", "Conferences")))
    assert document.request_faults(replace(CREATED, path=PATH.replace(ACCOUNT, "AC1")))
    assert document.request_faults(replace(LISTED, query=(("PageSize", "1001"),)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "done"}, "'done' is not one of"),
        ({"status": None}, "None is not"),
        ({"duration": 12}, "12 is not of type 'string'"),
        ({"start_time": "2026-06-01T02:00:00Z"}, "is not a 'date-time-rfc-2822'"),
        ({"colour": "red"}, "colour is not documented"),
    ],
)
def test_an_answer_that_the_document_does_not_allow_is_a_fault_alone_and_in_a_list(document, change, fault):
    alone = document.answer_faults(replace(CREATED, body=CALL | change))
    listed = document.answer_faults(replace(LISTED, body={"calls": [CALL, CALL | change]}))
    assert any(fault in sentence for sentence in alone)
    assert any(fault in sentence for sentence in listed)


def test_an_answer_that_leaves_out_what_the_provider_always_sends_is_a_fault(document):
    for name in CALL:
        less = {key: value for key, value in CALL.items() if key != name}
        assert document.answer_faults(replace(CREATED, body=less)) == [f"{CREATED.described}: {name} is missing"]


def test_a_success_that_is_not_documented_is_a_fault_and_an_error_is_not(document):
    assert document.answer_faults(replace(CREATED, status=200))
    assert document.answer_faults(replace(CREATED, status=429, body={"code": 20429})) == []


def test_requests_that_the_document_refuses_and_our_schema_lets_through_are_told(document, simulation, product):
    requests = [e for e in play_every_exchange(simulation, product) if e.by_product and e.path.endswith("/Calls.json")]
    # This document knows no From, so every call of the product is one that only our schema lets through.
    assert any("From is not documented" in sentence for sentence in check_official.leniencies(document, requests))
    # A request for a list is refused by both or by ours alone, but for To, which this document does not know.
    lists = [replace(request, query=(("PageSize", "20"),)) for request in requests if request.method == "GET"]
    assert list(check_official.leniencies(document, lists)) == []


def test_the_program_ends_with_a_status_and_a_sentence(tmp_path, capsys):
    file = tmp_path / "document.json"
    assert check_official.check(str(file)) == 2
    assert "cannot be read" in capsys.readouterr().err
    for text in ("{", "[]", '{"openapi": "3.1.0", "paths": {"/": {}}}', '{"openapi": "3.0.1"}'):
        file.write_text(text)
        assert check_official.check(str(file)) == 2
        assert capsys.readouterr().err
    file.write_text(json.dumps(DOCUMENT))
    assert check_official.check(str(file)) == 1
    told = capsys.readouterr()
    assert "/Messages.json → 201: no such request is documented" in told.err
    assert "violations of" in told.out
