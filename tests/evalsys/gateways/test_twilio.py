"""The client of the official SDK: what it sends, how its errors are told apart, and the check of signatures."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from flask import Flask, jsonify, request

from evalsys.base.config import read_settings
from evalsys.gateways import make_telephone
from evalsys.gateways.files import CallCentreFiles
from evalsys.gateways.port import CallRequest, MessageRequest, ProviderRefused, ProviderUnknown
from evalsys.gateways.twilio import TwilioTelephone, verify_signature
from tests.evalsys.gateways.conftest import ACCOUNT, TOKEN
from tests.services.ports import find_free_port
from tests.services.serving import serving

CALL = CallRequest(
    "k1", "+8613800000001", "+861012340", "https://example.org/voice/k1", "https://example.org/status/k1"
)
MESSAGE = MessageRequest("k2", "+8613800000002", "+861012340", "请您评价", "https://example.org/status/k2")
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_published_example_of_a_signature_is_accepted():
    assert verify_signature("12345", "https://mycompany.com", "/myapp.php?foo=1&bar=2", FORM, SIGNATURE)


@pytest.mark.parametrize(
    ("token", "base", "path", "form", "signature"),
    [
        ("12346", "https://mycompany.com", "/myapp.php?foo=1&bar=2", FORM, SIGNATURE),
        ("12345", "https://another.com", "/myapp.php?foo=1&bar=2", FORM, SIGNATURE),
        ("12345", "https://mycompany.com", "/myapp.php?bar=2&foo=1", FORM, SIGNATURE),
        ("12345", "https://mycompany.com", "/myapp.php?foo=1&bar=2", FORM | {"Digits": "1235"}, SIGNATURE),
        ("12345", "https://mycompany.com", "/myapp.php?foo=1&bar=2", FORM, SIGNATURE[:-2] + "9="),
        ("12345", "https://mycompany.com", "/myapp.php?foo=1&bar=2", FORM, ""),
    ],
)
def test_another_token_host_path_form_or_signature_is_refused(token, base, path, form, signature):
    assert not verify_signature(token, base, path, form, signature)


@pytest.fixture
def provider():
    """A provider that keeps what it was sent and answers as told: ``(received, answers)``."""
    received, answers = [], [(201, {"sid": "CA" + "a" * 32, "status": "queued"})]
    app = Flask("provider")

    @app.post("/2010-04-01/Accounts/<account>/<what>.json")
    def take(account: str, what: str):
        received.append((account, what, request.authorization, request.form.to_dict(flat=False)))
        status, body = answers[-1]
        return body if isinstance(body, str) else jsonify(body), status

    with serving(app) as address:
        yield TwilioTelephone(ACCOUNT, TOKEN, address), received, answers


def test_a_call_asks_for_every_event_and_for_machine_detection(provider):
    telephone, received, _ = provider
    assert telephone.place_call(CALL) == "CA" + "a" * 32
    account, what, credentials, form = received[0]
    assert (account, what, credentials.username, credentials.password) == (ACCOUNT, "Calls", ACCOUNT, TOKEN)
    assert form == {
        "To": [CALL.to],
        "From": [CALL.caller_id],
        "Url": [CALL.voice_url],
        "Method": ["POST"],
        "StatusCallback": [CALL.status_url],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "MachineDetection": ["Enable"],
    }


def test_machines_are_told_apart_not_at_all_or_while_the_call_goes_on_where_a_programme_says_so(provider):
    telephone, received, _ = provider
    telephone.place_call(replace(CALL, machine_detection="off"))
    telephone.place_call(replace(CALL, machine_detection="async", machine_url="https://example.org/machine/k1"))
    off, meanwhile = (
        {name: form[name] for name in form if "Machine" in name or "Amd" in name} for *_, form in received
    )
    assert off == {}
    assert meanwhile == {
        "MachineDetection": ["Enable"],
        "AsyncAmd": ["true"],
        "AsyncAmdStatusCallback": ["https://example.org/machine/k1"],
        "AsyncAmdStatusCallbackMethod": ["POST"],
    }


def test_a_message_carries_its_text_and_where_to_report(provider):
    telephone, received, _ = provider
    telephone.send_message(MESSAGE)
    assert received[0][1] == "Messages"
    assert received[0][3] == {
        "To": [MESSAGE.to],
        "From": [MESSAGE.sender],
        "Body": [MESSAGE.body],
        "StatusCallback": [MESSAGE.status_url],
    }


@pytest.mark.parametrize(
    ("status", "code", "later"), [(400, 21211, False), (403, 20003, False), (429, 20429, True), (429, 63018, True)]
)
def test_a_refusal_is_told_with_its_code_and_whether_to_come_again(provider, status, code, later):
    telephone, _, answers = provider
    answers.append((status, {"code": code, "message": "No.", "status": status}))
    with pytest.raises(ProviderRefused) as refused:
        telephone.place_call(CALL)
    assert (refused.value.code, refused.value.retry_later) == (str(code), later)


def test_an_error_in_the_providers_newer_shape_is_read_alike(provider):
    """RFC 9457 problem details, which the SDK raises as an exception of another family."""
    telephone, _, answers = provider
    problem = {"type": "https://example.org/21211", "title": "Invalid", "detail": "No such number.", "code": 21211}
    answers.append((400, problem | {"status": 400}))
    with pytest.raises(ProviderRefused, match="No such number") as refused:
        telephone.place_call(CALL)
    assert (refused.value.code, refused.value.retry_later) == ("21211", False)
    answers.append((503, problem | {"status": 503}))
    with pytest.raises(ProviderUnknown):
        telephone.place_call(CALL)


@pytest.mark.parametrize("body", ["<html>a proxy's page</html>", "", "[]", '"done"', "null", "{}"])
def test_a_success_that_cannot_be_read_may_have_been_accepted(provider, body):
    telephone, _, answers = provider
    answers.append((201, body))
    with pytest.raises(ProviderUnknown):
        telephone.place_call(CALL)


@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_an_error_of_the_providers_own_leaves_it_unknown_whether_the_call_is_made(provider, status):
    telephone, _, answers = provider
    answers.append((status, {"code": 20500, "message": "Oh.", "status": status}))
    with pytest.raises(ProviderUnknown):
        telephone.place_call(CALL)


def test_where_nobody_listens_the_request_was_certainly_not_accepted():
    telephone = TwilioTelephone(ACCOUNT, TOKEN, f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(ProviderRefused) as refused:
        telephone.place_call(CALL)
    assert refused.value.retry_later


@pytest.mark.parametrize("silent", [True, False], ids=["no answer in time", "connection closed"])
def test_a_request_that_was_sent_but_not_answered_may_have_been_accepted(silent):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                if silent:
                    done.wait(10)

        thread = threading.Thread(target=take)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with pytest.raises(ProviderUnknown):
                TwilioTelephone(ACCOUNT, TOKEN, address, time_out_seconds=0.3).place_call(CALL)
        finally:
            done.set()
            thread.join()


def test_many_threads_may_use_one_telephone(provider):
    telephone, received, _ = provider
    sids = []
    threads = [threading.Thread(target=lambda: sids.append(telephone.place_call(CALL))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sids) == len(received) == 12


@pytest.fixture
def everything_is_logged():
    """Logging as it is before an application configures it: also what only a developer reads."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("everything_is_logged")
def test_no_number_and_no_text_is_written_to_the_log(provider, capsys):
    telephone, _, _ = provider
    telephone.place_call(CALL)
    telephone.send_message(MESSAGE)
    written = "".join(capsys.readouterr())
    assert "provider request" in written
    assert CALL.to[1:] not in written
    assert MESSAGE.body not in written


@pytest.mark.usefixtures("everything_is_logged")
def test_a_failed_request_is_logged_with_its_kind_and_without_the_number_searched_for(capsys):
    telephone = TwilioTelephone(ACCOUNT, TOKEN, f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(ProviderRefused):
        telephone.find_calls(CALL.to, datetime(2026, 6, 1, tzinfo=UTC))
    written = "".join(capsys.readouterr())
    assert "provider request" in written
    assert "ConnectionError" in written
    assert CALL.to[1:] not in written


@pytest.mark.parametrize(
    ("name", "kind"), [("simulator", TwilioTelephone), ("twilio", TwilioTelephone), ("files", CallCentreFiles)]
)
def test_the_settings_name_the_provider(name, kind):
    assert type(make_telephone(read_settings({"EVALSYS_TELEPHONE": name}))) is kind
