"""A provider that fails is left alone for a while, staff are told, and fieldwork goes on by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.fieldwork.capacity import find_capacity
from evalsys.fieldwork.dialling import keep_answers, make_attempts, plan_attempts
from evalsys.fieldwork.jobs import dial_numbers, send_messages
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.rules import rules_of
from evalsys.gateways.port import ProviderRefused, ProviderUnknown
from tests.evalsys.installation import make_open

UNREACHABLE = ProviderRefused("unreachable", "The provider cannot be reached.", retry_later=True)
PAUSE = timedelta(minutes=5)


@pytest.fixture
def phoned(tmp_path):
    """A round by telephone only, forty calls in all at each beat."""
    return make_open(tmp_path, mode_sequence=["phone"], random_arm_share=0, concurrent_calls=100_000)


def dial(place, *, fails=None, limit: int | None = None) -> int:
    """One beat of the dialler, with so many cases due at most; how many calls were asked for."""
    before = len(place.telephone.placed)
    place.telephone.fails = fails
    if limit is not None:
        later = place.clock.at + timedelta(days=1)
        chosen = f"SELECT case_id FROM interview WHERE state = 'waiting' ORDER BY case_id LIMIT {limit}"
        place.sql("UPDATE interview SET due_at = :later WHERE state = 'waiting'", later=later.replace(tzinfo=None))
        now = place.clock.at.replace(tzinfo=None)
        place.sql(f"UPDATE interview SET due_at = :now WHERE case_id IN ({chosen})", now=now)
    place.do_job(dial_numbers)
    return len(place.telephone.placed) - before


def notices(place) -> list[str]:
    return [str(notice) for notice in place.on_round(list_notices)]


def trail(place) -> list[str]:
    rows = place.sql("SELECT action FROM audit_entry WHERE actor = 'dialler' ORDER BY seq")
    return [action for (action,) in rows]


@pytest.mark.parametrize("fault", [UNREACHABLE, ProviderUnknown("time-out"), ProviderRefused("20003", "Authenticate")])
def test_a_failing_provider_is_left_alone_after_one_chunk(phoned, fault):
    assert dial(phoned, fails=fault) == 40
    phoned.clock.advance(timedelta(minutes=1))
    assert dial(phoned) == 0
    assert trail(phoned) == ["attempts stopped"]


@pytest.mark.parametrize(
    "fault", [ProviderRefused("21211", "no number"), ProviderRefused("20429", "slow", retry_later=True)]
)
def test_bad_numbers_and_too_fast_a_pace_are_not_the_providers_failure(phoned, fault):
    assert dial(phoned, fails=fault) > 40
    assert (notices(phoned), trail(phoned)) == ([], [])


def test_nineteen_failures_alone_stop_nothing_and_the_twentieth_does(phoned):
    assert dial(phoned, fails=UNREACHABLE, limit=19) == 19
    phoned.clock.advance(timedelta(minutes=1))
    assert notices(phoned) == []
    assert dial(phoned, fails=UNREACHABLE, limit=1) == 1
    phoned.clock.advance(timedelta(minutes=1))
    assert dial(phoned, limit=1) == 0


def test_failures_older_than_a_quarter_of_an_hour_are_not_counted(phoned):
    dial(phoned, fails=UNREACHABLE, limit=19)
    phoned.clock.advance(timedelta(minutes=16))
    assert dial(phoned, limit=1) == 1
    phoned.clock.advance(timedelta(minutes=1))
    assert dial(phoned, limit=1) == 1


def test_after_the_pause_five_calls_are_tried_and_then_all_go_on(phoned):
    dial(phoned, fails=UNREACHABLE)
    phoned.clock.advance(PAUSE - timedelta(seconds=1))
    assert dial(phoned) == 0
    phoned.clock.advance(timedelta(seconds=1))
    assert dial(phoned) == 5
    phoned.clock.advance(timedelta(seconds=10))
    assert dial(phoned) == 50
    assert trail(phoned) == ["attempts stopped", "attempts go on"]
    assert notices(phoned) == []


def test_after_probes_that_fail_too_another_pause_follows_however_long_it_lasts_and_the_trail_says_it_once(phoned):
    dial(phoned, fails=UNREACHABLE)
    for _ in range(6):
        phoned.clock.advance(PAUSE)
        assert dial(phoned, fails=UNREACHABLE, limit=30) == 5
    phoned.clock.advance(timedelta(seconds=30))
    assert dial(phoned, limit=30) == 0
    assert trail(phoned) == ["attempts stopped"]


def test_a_provider_that_fails_again_after_its_probes_is_stopped_again_by_twenty_new_attempts(phoned):
    dial(phoned, fails=UNREACHABLE)
    phoned.clock.advance(PAUSE)
    dial(phoned)
    phoned.clock.advance(timedelta(seconds=10))
    assert dial(phoned, fails=UNREACHABLE, limit=19) == 19
    assert notices(phoned) == []
    phoned.clock.advance(timedelta(seconds=10))
    dial(phoned, fails=UNREACHABLE, limit=1)
    assert trail(phoned) == ["attempts stopped", "attempts go on", "attempts stopped"]


def test_messages_go_on_while_calls_have_stopped(opened):
    opened.telephone.fails = UNREACHABLE
    opened.sql("UPDATE interview SET next_channel = 'voice' WHERE case_id % 2 = 0")
    opened.do_job(dial_numbers)
    opened.telephone.fails = None
    opened.do_job(send_messages)
    assert len(opened.telephone.sent) > 40
    (notice,) = notices(opened)
    assert notice.startswith("Telephone calls have stopped: the provider failed 40 of 40 times (unreachable × 40).")
    assert "at 10:05" in notice


def test_an_attempt_that_a_callback_moved_on_although_the_provider_gave_no_answer_still_counts_as_a_failure(phoned):
    """A provider that takes calls and answers 500 is failing too; its calls are not made twice, but no further ones are made."""

    def take_and_fail(request):
        phoned.sql("UPDATE attempt SET state = 'placed', provider_sid = key WHERE key = :key", key=request.attempt_key)
        raise ProviderUnknown("500")

    phoned.telephone.place_call = take_and_fail
    dial(phoned, limit=30)
    assert phoned.sql("SELECT DISTINCT state, fault FROM attempt") == [("placed", "unknown")]
    assert notices(phoned) != []


def test_an_open_circuit_gives_no_capacity_and_a_half_open_one_a_little(phoned):
    dial(phoned, fails=UNREACHABLE)
    phoned.clock.advance(timedelta(minutes=4))
    assert phoned.on_round(find_capacity, channel="voice").attempts == 0
    phoned.clock.advance(timedelta(minutes=1))
    capacity = phoned.on_round(find_capacity, channel="voice")
    assert (capacity.attempts, capacity.probing) == (5, True)
    assert "being tried" in notices(phoned)[0]


def test_what_a_worker_that_stood_still_never_asked_for_is_not_the_providers_failure(phoned):
    planned = phoned.on_round(plan_attempts, channel="voice", limit=30, fence=1)
    rules = phoned.on_round(lambda s, r, round_: rules_of(round_.configuration))
    phoned.clock.advance(timedelta(minutes=4))
    with phoned.app.app_context():
        answers = make_attempts(phoned.runtime, rules, planned)
    phoned.act(lambda s, r: keep_answers(s, r, answers))
    assert len(planned) == 30 and phoned.telephone.placed == []
    assert phoned.sql("SELECT DISTINCT state, fault FROM attempt") == [("unknown", "")]
    assert notices(phoned) == []
    assert dial(phoned) > 0
