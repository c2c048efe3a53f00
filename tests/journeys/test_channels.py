"""The same journey through the web, the telephone, a call centre's files, an interviewer and paper leaves identical answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from evalsys.faces.voice import routes
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import load_call
from tests.journeys.players import FilePlayer, InterviewerPlayer, PaperPlayer, VoicePlayer, WebPlayer

CODES = ("I1", "I2", "I3", "I4", "I5", "I6")


def rated(value: str, *, a: tuple[str, str, str], p: str) -> list[str]:
    """All questions from the screener on, the six indicators answered alike."""
    extra = [f"{code}={one}" for code, one in zip(("A1", "A2", "A3"), a, strict=True)]
    return ["Q0=1", *(f"{code}={value}" for code in CODES), *extra, f"P1={p}"]


POSITIVE = ["consent", *rated("1", a=("1", "1", "1"), p="2")]
NEGATIVE = ["consent", *rated("5", a=("5", "5", "2"), p="1")]
JOURNEYS = {
    "all positive": (POSITIVE, "answered", "1.1"),
    "all negative": (NEGATIVE, "answered", "1.1"),
    "don't know throughout": (["consent", *rated("8", a=("8", "8", "9"), p="9")], "answered", "1.1"),
    "back and change": (
        ["consent", "Q0=1", "I1=1", "I2=2", "back", "I2=5", *POSITIVE[4:]],
        "answered",
        "1.1",
    ),
    "back twice and change": (
        ["consent", "Q0=1", "I1=1", "I2=2", "back", "back", "I1=4", *POSITIVE[4:]],
        "answered",
        "1.1",
    ),
    "wrong keys": (
        ["consent", "Q0=1", "wrong key", "wrong key", "I1=3", "wrong key", *POSITIVE[3:]],
        "answered",
        "1.1",
    ),
    "silence and then an answer": (["consent", "Q0=1", "silence", "silence", *NEGATIVE[2:]], "answered", "1.1"),
    "not a user": (["consent", "Q0=2"], "ended", "4.10"),
    "changed to not a user": (["consent", "Q0=1", "I1=5", "back", "back", "Q0=2"], "ended", "4.10"),
    "break-off": (["consent", "Q0=1", "I1=5", "I2=4", "hang up"], "open", ""),
    "break-off and resume": (
        ["consent", "Q0=1", "I1=5", "I2=5", "hang up", "resume", *NEGATIVE[4:]],
        "answered",
        "1.1",
    ),
    "decline": (["decline"], "ended", "2.11"),
    "opt out": (["opt out"], "ended", "2.11"),
}


@pytest.fixture
def players(called):
    first, second = (case for (case,) in called.sql("select case_id from attempt order by case_id limit 2"))
    return WebPlayer(called, first), VoicePlayer(called, second)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_leaves_the_same_answers_whatever_its_channel(players, name):
    steps, state, outcome = JOURNEYS[name]
    web, voice = (player.play(steps).stored() for player in players)
    assert web == voice
    assert (web["state"], web["outcome"]) == (state, outcome)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_through_a_call_centres_files_leaves_the_same_answers_as_on_the_web(players, exchange, name):
    steps, state, outcome = JOURNEYS[name]
    web, files = players[0].play(steps).stored(), FilePlayer(exchange).play(steps).stored()
    assert files == web
    assert (files["state"], files["outcome"]) == (state, outcome)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_at_an_interviewers_desk_leaves_the_same_answers_as_on_the_web(players, office, name):
    steps, state, outcome = JOURNEYS[name]
    web, desk = players[0].play(steps).stored(), InterviewerPlayer(office).play(steps).stored()
    assert desk == web
    assert (desk["state"], desk["outcome"]) == (state, outcome)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_on_paper_leaves_the_same_answers_as_on_the_web(players, meeting, name):
    steps, state, outcome = JOURNEYS[name]
    web, paper = players[0].play(steps).stored(), PaperPlayer(meeting).play(steps).stored()
    assert paper == web
    assert (paper["state"], paper["outcome"]) == (state, outcome)


def test_a_bad_rating_takes_as_many_steps_as_a_good_one(players):
    assert len(POSITIVE) == len(NEGATIVE)
    for player in players:
        player.play(NEGATIVE)
        assert player.pages == len(POSITIVE)
        assert player.stored()["state"] == "answered"


def test_an_all_negative_call_fetches_as_many_pages_as_an_all_positive_one(players):
    good = VoicePlayer(players[0].place, players[0].case_id).play(POSITIVE)
    bad = players[1].play(NEGATIVE)
    assert good.is_over and bad.is_over
    assert bad.fetched == good.fetched == 1 + len(POSITIVE)


def test_what_was_answered_is_what_is_stored(players):
    for player in players:
        answers = player.play(NEGATIVE).stored()["answers"]
        assert answers == dict(step.split("=") for step in NEGATIVE[1:])


def test_an_opt_out_is_remembered_in_both_channels(players):
    for player in players:
        player.play(["opt out"])
    assert players[0].place.sql("select count(*) from opt_out") == [(2,)]


def test_a_call_says_goodbye_after_the_third_silence_and_keeps_what_was_said(players):
    voice = players[1].play(["consent", "Q0=1", "I1=5", "silence", "silence"])
    assert not voice.is_over
    voice.play(["silence"])
    assert voice.is_over
    assert voice.stored() == {"answers": {"Q0": "1", "I1": "5"}, "state": "open", "outcome": ""}


def test_a_machine_hears_nothing_and_is_asked_nothing(players):
    voice = players[1]
    voice.fetch(f"{voice.place.runtime.settings.public_base_url}/voice/{voice.key}", AnsweredBy="machine_start")
    assert [verb.name for verb in voice.verbs] == ["Hangup"]
    assert voice.place.sql("select said from attempt where key = :key", key=voice.key) == [("machine",)]


def test_an_answer_sent_twice_is_recorded_once(players):
    voice = players[1].play(["consent", "Q0=1"])
    url = voice._verb("Gather").url
    voice.fetch(url, Digits="5")
    voice.fetch(url, Digits="1")
    assert voice.stored()["answers"] == {"Q0": "1", "I1": "5"}


@pytest.mark.parametrize("at_consent", [True, False])
def test_a_call_overtaken_by_the_web_at_that_very_moment_thanks_and_ends(players, monkeypatch, at_consent):
    """Between the reading of the interview and the keeping of what was pressed, the same respondent ends it on the web."""
    voice = players[1]
    web = WebPlayer(voice.place, voice.case_id).play(NEGATIVE[:-1])
    if at_consent:
        web._send(web.at, answer="1")
        voice._dial()
    else:
        voice.consent()
    to_come = [{"answer": "said on the web"} if at_consent else {"answer": "1"}]

    def load_then_be_overtaken(session, runtime, key):
        talk = load_call(session, runtime, key)
        if to_come:
            web._send(web.at, **to_come.pop())
            if not at_consent:
                web._send(web.at, answer="")
        return talk

    monkeypatch.setattr(routes, "load_call", load_then_be_overtaken)
    voice._press("1")
    assert [verb.name for verb in voice.verbs] == ["Say", "Hangup"]
    assert voice.stored()["outcome"] == "1.1"


@pytest.mark.parametrize(("hours", "closes"), [(11, False), (1, True)])
def test_a_call_answered_out_of_hours_or_after_close_says_goodbye_and_asks_nothing(players, hours, closes):
    voice = players[1]
    voice.place.clock.advance(timedelta(hours=hours))
    if closes:
        voice.place.on_round(close_round, actor="chair")
    voice.fetch(f"{voice.place.runtime.settings.public_base_url}/voice/{voice.key}", AnsweredBy="human")
    assert [verb.name for verb in voice.verbs] == ["Say", "Hangup"]


def test_an_answer_on_the_web_after_close_changes_nothing(players):
    web = players[0].play(["consent", "Q0=1", "I1=5", "I2=5"])
    web.place.on_round(close_round, actor="chair")
    before = web.place.sql("select * from interview")
    assert web.client.post(f"{web.link}/I3", data={"answer": "1"}).status_code == 200
    assert web.place.sql("select * from interview") == before


def test_fifty_submissions_of_one_link_at_once_leave_one_answer(players):
    web = players[0].play(NEGATIVE[:-1])
    web._send(web.at, answer="1")

    def submit(number: int) -> int:
        client = web.place.app.test_client()
        return client.post(f"{web.link}/P2", data={"answer": f"comment {number}"}, follow_redirects=True).status_code

    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(submit, range(50)))
    assert set(codes) == {200}
    assert web.stored()["outcome"] == "1.1"
    version = web.place.sql("select version from interview where case_id = :id", id=web.case_id)[0][0]
    assert version == len(NEGATIVE), "each question once, the last one by one submission only"
