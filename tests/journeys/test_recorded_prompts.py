"""What the telephone says as a recording, and how fast and in whose voice it says the rest."""

from __future__ import annotations

import pytest

from evalsys.design.queries import get_round
from evalsys.fieldwork.jobs import dial_numbers
from evalsys.fieldwork.rules import rules_of
from evalsys.gateways.simulator.hearing import Hearing
from surveys.instrument import hearing_table
from tests.evalsys.fieldwork.working import keep_one
from tests.evalsys.installation import ROUND, make_open, tiny_city
from tests.journeys.players import VoicePlayer
from tests.journeys.test_channels import NEGATIVE

ADDRESS = "https://recordings.example/{unit_code}/Q0-%s.mp3"
RECORDING = {"zh": ADDRESS % "zh", "en": ADDRESS % "en"}


@pytest.fixture
def voice(tmp_path) -> VoicePlayer:
    """A call under way in a round whose screener is recorded; the rest is said slowly, in a named voice."""
    questions = [dict(question) for question in tiny_city().configuration["questionnaire"]["questions"]]
    questions[0]["recording"] = RECORDING
    place = make_open(
        tmp_path / "home",
        questionnaire={"questions": questions},
        speech_rate=85,
        speech_voice={"zh": "Polly.Zhiyu", "en": "Polly.Amy"},
        mode_sequence=["phone"],
        random_arm_share=0.0,
    )
    case_id = keep_one(place, "voice")
    place.do_job(dial_numbers)
    return VoicePlayer(place, case_id)


def test_a_recorded_question_is_played_for_its_unit_and_answered_as_any_other(voice):
    voice.consent()
    unit = voice.place.sql("select unit_code from interview where case_id = :id", id=voice.case_id)[0][0]
    gather = voice._verb("Gather")
    assert (gather.text, gather.recordings) == ("", (RECORDING["zh"].replace("{unit_code}", unit),))
    voice.play(NEGATIVE[1:])
    assert voice.stored()["outcome"] == "1.1"


def test_after_a_wrong_key_the_notice_is_said_and_the_recording_played_again(voice):
    voice.consent()
    voice.wrong_key()
    gather = voice._verb("Gather")
    assert "按键无效" in gather.text and len(gather.recordings) == 1


def test_a_listener_knows_the_recording_for_what_it_asks(voice):
    configuration = voice.place.act(lambda s, r: get_round(s, ROUND).configuration.content)
    voice.consent()
    hearing = Hearing(hearing_table(configuration))
    assert hearing.recognise(hearing.transcribe(voice._verb("Gather").recordings[0])) == ("Q0", "zh")


def test_what_is_not_recorded_is_said_at_the_rate_and_in_the_voice_of_the_programme(voice):
    voice._dial()
    assert '<Say voice="Polly.Zhiyu"><prosody rate="85%">您好' in voice.document
    assert voice._verb("Gather").text.startswith("您好")


def test_without_such_settings_a_plain_voice_says_everything(called):
    voice = VoicePlayer(called, called.sql("select min(case_id) from attempt")[0][0])
    assert called.act(lambda s, r: rules_of(get_round(s, ROUND).configuration).speech_rate) is None
    voice._dial()
    assert '<Say language="zh-CN">您好' in voice.document and "prosody" not in voice.document
