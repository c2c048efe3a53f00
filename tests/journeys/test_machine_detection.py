"""Answering machines that are told apart before the first page, while it is said, or not at all, as the programme says."""

from __future__ import annotations

import pytest
from twilio.request_validator import RequestValidator

from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from tests.evalsys.fieldwork.working import attempts, interview, keep_one, report
from tests.evalsys.installation import make_open
from tests.journeys.players import VoicePlayer


def call_under(home, machine_detection: str) -> VoicePlayer:
    """A call under way in a round with that rule."""
    place = make_open(home, machine_detection=machine_detection, mode_sequence=["phone"], random_arm_share=0.0)
    case_id = keep_one(place, "voice")
    place.do_job(dial_numbers)
    return VoicePlayer(place, case_id)


@pytest.fixture
def voice(tmp_path) -> VoicePlayer:
    return call_under(tmp_path / "home", "async")


def tell(voice: VoicePlayer, answered_by: str, *, token: str = "") -> int:
    """The provider says who answered; the status of what it hears."""
    settings = voice.place.runtime.settings
    path, form = f"/provider/machine/{voice.key}", {"CallSid": "CA1", "AnsweredBy": answered_by}
    validator = RequestValidator(token or settings.twilio_auth_token)
    signature = validator.compute_signature(settings.public_base_url + path, form)
    return voice.client.post(path, data=form, headers={"X-Twilio-Signature": signature}).status_code


def end(voice: VoicePlayer, **form: str) -> str:
    """The provider reports the end; the outcome of the attempt."""
    report(voice.place, voice.key, "completed", **form)
    voice.place.do_job(apply_callbacks)
    return attempts(voice.place, voice.case_id)[0].outcome


@pytest.mark.parametrize("rule", ["off", "on", "async"])
def test_the_provider_is_asked_for_what_the_programme_says(tmp_path, rule):
    voice = call_under(tmp_path / "home", rule)
    (request,) = voice.place.telephone.placed
    assert request.machine_detection == rule
    base = voice.place.runtime.settings.public_base_url
    assert request.machine_url == (f"{base}/provider/machine/{voice.key}" if rule == "async" else "")


@pytest.mark.parametrize(("answered_by", "outcome"), [("machine_start", "3.14"), ("fax", "4.20")])
def test_a_machine_found_during_the_greeting_is_left_at_its_end(voice, answered_by, outcome):
    voice._dial()
    assert tell(voice, answered_by) == 204
    voice.silence()
    assert [verb.name for verb in voice.verbs] == ["Hangup"]
    assert end(voice) == outcome


def test_who_presses_a_key_is_human_whatever_the_provider_took_them_for(voice):
    voice._dial()
    tell(voice, "machine_start")
    voice._press("1")
    assert tell(voice, "machine_start") == 204
    voice.play(["Q0=1", "silence", "I1=5", "hang up"])
    assert voice.stored()["answers"] == {"Q0": "1", "I1": "5"}
    assert end(voice, AnsweredBy="machine_start") == "2.12"
    assert interview(voice.place, voice.case_id).state == "waiting"


def test_a_human_who_says_nothing_is_asked_again(voice):
    voice._dial()
    tell(voice, "human")
    voice.silence()
    assert "Gather" in [verb.name for verb in voice.verbs]


def test_nobody_but_the_provider_says_who_answered(voice):
    voice._dial()
    assert tell(voice, "machine_start", token="another token") == 403
    voice.silence()
    assert "Gather" in [verb.name for verb in voice.verbs]


def test_a_fax_that_is_known_at_once_ends_the_case(tmp_path):
    voice = call_under(tmp_path / "home", "on")
    voice.fetch(f"{voice.place.runtime.settings.public_base_url}/voice/{voice.key}", AnsweredBy="fax")
    assert end(voice, AnsweredBy="fax") == "4.20"
    assert interview(voice.place, voice.case_id).outcome == "4.20"
