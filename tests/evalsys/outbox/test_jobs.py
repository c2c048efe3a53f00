"""Jobs: one worker at a time, nothing lost, a late worker changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.outbox.actions import (
    LEASE,
    Claim,
    claim_job,
    end_jobs,
    finish_job,
    hold_claim,
    list_due_jobs,
    list_failing_jobs,
    put_job,
)
from evalsys.outbox.models import Job
from evalsys.outbox.worker import KINDS, run_due_jobs


@pytest.fixture
def job(draft) -> int:
    return draft.act(lambda s, r: put_job(s, r.clock, "once", "test", {}).id)


def claim(place, job_id: int) -> Job | None:
    def take(session, runtime):
        taken = claim_job(session, runtime.clock, job_id)
        if taken:
            session.expunge(taken)
        return taken

    return place.act(take)


def finish(place, taken: Job, error: str = "") -> None:
    place.act(lambda s, r: finish_job(s, r.clock, taken, error))


def due(place) -> list[int]:
    return place.act(lambda s, r: list_due_jobs(s, r.clock.now()))


def test_a_second_claim_gets_nothing_while_the_lease_holds(draft, job):
    assert claim(draft, job) is not None
    assert claim(draft, job) is None
    assert due(draft) == []


def test_an_expired_lease_is_taken_again_and_the_first_worker_can_change_nothing_any_more(draft, job):
    first = claim(draft, job)
    draft.clock.advance(LEASE + timedelta(seconds=1))
    second = claim(draft, job)
    assert second.fence > first.fence
    finish(draft, first)
    assert draft.sql("select done_at from job where id = :id", id=job) == [(None,)]
    finish(draft, second)
    assert draft.sql("select done_at is not null from job where id = :id", id=job) == [(1,)]


def test_a_worker_that_lost_its_job_learns_so_before_the_next_piece_of_work(draft, job):
    def holds(taken: Job) -> bool:
        return draft.act(lambda s, r: hold_claim(s, r.clock, Claim(taken.id, taken.fence)))

    first = claim(draft, job)
    draft.clock.advance(LEASE - timedelta(seconds=1))
    assert holds(first)
    draft.clock.advance(LEASE - timedelta(seconds=1))
    assert claim(draft, job) is None, "holding renews the lease"
    draft.clock.advance(timedelta(seconds=2))
    second = claim(draft, job)
    assert (holds(first), holds(second)) == (False, True)
    finish(draft, second)
    assert not holds(second)


def test_a_job_that_is_done_does_not_come_back(draft, job):
    finish(draft, claim(draft, job))
    draft.clock.advance(timedelta(days=1))
    assert due(draft) == []


def test_an_error_is_kept_and_the_job_waits_longer_each_time(draft, job):
    waits = []
    for _ in range(3):
        finish(draft, claim(draft, job), "RuntimeError: no")
        waited = 0
        while not due(draft):
            draft.clock.advance(timedelta(seconds=1))
            waited += 1
        waits.append(waited)
    assert waits == [2, 4, 8]
    assert draft.sql("select last_error from job where id = :id", id=job) == [("RuntimeError: no",)]


def fail(place, job_id: int, times: int) -> None:
    """Let a job fail so often, each time as soon as it is due."""
    for _ in range(times):
        while not due(place):
            place.clock.advance(timedelta(seconds=1))
        finish(place, claim(place, job_id), "RuntimeError: no")


def failing(place, suffix: str) -> list[str]:
    return [job.key for job in place.act(lambda s, r: list_failing_jobs(s, suffix))]


def test_a_job_is_given_up_after_eight_failures_and_stands_among_the_failing(draft):
    job_id = draft.act(lambda s, r: put_job(s, r.clock, "once:R_1", "test", {}).id)
    fail(draft, job_id, times=7)
    assert failing(draft, ":R_1") == []
    fail(draft, job_id, times=1)
    assert failing(draft, ":R_1") == ["once:R_1"]
    assert failing(draft, ":RX1") == []
    draft.clock.advance(timedelta(days=1))
    assert due(draft) == []


def test_a_job_that_comes_back_is_never_given_up_and_is_well_again_after_one_success(draft):
    job_id = draft.act(lambda s, r: put_job(s, r.clock, "beat:R", "test", {}, every_seconds=1).id)
    fail(draft, job_id, times=10)
    assert failing(draft, ":R") == ["beat:R"]
    begun = draft.clock.now()
    while not due(draft):
        draft.clock.advance(timedelta(seconds=1))
    assert draft.clock.now() - begun == timedelta(seconds=256)
    finish(draft, claim(draft, job_id))
    assert failing(draft, ":R") == []
    draft.clock.advance(timedelta(seconds=1))
    assert due(draft) == [job_id]


def test_a_job_that_comes_back_is_due_after_its_interval(draft):
    job_id = draft.act(lambda s, r: put_job(s, r.clock, "beat", "test", {}, every_seconds=60).id)
    finish(draft, claim(draft, job_id))
    assert due(draft) == []
    draft.clock.advance(timedelta(seconds=60))
    assert due(draft) == [job_id]


def test_a_job_of_the_same_key_is_there_once_and_ended_jobs_stay_ended(draft, job):
    assert draft.act(lambda s, r: put_job(s, r.clock, "once", "test", {"new": 1}).id) == job
    draft.act(lambda s, r: end_jobs(s, r.clock, "once"))
    assert due(draft) == []


def test_a_job_that_is_put_again_while_a_worker_does_it_is_done_again(draft, job):
    taken = claim(draft, job)
    draft.act(lambda s, r: put_job(s, r.clock, "once", "test", {"whole": True}))
    finish(draft, taken)
    assert due(draft) == [job]
    again = claim(draft, job)
    assert again.payload == {"whole": True}
    finish(draft, again)
    assert due(draft) == []


def test_a_worker_does_what_is_due_and_survives_a_job_that_fails(draft, job, monkeypatch):
    done = []

    def fail(runtime, payload, claim):
        raise RuntimeError("no")

    monkeypatch.setitem(KINDS, "test", lambda runtime, payload, claim: done.append(payload))
    monkeypatch.setitem(KINDS, "bad", fail)
    draft.act(lambda s, r: put_job(s, r.clock, "bad", "bad", {}))
    with draft.app.app_context():
        assert run_due_jobs() == 2
    assert done == [{}]
    assert draft.sql("select last_error from job where key = 'bad'") == [("RuntimeError: no",)]
