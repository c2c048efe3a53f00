"""A questionnaire with every kind of question leaves the same answers through the web, the telephone, files, an interviewer and paper."""

from __future__ import annotations

import pytest

from evalsys.fieldwork.interviews import load_conversation
from evalsys.fieldwork.jobs import dial_numbers
from tests.evalsys.faces.interviewers import add_people
from tests.evalsys.faces.meeting import make_meeting
from tests.evalsys.fieldwork.call_centre import copy_of_exchange, exchanging
from tests.evalsys.fieldwork.desks import make_staffed
from tests.evalsys.installation import copy_of, make_open, tiny_city
from tests.journeys.every_kind import every_kind
from tests.journeys.players import FilePlayer, InterviewerPlayer, PaperPlayer, Player, VoicePlayer, WebPlayer

ROWS = {"I1": "1", "I2": "2", "I3": "3", "I4": "4", "I5": "5", "I6": "8"}
KINDS = ("M1", "N1", "N2", "D1")
#: steps, and what is stored of M1, N1, N2 and D1
JOURNEYS = {
    "everything answered": (["M1=5;1;3", "N1=9", "N2=1.5", "D1=2026-03-02"], ["1;3;5", "9", "1.5", "2026-03-02"]),
    "nothing known": (["M1=8", "N1=-", "N2=-", "D1=-"], ["8", "", "", ""]),
    "limits and a leap day's neighbour": (["M1=1", "N1=0", "N2=50.0", "D1=2025-02-28"], ["1", "0", "50", "2025-02-28"]),
    "back and change": (
        ["M1=1;2", "N1=3", "back", "N1=4", "N2=0.5", "D1=2026-01-01"],
        ["1;2", "4", "0.5", "2026-01-01"],
    ),
    "broken off and resumed": (
        ["M1=2;4", "N1=10", "hang up", "resume", "N2=2", "D1=2026-05-31"],
        ["2;4", "10", "2", "2026-05-31"],
    ),
}
TOO_MUCH = {"M1": "12345", "N1": "21", "N2": "1*55", "D1": "20260230"}


def _start(player: Player) -> list[str]:
    """Up to the first question of a kind of its own; the rows of the matrix as this case is asked them."""
    rows = [f"{code}={ROWS[code]}" for code in player.questionnaire.order if code in ROWS]
    return ["consent", "Q0=1", *rows, "A1=5", "A2=5", "A3=2", "P1=2"]


def _settings() -> dict:
    choose = {"choose_language": {"any": {"zh": "听中文请按8。", "en": "For English press 8."}}}
    own = tiny_city().configuration["questionnaire"]["questions"]
    return every_kind(own) | {"language_key": "8", "messages": choose}


@pytest.fixture(scope="module")
def _round(tmp_path_factory):
    return make_open(
        tmp_path_factory.mktemp("kinds"), questionnaire=_settings(), mode_sequence=["phone"], random_arm_share=0.0
    )


@pytest.fixture(scope="module")
def _office(tmp_path_factory):
    return add_people(make_staffed(tmp_path_factory.mktemp("kinds-office"), questionnaire=_settings()))


@pytest.fixture(scope="module")
def _meeting(tmp_path_factory):
    return make_meeting(tmp_path_factory.mktemp("kinds-meeting"), questionnaire=_settings())


@pytest.fixture
def players(_round, _office, _meeting, tmp_path):
    called = copy_of(_round, tmp_path / "called")
    called.do_job(dial_numbers)
    first, second = (case for (case,) in called.sql("select case_id from attempt order by case_id limit 2"))
    exchange = copy_of_exchange(exchanging(_round), tmp_path / "exchange")
    desk = InterviewerPlayer(copy_of(_office, tmp_path / "office"))
    paper = PaperPlayer(copy_of(_meeting, tmp_path / "meeting"))
    return WebPlayer(called, first), VoicePlayer(called, second), FilePlayer(exchange), desk, paper


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_kind_of_question_leaves_the_same_answers_whatever_its_channel(players, name):
    steps, values = JOURNEYS[name]
    web, *others = (player.play([*_start(player), *steps]).stored() for player in players)
    assert [web["answers"][code] for code in KINDS] == values
    assert {code: web["answers"][code] for code in ROWS} == ROWS
    assert (web["state"], web["outcome"]) == ("answered", "1.1")
    assert others == [web] * 4


def test_the_telephone_asks_again_after_keys_that_are_no_answer(players):
    voice = players[1].play(_start(players[1]))
    for code, answer in (("M1", "1"), ("N1", "2"), ("N2", "3"), ("D1", "2026-03-02")):
        voice._press(TOO_MUCH[code])
        voice.play([f"{code}={answer}"])
    assert voice.stored()["outcome"] == "1.1"


def test_the_web_says_beside_the_field_what_is_not_right_and_keeps_nothing(players):
    web = players[0].play(_start(players[0]))
    before = web.stored()
    shown = web.client.post(web.at, data={"answer": ["1", "8"]})
    assert shown.status_code == 422 and 'id="answer-error"' in shown.text
    assert web.stored() == before


def test_whoever_goes_over_to_english_leaves_the_same_answers_and_is_remembered_by_it(players):
    steps, _ = JOURNEYS["everything answered"]
    web, voice, files, desk, _paper = players
    stored = [player.play(["speak english", *_start(player), *steps]).stored() for player in (web, voice, files, desk)]
    assert stored == [stored[0]] * 4
    assert stored[0]["outcome"] == "1.1"
    for player in (web, voice, desk):
        told = player.place.sql("select language from interview where case_id = :id", id=player.case_id)
        assert told == [("en",)]


def test_the_order_in_which_a_case_was_asked_stands_nowhere_in_what_is_kept(players):
    voice = players[1].play(["consent", "Q0=1"])
    asked = [code for code in voice.questionnaire.order if code in ROWS]
    for code in asked:
        voice.play([f"{code}={ROWS[code]}"])
    talk = voice.place.act(lambda s, r: load_conversation(s, r, voice.case_id))
    assert list(talk.answers) == sorted(talk.answers)
    assert {code: talk.answers[code] for code in ROWS} == ROWS
