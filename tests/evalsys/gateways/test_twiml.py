"""Reading voice pages: what a provider would play, and what it would refuse."""

from __future__ import annotations

import pytest

from evalsys.gateways.simulator.twiml import TwimlError, Verb, read_page

PAGE = "https://example.org/voice/k1?x=1"


def read(content: str) -> list[Verb]:
    return read_page(f"<Response>{content}</Response>", PAGE)


def test_verbs_come_in_order_with_whole_addresses():
    assert read(
        '<Gather action="q/I1?v=1" timeout="7"><Say>One.</Say><Say>Two.</Say></Gather>'
        '<Pause length="2"/><Say>Again.</Say><Redirect method="POST"> /voice/k1/again </Redirect><Hangup/>'
    ) == [
        Verb("Gather", "One.Two.", "https://example.org/voice/q/I1?v=1", 7.0),
        Verb("Pause", timeout=2.0),
        Verb("Say", "Again."),
        Verb("Redirect", url="https://example.org/voice/k1/again"),
        Verb("Hangup"),
    ]


def test_recordings_are_whole_addresses_and_words_are_heard_however_they_are_said():
    page = '<Gather><Say>Now:</Say><Play> /a.mp3 </Play><Say><prosody rate="90%">slowly</prosody></Say></Gather>'
    (gather,) = read(page)
    assert (gather.text, gather.recordings) == ("Now:slowly", ("https://example.org/a.mp3",))


def test_a_call_is_connected_to_a_number_and_goes_on_at_the_action():
    assert read(
        '<Dial action="/voice/k1/bridged/Q0" timeout="20"><Number>+861012340</Number></Dial><Dial>+861</Dial>'
    ) == [
        Verb("Dial", url="https://example.org/voice/k1/bridged/Q0", timeout=20.0),
        Verb("Dial", timeout=30.0),
    ]


def test_what_is_not_said_has_the_defaults_of_the_provider():
    assert read("<Gather/>") == [Verb("Gather", "", PAGE, 5.0, False)]
    assert read("<Pause/>")[0].timeout == 1.0
    assert read('<Gather actionOnEmptyResult="true"/>')[0].calls_on_silence


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("<Response>", "cannot be read as XML"),
        ("<Page/>", "begins with <Page>"),
        ("<Response><Dial><Number/></Dial></Response>", "<Dial> names no number"),
        ("<Response><Sing/></Response>", "verb <Sing> is not known"),
        ('<Response><Pause length="long"/></Response>', "The length of <Pause> is 'long'"),
        ('<!DOCTYPE r [<!ENTITY e "x">]><Response><Say>&e;</Say></Response>', "cannot be read as XML"),
    ],
)
def test_a_page_that_cannot_be_played_is_refused_with_the_reason(document, sentence):
    with pytest.raises(TwimlError, match=sentence):
        read_page(document, PAGE)
