"""Keys that a programme may give the telephone besides those for answers: another language, a call later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.design.queries import get_round
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from evalsys.fieldwork.rules import rules_of
from tests.evalsys.fieldwork.working import attempts, interview, report
from tests.evalsys.installation import ROUND, copy_of, make_open
from tests.journeys.players import VoicePlayer
from tests.journeys.test_channels import NEGATIVE


def said(zh: str, en: str) -> dict:
    return {"voice": {"zh": zh, "en": en}}


KEYS = {
    "language_key": "8",
    "later_key": "*",
    "messages": {
        "choose_language": said("听中文请按8。", "For English press 8."),
        "offer_later": said("请稍后再打请按星号键。", "To be called later press star."),
        "call_later": said("好的，我们以后再打给您。", "We will call you again later."),
        "offer_interviewer": said("请工作人员接听请按井号键。", "To speak to somebody press hash."),
        "interviewer": said("正在为您转接。", "Connecting you."),
        "no_interviewer": said("暂时无人接听，请继续按键作答。", "Nobody is free; please go on by key."),
    },
    "interviewer_key": "#",
}
#: the interviewers go home an hour before the last call is made; it is ten in the morning
INTERVIEWERS = {"number": "+8653100000001", "hours": [{"from": "09:00", "to": "11:00"}]}
GREETING = "这里是"


@pytest.fixture(scope="module")
def _offering(tmp_path_factory):
    home = tmp_path_factory.mktemp("offering")
    place = make_open(
        home, questionnaire=KEYS, interviewers=INTERVIEWERS, mode_sequence=["phone"], random_arm_share=0.0
    )
    place.do_job(dial_numbers)
    return place


@pytest.fixture
def voice(_offering, tmp_path) -> VoicePlayer:
    """A call under way in a round that offers the keys."""
    place = copy_of(_offering, tmp_path / "home")
    return VoicePlayer(place, place.sql("select min(case_id) from attempt")[0][0])


def heard(voice: VoicePlayer) -> str:
    return " ".join(verb.text for verb in voice.verbs)


def hang_up(voice: VoicePlayer) -> None:
    """The provider reports the end of the call, and the job looks at what follows."""
    report(voice.place, voice.key, "completed", CallDuration="30", AnsweredBy="human")
    voice.place.do_job(apply_callbacks)


def test_a_key_at_the_greeting_repeats_it_in_the_other_language_and_the_interview_keeps_it(voice):
    voice._dial()
    assert GREETING in heard(voice) and "For English press 8." in heard(voice)
    voice._press("8")
    assert "This is" in heard(voice) and "听中文请按8。" in heard(voice) and GREETING not in heard(voice)
    voice.consent()
    assert "have you dealt with" in heard(voice)
    voice.play(["Q0=1", "hang up", "resume"])
    assert "press" in heard(voice) and interview(voice.place, voice.case_id).language == "en"


def test_the_language_can_be_chosen_back(voice):
    voice._dial()
    voice._press("8")
    voice._press("8")
    assert GREETING in heard(voice)
    assert interview(voice.place, voice.case_id).language == "zh"


def test_the_language_key_sent_twice_chooses_the_other_language_once(voice):
    voice._dial()
    greeting = voice._verb("Gather").url
    voice.fetch(greeting, Digits="8")
    voice.fetch(greeting, Digits="8")
    assert "This is" in heard(voice) and interview(voice.place, voice.case_id).language == "en"


def test_after_the_greeting_the_language_key_is_a_wrong_key(voice):
    voice.play(["consent", "Q0=1"])
    voice._press("8")
    assert "按键无效" in heard(voice)


@pytest.mark.parametrize(("steps", "outcome"), [([], "3.21"), (["consent"], "3.21"), (NEGATIVE[:4], "2.21")])
def test_who_asks_for_a_later_call_is_called_on_another_day_in_another_slot_and_goes_on(voice, steps, outcome):
    place = voice.place
    voice.play(steps)
    voice._dial()
    asked_at = place.clock.now()
    voice._press("*")
    assert voice.is_over and "以后再打" in heard(voice)
    hang_up(voice)
    (attempt,), held = attempts(place, voice.case_id), interview(place, voice.case_id)
    assert (attempt.said, attempt.outcome, attempt.counts) == ("call_later", outcome, True)
    assert (held.state, held.outcome, held.next_channel) == ("waiting", "", "voice")
    hours = place.act(lambda s, r: rules_of(get_round(s, ROUND).configuration)).hours
    assert held.due_at >= asked_at + timedelta(days=1) and hours.is_open(held.due_at)
    assert hours.slot_of(held.due_at) != hours.slot_of(asked_at)
    answers = dict(step.split("=") for step in steps[1:])
    assert voice.stored()["answers"] == answers
    voice.play(["hang up", "resume", *NEGATIVE[max(len(steps), 1) :]])
    assert voice.stored()["outcome"] == "1.1"


def test_a_later_call_is_made_though_the_tries_are_used_up(voice):
    place = voice.place
    place.sql("update attempt set number = 5 where case_id = :id", id=voice.case_id)
    for number in range(1, 5):
        place.sql(
            "insert into attempt (round_id, case_id, number, key, channel, caller_id, fence, state, planned_at, outcome, said, counts)"
            " select round_id, case_id, :number, :key, channel, caller_id, fence, 'ended', planned_at, '3.13', '', true from attempt"
            " where case_id = :id and number = 5",
            number=number,
            key=f"earlier{number}",
            id=voice.case_id,
        )
    voice.consent()
    voice._press("*")
    hang_up(voice)
    assert interview(place, voice.case_id).due_at is not None


def test_a_page_fetched_once_more_does_not_take_the_wish_back(voice):
    voice._dial()
    greeting = voice._verb("Gather").url
    voice.consent()
    question = voice._verb("Gather").url
    voice._press("*")
    voice.fetch(greeting, Digits="1")
    voice.fetch(question, Digits="1")
    hang_up(voice)
    assert attempts(voice.place, voice.case_id)[0].said == "call_later"


def bridged(voice: VoicePlayer, status: str) -> None:
    """The provider says what became of the connection to an interviewer."""
    voice.fetch(voice._verb("Dial").url, From="+864000000001", DialCallStatus=status)


@pytest.mark.parametrize(("steps", "outcome"), [([], "3.21"), (NEGATIVE[:4], "2.30")])
def test_who_asks_for_an_interviewer_is_connected_and_the_case_stays_open_with_its_answers(voice, steps, outcome):
    voice.play(steps)
    voice._dial()
    voice.fetch(voice._verb("Gather").url, Digits="#", From="+864000000001")
    assert [verb.name for verb in voice.verbs] == ["Say", "Dial"]
    assert 'callerId="+864000000001"' in voice.document and "+8653100000001</Dial>" in voice.document
    bridged(voice, "completed")
    assert [verb.name for verb in voice.verbs] == ["Hangup"]
    hang_up(voice)
    (attempt,), held = attempts(voice.place, voice.case_id), interview(voice.place, voice.case_id)
    assert (attempt.said, attempt.outcome) == ("interviewer", outcome)
    assert (held.state, held.outcome) == ("waiting", "") and held.due_at > voice.place.clock.now()
    assert voice.stored()["answers"] == dict(step.split("=") for step in steps[1:])


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
@pytest.mark.parametrize("steps", [[], NEGATIVE[:4]], ids=["at the greeting", "at a question"])
def test_where_no_interviewer_answers_the_interview_goes_on_from_there(voice, status, steps):
    voice.play(steps)
    voice._dial()
    asked = voice._verb("Gather").text
    voice._press("#")
    bridged(voice, status)
    assert voice._verb("Gather").text == "暂时无人接听，请继续按键作答。" + asked
    voice.play(NEGATIVE[len(steps) :])
    assert voice.stored()["outcome"] == "1.1"


def test_who_hangs_up_while_an_interviewer_is_rung_has_not_broken_off(voice):
    voice.play(NEGATIVE[:4])
    voice._press("#")
    bridged(voice, "canceled")
    hang_up(voice)
    assert attempts(voice.place, voice.case_id)[0].outcome == "2.30"


def test_outside_the_interviewers_hours_nobody_is_offered_or_rung(voice):
    voice._dial()
    assert "按井号键" in heard(voice)
    voice.place.clock.advance(timedelta(hours=1, minutes=30))
    voice.hang_up()
    voice._dial()
    assert "按井号键" not in heard(voice)
    voice._press("#")
    assert "按键无效" in heard(voice) and "Dial" not in [verb.name for verb in voice.verbs]


def test_nobody_but_the_provider_says_that_an_interviewer_did_not_answer(voice):
    voice.consent()
    voice._press("#")
    answer = voice.client.post(voice._verb("Dial").url, data={"DialCallStatus": "busy"})
    assert answer.status_code == 403


def test_without_keys_nothing_is_offered_and_a_star_is_a_wrong_key(called):
    voice = VoicePlayer(called, called.sql("select min(case_id) from attempt")[0][0])
    voice._dial()
    assert "English" not in heard(voice)
    for key in ("*", "#", "8"):
        voice.hang_up()
        voice._dial()
        voice._press(key)
        assert "按键无效" in heard(voice)
