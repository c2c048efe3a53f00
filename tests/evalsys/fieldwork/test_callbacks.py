"""Callbacks in any number and order, and what follows from each outcome."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsys.fieldwork.calls import keep_said
from evalsys.fieldwork.interviews import opt_out
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers
from tests.evalsys.fieldwork.working import answer, attempts, contact, end, go_to_due, interview, keep_one, report
from tests.evalsys.installation import copy_of

JINAN = ZoneInfo("Asia/Shanghai")
EVENTS = ("initiated", "ringing", "in-progress", "completed")


@given(
    events=st.permutations(EVENTS * 10),
    batches=st.lists(st.integers(0, 39), max_size=3),
)
@settings(max_examples=8)
def test_callbacks_ten_times_each_in_any_order_lead_to_the_same_state(_open, events, batches):
    with TemporaryDirectory() as folder:
        place = copy_of(_open, Path(folder) / "home")
        case_id = keep_one(place, "voice")
        key = contact(place, "voice")
        place.act(lambda s, r: keep_said(s, key, "consented"))
        new = 0
        for number, event in enumerate(events):
            form = {"CallDuration": "31"} if event == "completed" else {}
            new += report(place, key, event, CallStatus=event, **form)
            if number in batches:
                place.do_job(apply_callbacks)
        place.do_job(apply_callbacks)
        (attempt,) = attempts(place, case_id)
        case = interview(place, case_id)
        assert new == len(EVENTS)
        assert (attempt.state, attempt.outcome, attempt.seconds) == ("ended", "3.21", 31)
        assert attempt.connected_at is not None
        assert (case.state, case.tries, case.next_channel) == ("waiting", 1, "voice")


def test_a_late_callback_moves_no_final_state(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    end(opened, key, "busy")
    due = interview(opened, case_id).due_at
    opened.clock.advance(timedelta(hours=3))
    for late in ("ringing", "completed", "no-answer"):
        end(opened, key, late)
    (attempt,) = attempts(opened, case_id)
    assert (attempt.state, attempt.outcome) == ("ended", "3.12")
    assert interview(opened, case_id).due_at == due


def test_a_callback_under_an_unknown_key_changes_nothing(opened):
    report(opened, "0" * 32, "completed")
    opened.do_job(apply_callbacks)
    assert opened.sql("SELECT count(*) FROM attempt") == [(0,)]


@pytest.mark.parametrize(
    ("status", "said", "form", "outcome", "least"),
    [
        ("busy", "", {}, "3.12", timedelta(hours=1)),
        ("no-answer", "", {}, "3.13", timedelta(hours=4)),
        ("completed", "", {"AnsweredBy": "machine_start"}, "3.14", timedelta(hours=4)),
        ("completed", "machine", {}, "3.14", timedelta(hours=4)),
        ("completed", "", {"AnsweredBy": "human"}, "2.113", timedelta(days=7)),
        ("completed", "consented", {}, "3.21", timedelta(hours=4)),
    ],
)
def test_an_interim_outcome_rests_for_its_delay_and_then_rings_on_another_day_in_another_slot(
    opened, status, said, form, outcome, least
):
    case_id = keep_one(opened, "voice")
    begun = opened.clock.now()
    end(opened, contact(opened, "voice"), status, said=said, **form)
    (attempt,) = attempts(opened, case_id)
    case = interview(opened, case_id)
    due = case.due_at.astimezone(JINAN)
    assert (attempt.outcome, attempt.counts) == (outcome, True)
    assert (case.state, case.next_channel, case.outcome) == ("waiting", "voice", "")
    assert case.due_at - begun >= least
    assert due.date() != begun.astimezone(JINAN).date()
    assert due.hour >= 18 or due.weekday() >= 5, "weekday daytime has just failed"


def test_a_break_off_after_the_screener_is_a_soft_refusal(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    answer(opened, case_id, "voice", 1)
    begun = opened.clock.now()
    end(opened, key, "completed", said="consented")
    assert attempts(opened, case_id)[0].outcome == "2.12"
    assert interview(opened, case_id).due_at - begun >= timedelta(days=7)


def test_a_refusal_in_words_is_final(opened):
    case_id = keep_one(opened, "voice")
    end(opened, contact(opened, "voice"), "completed", said="refused")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.due_at, case.answers_cipher) == ("ended", "2.11", None, None)


def test_a_number_that_the_network_does_not_have_is_final(opened):
    case_id = keep_one(opened, "voice")
    end(opened, contact(opened, "voice"), "completed", CallStatus="failed", SipResponseCode="404")
    case = interview(opened, case_id)
    assert (case.state, case.outcome) == ("ended", "4.30")


def test_tries_end_after_the_last_one_that_counts_and_the_other_mode_follows(opened):
    case_id = keep_one(opened, "voice")
    slots, days = [], []
    for _ in range(5):
        at = opened.clock.now().astimezone(JINAN)
        days.append(at.date())
        slots.append("weekend" if at.weekday() >= 5 else "evening" if at.hour >= 18 else "daytime")
        end(opened, contact(opened, "voice"), "no-answer")
        go_to_due(opened, case_id)
    case = interview(opened, case_id)
    assert len(set(days)) == 5, "one call a day"
    assert all(one != next_ for one, next_ in zip(slots, slots[1:], strict=False)), "no slot twice in a row"
    assert case.next_channel == "sms"
    end(opened, contact(opened, "sms"), "undelivered")
    case = interview(opened, case_id)
    assert (case.state, case.outcome) == ("ended", "3.13")


def test_the_telephone_follows_a_delivered_message_after_two_days(opened):
    case_id = keep_one(opened, "sms")
    begun = opened.clock.now()
    end(opened, contact(opened, "sms"), "delivered")
    case = interview(opened, case_id)
    assert (case.state, case.next_channel) == ("waiting", "voice")
    assert case.due_at >= begun + timedelta(hours=48)
    opened.do_job(dial_numbers)
    assert opened.telephone.placed == []
    go_to_due(opened, case_id)
    opened.do_job(dial_numbers)
    assert len(opened.telephone.placed) == 1


def test_the_telephone_follows_an_undelivered_message_at_once(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "undelivered")
    case = interview(opened, case_id)
    assert (case.next_channel, case.due_at) == ("voice", opened.clock.now())


def test_a_message_to_somebody_who_unsubscribed_is_a_refusal_and_nobody_calls(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "failed", ErrorCode="21610")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.due_at) == ("ended", "2.11", None)


def test_the_arm_alone_decides_which_mode_is_first(opened):
    first = opened.sql('SELECT DISTINCT c.arm, i.next_channel FROM interview i JOIN "case" c ON c.id = i.case_id')
    assert sorted(first) == [("base", "sms"), ("swap", "voice")]


def test_a_complete_on_the_web_stops_the_calls(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "delivered")
    answer(opened, case_id, "web")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.channel, case.due_at) == ("answered", "1.1", "web", None)
    opened.clock.advance(timedelta(days=3))
    opened.do_job(dial_numbers)
    assert opened.telephone.placed == []


def test_a_call_under_way_does_not_undo_a_complete_on_the_web(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    answer(opened, case_id, "web")
    end(opened, key, "completed", AnsweredBy="human")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.due_at) == ("answered", "1.1", None)
    assert attempts(opened, case_id)[0].outcome == "2.113"


def test_an_opt_out_on_a_call_ends_the_case_whatever_the_callback_says(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    opened.act(lambda s, r: opt_out(s, r, case_id))
    end(opened, key, "completed", said="refused")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, attempts(opened, case_id)[0].outcome) == ("ended", "2.11", "2.11")
