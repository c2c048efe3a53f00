"""Opening a link records nothing, and nobody but the provider speaks for the provider."""

from __future__ import annotations

from base64 import b32decode

import numpy as np
import pytest
from twilio.request_validator import RequestValidator

from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case
from tests.journeys.players import WebPlayer

HARM = "<svg onload=alert(1)>"


def everything(place) -> list:
    tables = ("interview", "attempt", "status_receipt", "opt_out", "audit_entry")
    return [place.sql(f"select * from {table}") for table in tables]


@pytest.fixture
def web(called):
    return WebPlayer(called, called.sql("select min(case_id) from attempt")[0][0])


def test_a_link_opened_a_hundred_times_records_nothing_and_stays_valid(web):
    before = everything(web.place)
    for number in range(50):
        for method in (web.client.get, web.client.head):
            assert method(web.link if number % 2 else f"{web.link}/I1").status_code in (200, 302)
    assert everything(web.place) == before
    web.play(["consent", "Q0=1"])
    assert web.stored()["answers"] == {"Q0": "1"}


@pytest.mark.parametrize("path", ["", "/I1", "/bye"])
def test_an_unknown_link_is_answered_politely_and_with_404(called, path):
    client = called.app.test_client()
    answer = client.get(f"/q/{'a' * 26}{path}?lang=en")
    assert answer.status_code == 404
    assert "<h1" in answer.text
    assert client.post(f"/q/{'a' * 26}").status_code == 404


def test_a_link_never_tells_where_it_was_opened_from_and_is_not_kept(web):
    answer = web.client.get(web.link)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def forged(place, kind: str):
    """A status callback that is genuine but for one thing."""
    settings = place.runtime.settings
    key = place.sql("select min(key) from attempt")[0][0]
    path = f"/provider/status/{key}"
    form = {"CallSid": "CA1", "CallStatus": "no-answer"}
    base = settings.public_base_url
    headers = {}
    if kind in ("Host", "X-Forwarded-Host"):
        base, headers = "http://evil.example.org", {kind: "evil.example.org"}
    token = "another token" if kind == "forged" else settings.twilio_auth_token
    signature = RequestValidator(token).compute_signature(base + path, form)
    if kind == "changed parameter":
        form["CallStatus"] = "completed"
    if kind == "further parameter":
        form["AnsweredBy"] = "human"
    if kind == "other call":
        path = f"/provider/status/{place.sql('select max(key) from attempt')[0][0]}"
    if kind != "missing":
        headers["X-Twilio-Signature"] = signature
    return place.app.test_client().post(path, data=form, headers=headers)


@pytest.mark.parametrize(
    "kind",
    ["missing", "forged", "changed parameter", "further parameter", "other call", "Host", "X-Forwarded-Host"],
)
def test_a_callback_that_the_provider_did_not_sign_so_is_refused_and_changes_nothing(called, kind):
    before = everything(called)
    assert forged(called, kind).status_code == 403
    assert everything(called) == before


def written_back(place, text: str, *, token: str = ""):
    """What somebody writes back to a message, as the provider passes it on."""
    settings = place.runtime.settings
    case_id = place.sql("select min(case_id) from attempt")[0][0]
    sender = place.act(lambda s, r: read_phone(r, s.get(Case, case_id).record))
    form = {"From": sender, "To": "+864000000001", "Body": text, "MessageSid": "SM1", "NumMedia": "0"}
    signer = RequestValidator(token or settings.twilio_auth_token)
    signature = signer.compute_signature(f"{settings.public_base_url}/provider/message", form)
    return place.app.test_client().post("/provider/message", data=form, headers={"X-Twilio-Signature": signature})


def test_a_stop_word_that_the_provider_did_not_pass_on_opts_nobody_out(called):
    before = everything(called)
    assert written_back(called, "退订", token="another token").status_code == 403
    assert called.app.test_client().post("/provider/message", data={"Body": "退订"}).status_code == 403
    assert everything(called) == before


def test_a_stop_word_that_the_provider_passes_on_opts_out_and_nothing_else_that_is_written_is_kept(called):
    before = everything(called)
    assert written_back(called, "办得很好").status_code == 204
    assert everything(called) == before
    answer = written_back(called, "退订")
    assert (answer.status_code, answer.text) == (204, "")
    assert called.sql("select count(*) from opt_out") == [(1,)]
    assert called.sql("select outcome from interview where state = 'ended'") == [("2.11",)]


def test_the_same_callback_is_taken_once_it_is_genuine(called):
    assert forged(called, "genuine").status_code == 204
    assert called.sql("select status from status_receipt") == [("no-answer",)]


@pytest.mark.parametrize("path", ["", "/consent/zh/0", "/q/Q0/0/0", "/bridged/Q0"])
def test_a_voice_page_without_signature_is_refused(called, path):
    key = called.sql("select min(key) from attempt")[0][0]
    before = everything(called)
    answer = called.app.test_client().post(f"/voice/{key}{path}", data={"Digits": "3"})
    assert answer.status_code == 403
    assert everything(called) == before


def test_forged_links_hit_nobody_in_a_month_of_a_thousand_a_second(web):
    """Tokens have 128 bits: of forged ones 1,000/s × 30 days × 42,000 live links / 2^128 are expected to hit."""
    tokens = [web.place.runtime.keyring.link_token(cid) for (cid,) in web.place.sql('SELECT cid FROM "case"')]
    assert {len(b32decode(f"{token.upper()}======")) for token in tokens} == {16}
    # Every bit is set in about half of them: none is constant, so that no part of the space is empty.
    bits = np.unpackbits(np.array([list(b32decode(f"{token.upper()}======")) for token in tokens], np.uint8), axis=1)
    assert len(set(tokens)) == len(tokens) and np.all(np.abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(tokens)))
    assert 1_000 * 30 * 86_400 * 42_000 / 2**128 < 1e-18
    client, before = web.place.app.test_client(), everything(web.place)
    codes = {client.get(f"/q/{token[:-1]}{'a' if token[-1] != 'a' else 'b'}").status_code for token in tokens[:40]}
    assert codes == {404} and everything(web.place) == before


def test_a_spoofed_host_leads_nobody_astray(web):
    client = web.place.app.test_client()
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
        shown = client.get(web.link, headers=headers)
        begun = client.post(web.link, data={"choice": "begin"}, headers=headers)
        assert b"evil.example" not in shown.data and "evil.example" not in begun.headers.get("Location", "")


def test_markup_in_a_name_or_an_answer_stays_text(web):
    web.place.sql("UPDATE round_unit SET name_zh = :name, name_en = :name", name=HARM)
    for path in (web.link, f"{web.link}?lang=en"):
        page = web.client.get(path).text
        assert "<svg" not in page and "&lt;svg onload" in page
    web.play(["consent", "Q0=1"])
    answer = web.client.post(web.at, data={"answer": HARM})
    assert answer.status_code == 422 and "<svg" not in answer.text
