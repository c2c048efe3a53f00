"""Listening in: a tenth of each interviewer's interviews, chosen by ticket; of the call only three verdicts are kept."""

from __future__ import annotations

import hashlib

import pytest

from evalsys.base.errors import NotFound, Refused
from evalsys.fieldwork.monitoring import describe_monitoring, record_monitoring
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import cases_by_class, complete

GOOD = {"read_as_worded": True, "neutral": True, "recorded_right": True}


def state(place):
    return place.on_round(lambda s, r, round_: describe_monitoring(s, round_))


def hear(place, attempt_id: int, *, actor: str = "chair", **verdict: bool):
    return place.on_round(record_monitoring, attempt_id=attempt_id, actor=actor, **{**GOOD, **verdict})


def test_the_call_to_listen_to_next_has_the_least_ticket_of_its_interviewer(opened):
    (first, *_) = cases_by_class(opened).values()
    take_interviews(opened, first[:6], "A17")
    ((seed,),) = opened.sql("SELECT seed FROM draw")
    rows = opened.sql(
        'SELECT a.id, c.stratum, c.cid FROM attempt a JOIN "case" c ON c.id = a.case_id WHERE interviewer != :no', no=""
    )
    least = min(
        (hashlib.sha256(f"evalsys-monitor-v1\n{seed}\n{stratum}\n{cid}".encode()).hexdigest(), attempt_id)
        for attempt_id, stratum, cid in rows
    )
    (suggested,) = state(opened).suggested
    assert (suggested.attempt_id, suggested.interviewer) == (least[1], "A17")


def test_an_interviewer_is_suggested_until_a_tenth_was_heard(opened):
    first, second, *_ = cases_by_class(opened).values()
    cases = (first + second)[:11]
    take_interviews(opened, cases, "A17")
    hear(opened, state(opened).suggested[0].attempt_id)
    (own,) = state(opened).interviewers
    assert (own.interviews, own.monitored, own.is_enough) == (11, 1, False)
    hear(opened, state(opened).suggested[0].attempt_id, neutral=False)
    (own,) = state(opened).interviewers
    assert (own.monitored, own.faults, own.is_enough) == (2, 1, True)
    assert state(opened).suggested == ()


def test_who_was_heard_least_comes_first(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[:4], "A17")
    take_interviews(opened, first[4:8], "B02")
    heard = next(call for call in state(opened).suggested if call.interviewer == "A17")
    hear(opened, heard.attempt_id)
    assert [one.interviewer for one in state(opened).interviewers] == ["B02", "A17"]
    assert [call.interviewer for call in state(opened).suggested] == ["B02"]


def test_a_call_under_way_is_heard_before_one_that_is_over(opened):
    (first, *_) = cases_by_class(opened).values()
    take_interviews(opened, first[:6], "A17")
    suggested = {call.attempt_id for call in state(opened).suggested}
    other = next(
        row[0] for row in opened.sql("SELECT id FROM attempt WHERE interviewer = 'A17'") if row[0] not in suggested
    )
    opened.sql("UPDATE attempt SET state = 'placed', outcome = '' WHERE id = :id", id=other)
    (call,) = state(opened).suggested
    assert (call.attempt_id, call.is_under_way) == (other, True)


def test_one_person_gives_one_verdict_on_a_call(opened):
    (first, *_) = cases_by_class(opened).values()
    take_interviews(opened, first[:1], "A17")
    attempt_id = state(opened).suggested[0].attempt_id
    hear(opened, attempt_id)
    with pytest.raises(Refused):
        hear(opened, attempt_id)
    hear(opened, attempt_id, actor="deputy", recorded_right=False)
    (own,) = state(opened).interviewers
    assert (own.monitored, own.faults) == (1, 1)


def test_only_calls_of_interviewers_are_listened_to(opened):
    (first, *_) = cases_by_class(opened).values()
    complete(opened, first[:3])
    assert state(opened).interviewers == () and state(opened).suggested == ()
    with pytest.raises(NotFound):
        hear(opened, 999_999)
