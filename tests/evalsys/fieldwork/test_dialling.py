"""Placing calls: when, how many, and at most once each."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from evalsys.base.database import db
from evalsys.design.queries import get_round
from evalsys.fieldwork.capacity import find_capacity
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.dialling import TOO_LATE, make_attempts, plan_attempts
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, reconcile_attempts, send_messages
from evalsys.fieldwork.releases import pause_round, resume_round
from evalsys.fieldwork.rules import rules_of
from evalsys.gateways.port import ProviderCall, ProviderRefused, ProviderUnknown
from evalsys.outbox.actions import Claim
from tests.evalsys.fieldwork.working import attempts, contact, end, go_to_due, interview, keep_one, report
from tests.evalsys.installation import ROUND, FakeTelephone, make_open

BY_PHONE = {"mode_sequence": ["phone"], "random_arm_share": 0}
POOL = ("+864000000001", "+864000000002", "+864000000003")


def capacity(place, channel="voice") -> int:
    return place.act(lambda s, r: find_capacity(s, r, get_round(s, ROUND), channel)).attempts


def test_only_released_cases_are_contacted_and_each_once(opened):
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    opened.clock.advance(timedelta(minutes=1))
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    tried = opened.sql("SELECT case_id, count(*) FROM attempt GROUP BY case_id")
    released = opened.sql('SELECT id FROM "case" WHERE released_at IS NOT NULL')
    unreleased = opened.sql('SELECT count(*) FROM "case" WHERE released_at IS NULL')[0][0]
    assert unreleased > 0
    assert {case for case, _ in tried} == {case for (case,) in released}
    assert {count for _, count in tried} == {1}
    assert len(opened.telephone.placed) + len(opened.telephone.sent) == len(released)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 6, 8, 0, 59, tzinfo=UTC),  # 08:59 in Jinan
        datetime(2026, 6, 8, 4, 30, tzinfo=UTC),  # the midday rest
        datetime(2026, 6, 8, 12, 30, tzinfo=UTC),  # 20:30, the end itself
        datetime(2026, 6, 19, 2, 0, tzinfo=UTC),  # a holiday
        datetime(2026, 6, 5, 2, 0, tzinfo=UTC),  # in hours, but before the field period
        datetime(2026, 7, 6, 2, 0, tzinfo=UTC),  # in hours, but after it
    ],
)
def test_nothing_is_made_outside_the_hours_and_the_field_period(opened, at):
    opened.clock.at = at
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    assert (opened.telephone.placed, opened.telephone.sent) == ([], [])


def test_nothing_is_made_while_paused_and_work_goes_on_afterwards(opened):
    opened.on_round(pause_round, actor="chair")
    opened.do_job(dial_numbers)
    assert opened.telephone.placed == []
    opened.on_round(resume_round, actor="chair")
    opened.do_job(dial_numbers)
    assert opened.telephone.placed != []


def test_nothing_is_made_after_close(opened):
    opened.on_round(close_round, actor="chair")
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    assert (opened.telephone.placed, opened.telephone.sent) == ([], [])


def test_the_pace_counts_from_the_last_attempt_and_never_saves_up_more_than_a_minute(opened):
    keep_one(opened, "voice")
    contact(opened, "voice")
    assert capacity(opened) == 0
    opened.clock.advance(timedelta(seconds=2))
    assert capacity(opened) == 10, "five calls a second"
    opened.clock.advance(timedelta(hours=1))
    assert capacity(opened) == 300


def test_no_more_calls_are_under_way_than_the_cap_allows(tmp_path):
    place = make_open(tmp_path, concurrent_calls=2, mode_sequence=["phone"])
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 2
    place.clock.advance(timedelta(minutes=1))
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 2
    end(place, place.telephone.placed[0].attempt_key, "busy")
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 3


def test_the_attempt_is_committed_before_the_provider_is_called_and_no_transaction_is_open_then(opened):
    seen = []

    class Watching(FakeTelephone):
        def place_call(self, request):
            # A second connection that writes at once: it would wait and fail while a transaction held the database.
            with opened.app.app_context(), db.engine.connect() as other:
                other.exec_driver_sql("PRAGMA busy_timeout=0")
                row = other.exec_driver_sql("SELECT state FROM attempt WHERE key = ?", (request.attempt_key,)).scalar()
                other.exec_driver_sql("UPDATE round SET code = code")
                other.rollback()
            seen.append(row)
            return super().place_call(request)

    opened.runtime.telephone = Watching()
    keep_one(opened, "voice")
    opened.do_job(dial_numbers)
    assert seen == ["dialling"]


def test_the_attempts_key_stands_in_both_addresses_of_the_call(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    (call,) = opened.telephone.placed
    assert call.voice_url.endswith(f"/voice/{key}") and call.status_url.endswith(f"/provider/status/{key}")
    (attempt,) = attempts(opened, case_id)
    assert (attempt.state, bool(attempt.provider_sid)) == ("placed", True)


@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_a_refusal_for_now_does_not_count_and_the_same_channel_is_tried_later(opened, channel):
    case_id = keep_one(opened, channel)
    opened.telephone.fails = ProviderRefused("20429", "too many requests", retry_later=True)
    contact(opened, channel)
    (attempt,) = attempts(opened, case_id)
    case = interview(opened, case_id)
    assert (attempt.state, attempt.outcome, attempt.counts) == ("ended", "3.16", False)
    assert (case.state, case.next_channel) == ("waiting", channel)
    assert case.due_at > opened.clock.now()
    opened.telephone.fails = None
    go_to_due(opened, case_id)
    contact(opened, channel)
    assert [entry.state for entry in attempts(opened, case_id)] == ["ended", "placed"]


@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_an_invalid_number_is_final_on_any_channel(opened, channel):
    case_id = keep_one(opened, channel)
    opened.telephone.fails = ProviderRefused("21211", "not a number")
    contact(opened, channel)
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.due_at) == ("ended", "4.30", None)


def unknown_call(place) -> int:
    case_id = keep_one(place, "voice")
    place.telephone.fails = ProviderUnknown("time-out")
    contact(place, "voice")
    place.telephone.fails = None
    assert attempts(place, case_id)[0].state == "unknown"
    return case_id


def listed(place, sid="CA" + "f" * 32, status="in-progress", **values) -> ProviderCall:
    return ProviderCall(sid, place.telephone.placed[0].to, status, place.clock.now(), **values)


def test_an_attempt_nobody_knows_of_is_not_made_again(opened):
    unknown_call(opened)
    opened.clock.advance(timedelta(minutes=4))
    opened.do_job(dial_numbers)
    opened.do_job(reconcile_attempts)
    opened.do_job(dial_numbers)
    assert len(opened.telephone.placed) == 1


def test_reconciliation_places_an_unknown_attempt_that_the_provider_lists(opened):
    case_id = unknown_call(opened)
    opened.telephone.calls = [listed(opened)]
    opened.clock.advance(timedelta(minutes=2))
    opened.do_job(reconcile_attempts)
    (attempt,) = attempts(opened, case_id)
    assert (attempt.state, attempt.provider_sid) == ("placed", "CA" + "f" * 32)


def test_another_attempts_call_is_not_taken_for_the_lost_one(opened):
    case_id = keep_one(opened, "voice")
    end(opened, contact(opened, "voice"), "busy")
    go_to_due(opened, case_id)
    earlier = attempts(opened, case_id)[0].provider_sid
    opened.telephone.fails = ProviderUnknown("time-out")
    contact(opened, "voice")
    opened.telephone.calls = [listed(opened, sid=earlier, status="busy")]
    opened.clock.advance(timedelta(minutes=2))
    opened.do_job(reconcile_attempts)
    assert [entry.state for entry in attempts(opened, case_id)] == ["ended", "unknown"]


def test_an_attempt_unknown_to_the_provider_is_given_up_after_five_minutes_and_does_not_count(opened):
    case_id = unknown_call(opened)
    opened.clock.advance(timedelta(minutes=5, seconds=1))
    opened.do_job(reconcile_attempts)
    (attempt,) = attempts(opened, case_id)
    assert (attempt.state, attempt.outcome, attempt.counts) == ("ended", "3.16", False)
    assert interview(opened, case_id).state == "waiting"


def test_an_attempt_stays_unknown_while_the_provider_does_not_answer(opened, monkeypatch):
    case_id = unknown_call(opened)

    def silent(to, since):
        raise ProviderUnknown("no answer")

    monkeypatch.setattr(opened.telephone, "find_calls", silent)
    opened.clock.advance(timedelta(minutes=30))
    opened.do_job(reconcile_attempts)
    assert attempts(opened, case_id)[0].state == "unknown"


def test_an_attempt_placed_by_a_callback_while_the_provider_was_asked_is_not_given_up(opened, monkeypatch):
    case_id = unknown_call(opened)
    key = attempts(opened, case_id)[0].key

    def callback_meanwhile(to, since):
        report(opened, key, "ringing", CallSid="CA" + "f" * 32)
        opened.do_job(apply_callbacks)
        return [listed(opened)]

    monkeypatch.setattr(opened.telephone, "find_calls", callback_meanwhile)
    opened.clock.advance(timedelta(minutes=6))
    opened.do_job(reconcile_attempts)
    assert attempts(opened, case_id)[0].state == "placed"


def test_a_lost_last_callback_is_found_after_an_hour(opened):
    case_id = keep_one(opened, "voice")
    contact(opened, "voice")
    sid = attempts(opened, case_id)[0].provider_sid
    opened.telephone.calls = [listed(opened, sid=sid, status="no-answer")]
    opened.clock.advance(timedelta(minutes=59))
    opened.do_job(reconcile_attempts)
    assert attempts(opened, case_id)[0].state == "placed"
    opened.clock.advance(timedelta(minutes=2))
    opened.do_job(reconcile_attempts)
    assert (attempts(opened, case_id)[0].outcome, interview(opened, case_id).state) == ("3.13", "waiting")


def test_a_worker_that_lost_its_job_dials_nobody_more(opened):
    opened.sql("UPDATE job SET fence = fence + 1 WHERE key LIKE 'field.dial:%'")
    stale = opened.sql("SELECT id, fence - 1 FROM job WHERE key LIKE 'field.dial:%'")[0]
    with opened.app.app_context():
        dial_numbers(opened.runtime, {"round": ROUND}, Claim(*stale))
    assert opened.telephone.placed == []
    opened.do_job(dial_numbers)
    fences = opened.sql("SELECT DISTINCT fence FROM attempt")
    assert opened.telephone.placed != [] and fences == [(stale[1] + 1,)]


def test_a_pause_between_two_chunks_stops_the_dialling(opened):
    calls = opened.telephone.place_call

    def pause_after_the_first_chunk(request):
        if len(opened.telephone.placed) == 0:
            opened.sql("UPDATE round SET paused_at = opened_at")
        return calls(request)

    opened.telephone.place_call = pause_after_the_first_chunk
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    assert 0 < len(opened.telephone.placed) <= 40
    assert opened.telephone.sent == []


def callers(place) -> Counter:
    """How many calls were placed from each number."""
    return Counter(call.caller_id for call in place.telephone.placed)


def test_a_pace_slower_than_a_call_a_minute_is_kept_and_not_taken_for_none(tmp_path):
    place = make_open(tmp_path, **BY_PHONE, calls_per_second=0.01)
    place.do_job(dial_numbers)
    place.clock.advance(timedelta(seconds=99))
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 1
    place.clock.advance(timedelta(seconds=1))
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 2


def test_no_number_calls_faster_than_its_own_pace_whatever_the_pace_of_all(tmp_path):
    place = make_open(tmp_path, **BY_PHONE, calls_per_second=5, calls_per_second_per_number=0.1)
    place.do_job(dial_numbers)
    assert callers(place) == dict.fromkeys(POOL, 6), "six in the minute that was saved up"
    place.clock.advance(timedelta(seconds=9))
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 18
    place.clock.advance(timedelta(seconds=1))
    place.do_job(dial_numbers)
    assert callers(place) == dict.fromkeys(POOL, 7)


def test_the_pace_of_all_holds_where_the_numbers_together_could_do_more(tmp_path):
    place = make_open(tmp_path, **BY_PHONE, calls_per_second=0.1, calls_per_second_per_number=1)
    place.do_job(dial_numbers)
    assert len(place.telephone.placed) == 6


def test_a_number_that_called_a_moment_ago_gives_its_turn_to_one_that_rested(tmp_path):
    place = make_open(tmp_path, **BY_PHONE, calls_per_second_per_number=0.1)
    place.do_job(dial_numbers)
    place.clock.advance(timedelta(seconds=30))
    now = place.clock.at.replace(tzinfo=None)
    place.sql("UPDATE attempt SET planned_at = :now WHERE caller_id = :number", now=now, number=POOL[0])
    before = callers(place)
    place.clock.advance(timedelta(seconds=10))
    place.do_job(dial_numbers)
    assert callers(place) - before == {POOL[0]: 1, POOL[1]: 4, POOL[2]: 4}


@pytest.mark.parametrize("pace", [{}, {"calls_per_second_per_number": 2}, {"calls_per_second_per_number": 0.02}])
def test_a_case_is_called_from_another_number_each_time(tmp_path, pace):
    place = make_open(tmp_path, **BY_PHONE, **pace, tries_per_day=5)
    case_id = keep_one(place, "voice")
    for _ in range(4):
        end(place, contact(place, "voice"), "no-answer")
        go_to_due(place, case_id)
    used = [attempt.caller_id for attempt in attempts(place, case_id)]
    assert len(used) == 4 and all(one != other for one, other in pairwise(used))
    assert set(used) == set(POOL)


def test_the_number_of_the_last_try_is_avoided_although_it_is_its_turn_and_used_where_no_other_is_free(tmp_path):
    place = make_open(tmp_path, **BY_PHONE, calls_per_second_per_number=0.1, tries_per_day=5)
    case_id = keep_one(place, "voice")
    end(place, contact(place, "voice"), "no-answer")
    go_to_due(place, case_id)
    due = POOL[(case_id + 1) % 3]
    place.sql("UPDATE attempt SET caller_id = :number", number=due)
    plan = {"channel": "voice", "limit": 1, "fence": 1}
    with pytest.raises(Undone):
        place.on_round(
            lambda s, r, round_: undo(plan_attempts(s, r, round_, **plan, numbers=dict.fromkeys(POOL, 1)), due)
        )
    left = dict.fromkeys(POOL, 0) | {due: 1}
    (planned,) = place.on_round(lambda s, r, round_: plan_attempts(s, r, round_, **plan, numbers=left))
    assert (planned.caller_id, left[due]) == (due, 0)


class Undone(Exception):
    """Raised to take a transaction back."""


def undo(planned, number: str) -> None:
    """Take back what was planned, which must be from another number."""
    assert planned[0].caller_id != number
    raise Undone


def test_a_worker_that_stood_still_for_minutes_makes_none_of_what_it_had_planned(opened):
    planned = opened.on_round(plan_attempts, channel="voice", limit=5, fence=1)
    rules = opened.on_round(lambda s, r, found: rules_of(found.configuration))
    opened.clock.advance(TOO_LATE + timedelta(seconds=1))
    with opened.app.app_context():
        answers = make_attempts(opened.runtime, rules, planned)
    assert planned and opened.telephone.placed == []
    assert [answer.sid for answer in answers] == [""] * len(planned), "their fate is found out by asking the provider"
