"""Reminders and thanks by text message: to whom, on which day and hour, and to whom never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import opt_out, refuse_interview
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, reconcile_attempts, send_messages
from evalsys.fieldwork.releases import pause_round
from evalsys.gateways.port import ProviderRefused
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case
from surveys.instrument.segments import measure_message
from tests.evalsys.fieldwork.working import answer, attempts, contact, end, go_to_due, interview, keep_one
from tests.evalsys.installation import OPENING, Installation, copy_of, make_open, tiny_city

SMS = tiny_city().configuration["fieldwork"]["sms"] | {
    "reminder_days": [2, 5.5],
    "reminder_1": {
        "zh": "【提醒】请评价{unit}：{link} 拒收回T",
        "en": "Please still rate {unit}: {link} Reply STOP to opt out.",
    },
    "reminder_2": {
        "zh": "【最后提醒】{unit}：{link} 拒收回T",
        "en": "Last call for {unit}: {link} Reply STOP to opt out.",
    },
    "thanks": {"zh": "【行风评议】谢谢您评价{unit}。", "en": "Thank you for rating {unit}."},
}


@pytest.fixture(scope="module")
def _reminded(tmp_path_factory) -> Installation:
    return make_open(tmp_path_factory.mktemp("reminded"), random_arm_share=0.0, sms=SMS)


@pytest.fixture
def reminded(_reminded, tmp_path) -> Installation:
    return copy_of(_reminded, tmp_path / "home")


def sent_to(place: Installation, case_id: int) -> list[str]:
    phone = place.act(lambda s, r: read_phone(r, s.get(Case, case_id).record))
    return [request.body for request in place.telephone.sent if request.to == phone]


def deliver(place: Installation) -> None:
    end(place, contact(place, "sms"), "delivered")


def let_pass(place: Installation, *, days: float) -> None:
    """Days go by, the jobs of messages at work every two hours."""
    until = place.clock.at + timedelta(days=days)
    while place.clock.at < until:
        place.clock.advance(timedelta(hours=2))
        place.do_job(send_messages)


def test_two_reminders_follow_on_their_days_in_calling_hours_and_then_the_telephone(reminded):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    # Monday ten o'clock, so Wednesday ten o'clock; five and a half days are Saturday evening, ten past hours, so Sunday at nine.
    assert go_to_due(reminded, case_id) == OPENING + timedelta(days=2)
    deliver(reminded)
    assert go_to_due(reminded, case_id) == datetime(2026, 6, 14, 1, 0, tzinfo=UTC)
    deliver(reminded)
    assert [body[:4] for body in sent_to(reminded, case_id)] == ["【行风评", "【提醒】", "【最后提"]
    ledger = attempts(reminded, case_id)
    assert [(one.number, one.message, one.counts) for one in ledger] == [
        (1, "invitation", True),
        (2, "reminder_1", True),
        (3, "reminder_2", True),
    ]
    lengths = [measure_message(body).segments for body in sent_to(reminded, case_id)]
    assert [one.segments for one in ledger] == lengths
    case = interview(reminded, case_id)
    assert case.next_channel == "voice"
    assert case.due_at >= ledger[-1].planned_at + timedelta(hours=48)


def opt_out_of(place, case_id):
    place.act(lambda s, r: opt_out(s, r, case_id))


def refuse(place, case_id):
    place.act(lambda s, r: refuse_interview(s, r, case_id))


def answer_partly_then_all(place, case_id):
    answer(place, case_id, "web", 2)
    answer(place, case_id, "web")


def close(place, case_id):
    place.on_round(close_round, actor="chair")


def pause(place, case_id):
    place.on_round(pause_round, actor="chair")


@pytest.mark.parametrize("what", [opt_out_of, refuse, close, pause])
def test_nobody_is_reminded_after_an_opt_out_a_refusal_or_the_close_nor_while_the_round_is_paused(reminded, what):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    what(reminded, case_id)
    let_pass(reminded, days=7)
    assert len(sent_to(reminded, case_id)) == 1


def test_whoever_has_answered_is_thanked_once_in_calling_hours_and_not_reminded(reminded):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    reminded.clock.at = OPENING + timedelta(hours=12)
    answer_partly_then_all(reminded, case_id)
    reminded.do_job(send_messages)
    assert len(sent_to(reminded, case_id)) == 1, "nobody is thanked at ten in the evening"
    let_pass(reminded, days=6)
    (_, thanks) = sent_to(reminded, case_id)
    assert thanks.startswith("【行风评议】谢谢您评价")
    assert "/q/" not in thanks
    last = attempts(reminded, case_id)[-1]
    end(reminded, last.key, "delivered")
    last = attempts(reminded, case_id)[-1]
    assert (last.message, last.state, last.outcome, last.counts) == ("thanks", "ended", "3.19", False)
    assert (interview(reminded, case_id).state, interview(reminded, case_id).outcome) == ("answered", "1.1")


def test_nobody_is_thanked_who_was_called_first_opted_out_since_or_is_not_a_user(reminded):
    called = keep_one(reminded, "sms")
    reminded.sql("UPDATE interview SET next_channel = 'voice' WHERE case_id = :case", case=called)
    reminded.do_job(dial_numbers)
    answer(reminded, called, "voice")
    end(reminded, attempts(reminded, called)[0].key, "completed", AnsweredBy="human")
    left, other = (case for (case,) in reminded.sql("SELECT case_id FROM interview WHERE state = 'waiting' LIMIT 2"))
    reminded.sql(
        "UPDATE interview SET due_at = :now WHERE case_id IN (:a, :b)", now="2026-06-08 02:00:00", a=left, b=other
    )
    reminded.do_job(send_messages)
    for case_id in (left, other):
        end(reminded, attempts(reminded, case_id)[0].key, "delivered")
    answer(reminded, left, "web")
    opt_out_of(reminded, left)
    answer(reminded, other, "web", 1, value="2")
    let_pass(reminded, days=1)
    assert reminded.sql("SELECT message FROM attempt WHERE channel = 'sms' AND message != 'invitation'") == []


def test_an_opt_out_that_the_provider_answers_to_the_thanks_holds(reminded):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    answer(reminded, case_id, "web")
    reminded.telephone.fails = ProviderRefused("21610", "unsubscribed")
    reminded.clock.advance(timedelta(hours=1))
    reminded.do_job(send_messages)
    assert reminded.sql("SELECT count(*) FROM opt_out") == [(1,)]
    assert interview(reminded, case_id).outcome == "1.1"


def test_a_worker_killed_while_it_reminds_leaves_one_reminder_that_is_looked_up_and_not_sent_again(
    reminded, monkeypatch
):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    go_to_due(reminded, case_id)

    class Killed(BaseException):
        pass

    keep = reminded.telephone.send_message

    def take_and_die(request):
        keep(request)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(reminded.telephone, "send_message", take_and_die)
        with pytest.raises(Killed):
            reminded.do_job(send_messages)
    for _ in range(3):
        reminded.clock.advance(timedelta(minutes=1))
        reminded.do_job(send_messages)
        reminded.do_job(reconcile_attempts)
    assert len(sent_to(reminded, case_id)) == 2
    assert attempts(reminded, case_id)[-1].message == "reminder_1"
    reminded.do_job(apply_callbacks)


def test_a_reminder_that_never_leaves_is_given_up_after_three_times_and_the_telephone_follows(reminded):
    case_id = keep_one(reminded, "sms")
    deliver(reminded)
    for _ in range(3):
        go_to_due(reminded, case_id)
        end(reminded, contact(reminded, "sms"), "failed")
    assert interview(reminded, case_id).next_channel == "voice"
    assert [(one.message, one.counts) for one in attempts(reminded, case_id)[1:]] == [("reminder_1", False)] * 3
