"""Interviews by text message: the same answers as on the web, one message for each that comes, and nothing of it kept."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import reconcile_attempts, send_messages
from evalsys.fieldwork.releases import pause_round, resume_round
from evalsys.fieldwork.spending import find_use
from evalsys.gateways.port import ProviderCall, ProviderRefused, ProviderUnknown
from surveys.instrument.segments import measure_message
from tests.evalsys.installation import Installation, copy_of
from tests.journeys.players import WebPlayer
from tests.journeys.sms_player import SmsPlayer, make_texting
from tests.journeys.test_channels import JOURNEYS, NEGATIVE


@pytest.fixture(scope="module")
def _texting(tmp_path_factory) -> Installation:
    return make_texting(tmp_path_factory.mktemp("texting"))


@pytest.fixture
def texting(_texting, tmp_path) -> Installation:
    return copy_of(_texting, tmp_path / "home")


@pytest.fixture
def player(texting) -> SmsPlayer:
    return SmsPlayer(texting)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_by_text_message_leaves_the_same_answers_as_on_the_web(texting, tmp_path, name):
    steps, state, outcome = JOURNEYS[name]
    other = copy_of(texting, tmp_path / "web")
    first = other.sql("SELECT min(case_id) FROM interview")[0][0]
    web, sms = WebPlayer(other, first).play(steps).stored(), SmsPlayer(texting).play(steps).stored()
    assert sms == web
    assert (sms["state"], sms["outcome"]) == (state, outcome)


def test_a_message_that_comes_twice_is_taken_and_answered_once(player):
    player.play(["consent"])
    sent = len(player.place.telephone.sent)
    for _ in range(2):
        player.post("1", sid="SM" + "a" * 32)
        player.place.do_job(send_messages)
    assert len(player.place.telephone.sent) == sent + 1
    assert player.stored()["answers"] == {"Q0": "1"}


def test_after_two_repetitions_comes_a_goodbye_with_the_link_then_nothing_and_an_answer_still_counts(player):
    player.play(["consent", "Q0=1"])
    said = [player.say(text) for text in ("嗯", "什么意思", "???", "自动回复", "自动回复")]
    assert [body[:3] for body in said] == ["没看懂", "没看懂", "仍没看", "", ""]
    assert "/q/" in said[2] and "1 非常满意" in said[0]
    assert player.say("５")
    assert player.stored()["answers"] == {"Q0": "1", "I1": "5"}


def test_help_is_answered_with_who_asks_and_start_brings_nobody_back_who_opted_out(player):
    assert "受" in player.say("帮助") and "受" in player.say("HELP")
    player.opt_out()
    assert [player.say(text) for text in ("START", "恢复", "开始", "1", "HELP")] == [""] * 5
    assert player.place.sql("SELECT count(*) FROM opt_out") == [(1,)]


def test_an_answer_to_a_reminder_is_not_taken_for_one_to_the_question_before_it(player):
    player.play(["consent", "Q0=1", "I1=5"])
    later = (player.place.clock.now() + timedelta(minutes=1)).replace(tzinfo=None)
    player.place.sql("UPDATE attempt SET planned_at = :later WHERE channel = 'sms'", later=later)
    player.place.clock.advance(timedelta(minutes=2))
    assert player.say("1")
    assert player.stored()["answers"] == {"Q0": "1", "I1": "5"}
    player.play(["I2=2"])
    assert player.stored()["answers"] == {"Q0": "1", "I1": "5", "I2": "2"}


class Killed(BaseException):
    """The worker's process is gone."""


@pytest.mark.parametrize("listed", [True, False])
def test_a_worker_killed_while_it_asks_sends_no_question_twice_and_loses_none(player, monkeypatch, listed):
    telephone, clock = player.place.telephone, player.place.clock
    before = len(telephone.sent)

    def die(request):
        if listed:
            telephone.sent.append(request)
            telephone.calls.append(ProviderCall("SM" + "f" * 32, request.to, "delivered", clock.now()))
        raise Killed

    player.post("1")
    with monkeypatch.context() as dying:
        dying.setattr(telephone, "send_message", die)
        with pytest.raises(Killed):
            player.place.do_job(send_messages)
    for _ in range(8):
        clock.advance(timedelta(minutes=1))
        player.place.do_job(send_messages)
        player.place.do_job(reconcile_attempts)
    player.place.do_job(send_messages)
    assert len(telephone.sent) == before + 1
    assert player.place.sql("SELECT state FROM text_reply") == [("sent",)]


def test_an_answer_of_unknown_fate_waits_until_the_provider_can_be_asked(player):
    player.post("1")
    player.place.telephone.fails = ProviderUnknown("time-out")
    player.place.do_job(send_messages)
    sent = len(player.place.telephone.sent)
    player.place.telephone.fails = None
    player.place.clock.advance(timedelta(minutes=2))
    player.place.do_job(send_messages)
    player.place.do_job(reconcile_attempts)
    assert len(player.place.telephone.sent) == sent


def test_a_busy_provider_is_asked_again_and_one_that_says_unsubscribed_is_believed(player):
    player.post("1")
    player.place.telephone.fails = ProviderRefused("20429", "busy", retry_later=True)
    player.place.do_job(send_messages)
    player.place.telephone.fails = None
    player.place.clock.advance(timedelta(minutes=2))
    player.place.do_job(send_messages)
    assert player.place.sql("SELECT state FROM text_reply") == [("sent",)]
    player.place.telephone.fails = ProviderRefused("21610", "unsubscribed")
    player.post("1")
    player.place.do_job(send_messages)
    assert player.place.sql("SELECT count(*) FROM opt_out") == [(1,)]
    assert player.stored()["outcome"] == "2.11"


def test_nothing_is_asked_while_the_round_is_paused_nor_after_its_close_and_late_answers_are_counted(player):
    player.place.on_round(pause_round, actor="chair")
    assert player.say("1") == ""
    player.place.on_round(resume_round, actor="chair")
    player.place.do_job(send_messages)
    assert player.asked() == "Q0"
    player.place.on_round(close_round, actor="chair")
    assert player.say("1") == ""
    assert player.place.sql("SELECT channel FROM late_answer") == [("sms",)]


def test_no_text_that_came_stays_in_any_table_or_log_and_a_closed_round_keeps_the_cost_alone(player, caplog):
    caplog.set_level(logging.DEBUG)
    player.play(["consent", "Q0=1"])
    player.say("这句话不许留下")
    file = player.place.home / "evalsys.sqlite"
    kept = b"".join(path.read_bytes() for path in file.parent.glob("evalsys.sqlite*"))
    assert "这句话不许留下".encode() not in kept and "这句话不许留下" not in caplog.text
    use = player.place.on_round(lambda s, r, round_: find_use(s, round_, r.clock.now()))
    assert use.messages == sum(measure_message(request.body).segments for request in player.place.telephone.sent)
    player.play(NEGATIVE[2:])
    player.place.on_round(close_round, actor="chair")
    assert player.place.sql("SELECT count(*) FROM text_reply") == [(0,)]
    after = player.place.on_round(lambda s, r, round_: find_use(s, round_, r.clock.now()))
    assert after.messages == sum(measure_message(request.body).segments for request in player.place.telephone.sent)
