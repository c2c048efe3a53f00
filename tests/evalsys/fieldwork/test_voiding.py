"""Voiding an interview takes two people, leaves nothing of its answers, and gives the case back to fieldwork."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.voiding import (
    approve_voiding,
    get_case_id,
    list_awaiting,
    list_voidings,
    propose_block_voiding,
    propose_voiding,
    reject_voiding,
)
from evalsys.outbox.worker import run_due_jobs
from tests.evalsys.fieldwork.call_centre import (
    COMPLETE,
    read_list,
    result,
    take_list,
    take_results,
)
from tests.evalsys.fieldwork.desks import Desk, make_staffed
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class, complete, sealed
from tests.evalsys.fieldwork.working import answer, attempts, interview, talk_to


@pytest.fixture
def place(exchange):
    """An open round whose calls a call centre makes."""
    return exchange


def interview_one(place) -> int:
    """One interview that interviewer A17 took; its case."""
    (row,) = read_list(place, take_list(place, limit=1))
    take_results(place, [result(place, row["编号"], 通话秒数="300", **COMPLETE)])
    ((case_id,),) = place.sql("SELECT case_id FROM attempt WHERE outcome = '1.1'")
    return case_id


def void(place, case_id: int, *, approved_by: str = "deputy") -> None:
    proposal = place.on_round(propose_voiding, case_id=case_id, reason="nobody was called", actor="chair").id
    place.on_round(approve_voiding, voiding_id=proposal, actor=approved_by)


def end_field_period(place) -> None:
    place.sql("UPDATE round SET field_until = :until", until=f"{place.clock.at - timedelta(minutes=1):%F %T.000000}")


def test_nothing_of_the_answers_is_left_and_the_case_is_worked_again(place):
    case_id = interview_one(place)
    ((original,),) = place.sql("SELECT answers_cipher FROM interview WHERE case_id = :case", case=case_id)
    void(place, case_id)
    case = interview(place, case_id)
    assert (case.state, case.answers_cipher, case.outcome, case.channel) == ("waiting", None, "", "")
    assert case.next_channel == "voice" and case.due_at >= place.clock.at
    assert talk_to(place, case_id).answers == {}
    with place.app.app_context():
        run_due_jobs()
    assert not any(original in path.read_bytes() for path in place.home.glob("*.sqlite*"))


def test_the_call_keeps_its_outcome_in_the_ledger_with_the_mark_that_it_is_voided(place):
    case_id = interview_one(place)
    void(place, case_id)
    (call,) = attempts(place, case_id)
    assert (call.outcome, call.interviewer, call.voided_at) == ("1.1", "A17", place.clock.at)


def test_a_voided_interview_can_be_taken_again_and_counts_once(place):
    case_id = interview_one(place)
    void(place, case_id)
    place.clock.at = interview(place, case_id).due_at
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_id)
    (row,) = read_list(place, take_list(place))
    take_results(place, [result(place, row["编号"], 通话秒数="280", **COMPLETE)], "second.csv")
    assert [call.outcome for call in attempts(place, case_id)] == ["1.1", "1.1"]
    outcomes = place.on_round(close_round, actor="chair")
    assert outcomes["1.1"] == 1 and len(sealed(place)) == 1


def test_a_case_that_cannot_be_worked_again_ends_with_what_its_other_tries_came_to(place):
    (row,) = read_list(place, take_list(place, limit=1))
    take_results(place, [result(place, row["编号"], 结果="无人接听")])
    ((case_id,),) = place.sql("SELECT case_id FROM attempt")
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_id)
    place.clock.at = interview(place, case_id).due_at
    (row,) = read_list(place, take_list(place))
    take_results(place, [result(place, row["编号"], 通话秒数="300", **COMPLETE)], "second.csv")
    end_field_period(place)
    void(place, case_id)
    case = interview(place, case_id)
    assert (case.state, case.outcome, case.answers_cipher, case.due_at) == ("ended", "3.13", None, None)


def test_a_case_without_any_other_try_ends_as_never_tried(place):
    case_id = interview_one(place)
    end_field_period(place)
    void(place, case_id)
    assert (interview(place, case_id).state, interview(place, case_id).outcome) == ("ended", "3.11")


def test_who_proposed_a_voiding_cannot_approve_it(place):
    case_id = interview_one(place)
    with pytest.raises(Refused, match="Somebody else"):
        void(place, case_id, approved_by="chair")
    case = interview(place, case_id)
    assert case.state == "answered" and case.answers_cipher


def test_a_rejected_proposal_changes_nothing_and_cannot_be_approved_later(place):
    case_id = interview_one(place)
    proposal = place.on_round(propose_voiding, case_id=case_id, reason="too short", actor="chair").id
    place.on_round(reject_voiding, voiding_id=proposal, actor="deputy")
    with pytest.raises(Refused, match="decided before"):
        place.on_round(approve_voiding, voiding_id=proposal, actor="deputy")
    assert interview(place, case_id).state == "answered"
    assert [one.voiding.decision for one in place.on_round(lambda s, r, round_: list_voidings(s, round_))] == [
        "rejected"
    ]


def test_the_same_interview_is_proposed_once_at_a_time(place):
    case_id = interview_one(place)
    place.on_round(propose_voiding, case_id=case_id, reason="too short", actor="chair")
    with pytest.raises(Refused, match="proposed already"):
        place.on_round(propose_voiding, case_id=case_id, reason="too short", actor="deputy")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_voiding_needs_a_reason(place, reason):
    case_id = interview_one(place)
    with pytest.raises(BadInput):
        place.on_round(propose_voiding, case_id=case_id, reason=reason, actor="chair")


def test_both_people_and_the_reason_stand_in_the_audit_trail_and_no_answer_does(place):
    case_id = interview_one(place)
    void(place, case_id)
    rows = place.sql("SELECT actor, action, details FROM audit_entry WHERE action LIKE 'voiding%' ORDER BY seq")
    ((cid,),) = place.sql('SELECT cid FROM "case" WHERE id = :case', case=case_id)
    assert [(actor, action, json.loads(details)) for actor, action, details in rows] == [
        ("chair", "voiding proposed", {"case": cid, "reason": "nobody was called"}),
        ("deputy", "voiding approved", {"case": cid, "proposed_by": "chair"}),
    ]


def test_what_is_not_answered_cannot_be_voided(opened):
    (first, *_) = cases_by_class(opened).values()
    with pytest.raises(Refused, match="no finished answers"):
        opened.on_round(propose_voiding, case_id=first[0], reason="why not", actor="chair")
    with pytest.raises(NotFound):
        opened.on_round(propose_voiding, case_id=999_999, reason="why not", actor="chair")


def test_an_interview_on_the_web_is_voided_too_and_its_respondent_may_answer_again(opened):
    (first, *_) = cases_by_class(opened).values()
    complete(opened, first[:1])
    void(opened, first[0])
    assert interview(opened, first[0]).answers_cipher is None
    assert answer(opened, first[0], "web").outcome == "1.1"


def test_a_voiding_that_is_not_decided_keeps_the_answers_on_their_case(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    opened.on_round(propose_voiding, case_id=first[0], reason="too short", actor="chair")
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    assert len(sealed(opened)) == 11
    assert interview(opened, first[0]).state == "answered"


def test_after_sealing_a_single_interview_is_not_voided(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    with pytest.raises(Refused, match="only its whole block"):
        opened.on_round(propose_voiding, case_id=first[0], reason="too late", actor="chair")


def test_a_proposal_that_closing_overtook_is_refused(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    proposal = opened.on_round(propose_voiding, case_id=first[0], reason="too short", actor="chair").id
    opened.on_round(close_round, actor="chair")
    with pytest.raises(Refused):
        opened.on_round(approve_voiding, voiding_id=proposal, actor="deputy")
    assert len(sealed(opened)) == 12


def test_a_block_that_does_not_exist_cannot_be_voided(opened):
    with pytest.raises(NotFound):
        opened.on_round(propose_block_voiding, block="00", reason="why not", actor="chair")


def test_a_case_is_named_by_the_beginning_of_its_identifier(opened):
    ((case_id, cid),) = opened.sql('SELECT id, cid FROM "case" WHERE released_at IS NOT NULL ORDER BY id LIMIT 1')
    assert opened.on_round(lambda s, r, round_: get_case_id(s, round_, f" {cid[:12].upper()} ")) == case_id
    for wrong in ("", cid[:7], "%" * 12, "0" * 64):
        with pytest.raises(NotFound):
            opened.on_round(lambda s, r, round_, w=wrong: get_case_id(s, round_, w))


def test_the_shortest_calls_are_looked_at_first(place):
    rows = read_list(place, take_list(place, limit=3))
    lines = [result(place, row["编号"], 通话秒数=str(200 - 50 * n), **COMPLETE) for n, row in enumerate(rows)]
    take_results(place, lines)
    found = place.on_round(lambda s, r, round_: list_awaiting(s, round_))
    assert [(one.interviewer, one.seconds) for one in found] == [("A17", 100), ("A17", 150), ("A17", 200)]


def test_a_voided_interview_is_taken_again_by_another_interviewer(tmp_path):
    place = make_staffed(tmp_path / "home")
    first = Desk(place, "i1")
    case_id = first.take()
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_id)
    take_interviews(place, [case_id], "i1")
    void(place, case_id)
    assert interview(place, case_id).next_channel == "interviewer"
    assert first.case() is None and first.take() is None
    assert Desk(place, "i2").take() == case_id
