"""A link and a call of one interview go on from each other, lose nothing, and show nothing to whoever comes after."""

from __future__ import annotations

import pytest

from tests.journeys.players import VoicePlayer, WebPlayer
from tests.journeys.test_channels import NEGATIVE


@pytest.fixture
def case(called) -> int:
    return called.sql("select min(case_id) from attempt")[0][0]


@pytest.fixture
def web(called, case) -> WebPlayer:
    return WebPlayer(called, case)


@pytest.fixture
def voice(called, case) -> VoicePlayer:
    return VoicePlayer(called, case)


def answers_of(steps: list[str]) -> dict[str, str]:
    return dict(step.split("=") for step in steps if "=" in step)


def test_an_interview_begun_by_telephone_is_finished_on_the_web(web, voice):
    voice.play([*NEGATIVE[:4], "hang up"])
    web.play(["resume", *NEGATIVE[4:]])
    assert web.stored() == {"answers": answers_of(NEGATIVE), "state": "answered", "outcome": "1.1"}


def test_a_call_after_a_web_interview_that_lacks_only_the_comment_finishes_it(web, voice):
    """The telephone never asks for the comment, so nothing is left to ask."""
    web.play(NEGATIVE[:-1])
    web.client.post(f"{web.link}/P1", data={"answer": "1"})
    assert web.stored()["state"] == "open"
    voice.play(["consent"])
    assert voice.is_over
    assert voice.stored() == {"answers": answers_of(NEGATIVE), "state": "answered", "outcome": "1.1"}


def test_a_key_pressed_after_the_web_was_quicker_finishes_and_overwrites_nothing(web, voice):
    voice.play(["consent", "Q0=1"])
    web.play(["resume", *NEGATIVE[2:-1]])
    web.client.post(f"{web.link}/P1", data={"answer": "1"})
    voice._press("1")
    assert voice.is_over
    assert voice.stored() == {"answers": answers_of(NEGATIVE), "state": "answered", "outcome": "1.1"}


def test_after_the_last_answer_every_page_of_the_link_thanks_and_shows_no_answer(web):
    web.play(NEGATIVE)
    for path in ("", "/I1", "/P2", "/bye"):
        text = web.client.get(f"{web.link}{path}?lang=en").text
        assert "Thank you for taking part" in text
        assert "<input" not in text
        assert "<textarea" not in text


def test_a_stale_page_of_the_same_link_loses_none_of_the_later_answers(web):
    web.play(["consent", "Q0=1", "I1=5", "I2=4", "I3=3"])
    stale = web.place.app.test_client().post(f"{web.link}/I1", data={"answer": "2"})
    assert stale.location.endswith("/I4")
    assert web.stored()["answers"] == {"Q0": "1", "I1": "2", "I2": "4", "I3": "3"}


def test_no_page_of_a_link_sets_a_cookie_or_lets_another_site_in(web):
    shown = [web.client.get(web.link), web.client.post(web.link, data={"choice": "begin"})]
    shown += [web.client.get(f"{web.link}/Q0"), web.client.post(f"{web.link}/Q0", data={"answer": "1"})]
    shown += [web.client.get(f"/q/{'a' * 26}")]
    for answer in shown:
        assert "Set-Cookie" not in answer.headers
        assert "default-src" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("language", "words"), [("en", "This link does not work"), ("zh_Hans", "链接")])
def test_an_unknown_link_is_explained_in_both_languages(called, language, words):
    answer = called.app.test_client().get(f"/q/{'a' * 26}?lang={language}")
    assert answer.status_code == 404
    assert words in answer.text


def test_a_respondent_may_ask_on_the_web_to_be_called_and_still_answer_there(called):
    case = called.sql("select max(case_id) from attempt")[0][0]
    called.sql("update interview set state = 'waiting', due_at = null where case_id = :case", case=case)
    web = WebPlayer(called, case)
    assert "请改为给我打电话" in web.client.get(web.link).text
    answer = web.client.post(web.link, data={"choice": "call"})
    assert "我们会给您打电话" in web.client.get(answer.location).text
    assert called.sql("select next_channel, due_at is null from interview where case_id = :case", case=case) == [
        ("voice", 0)
    ]
    web.play(NEGATIVE)
    assert web.stored()["outcome"] == "1.1"


def test_no_call_is_promised_on_the_web_while_one_is_under_way(web):
    answer = web.client.post(web.link, data={"choice": "call"})
    assert "目前无法给您打电话" in web.client.get(answer.location).text
    assert web.stored()["state"] == "open"
