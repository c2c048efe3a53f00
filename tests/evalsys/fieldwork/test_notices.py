"""What staff are told of jobs that fail again and again."""

from __future__ import annotations

from evalsys.fieldwork import jobs as _jobs  # noqa: F401  registers the kinds of job
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.notices import list_notices
from evalsys.outbox.models import Job
from evalsys.outbox.worker import KINDS, run_due_jobs


def notices(place) -> list[str]:
    return [str(notice) for notice in place.on_round(list_notices)]


def fail_on(monkeypatch, kind: str) -> None:
    """Let every job of a kind fail, with a telephone number in its error."""

    def fail(runtime, payload, claim):
        raise RuntimeError("no answer from +8617400000001")

    monkeypatch.setitem(KINDS, kind, fail)


def dial(place, times: int = 1) -> None:
    """Do what is due, as often as the dialling job comes up again."""
    for _ in range(times):
        place.clock.at = max(
            place.clock.at, place.act(lambda s, r: s.query(Job).filter_by(kind="field.dial").one().due_at)
        )
        with place.app.app_context():
            run_due_jobs()


def test_staff_are_told_of_a_job_from_its_eighth_failure_to_its_next_success_and_see_no_number(opened, monkeypatch):
    with monkeypatch.context() as broken:
        fail_on(broken, "field.dial")
        dial(opened, times=7)
        assert notices(opened) == []
        dial(opened)
        (notice,) = notices(opened)
        assert notice.startswith("A job of the program fails: placing calls, 8 times in a row (RuntimeError).")
        assert "+86" not in notice
        dial(opened)
        assert "9 times in a row" in notices(opened)[0], "it must go on being tried, and staff go on seeing it"
    dial(opened)
    assert notices(opened) == []


def test_staff_are_told_of_it_after_the_close_too_unless_the_job_ended_with_the_round(opened, monkeypatch):
    fail_on(monkeypatch, "field.dial")
    dial(opened, times=8)
    opened.on_round(close_round, actor="chair")
    assert notices(opened) == []
    opened.sql("UPDATE job SET tries = 8, last_error = 'OSError: no' WHERE kind = 'field.apply'")
    (notice,) = notices(opened)
    assert "applying what the provider reports, 8 times in a row (OSError)" in notice
