"""Re-contact: who is asked again follows from the seed, and what is kept of it is one word."""

from __future__ import annotations

import hashlib
import math

import pytest

from evalsys.base.errors import BadInput, Refused
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.recontacts import choose_recontacts, describe_recontacts, record_recontact
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class, complete


def by_hand(place, share: float) -> set[int]:
    """The recipe as the method page states it, with nothing of ours."""
    ((seed,),) = place.sql("SELECT seed FROM draw")
    rows = place.sql(
        "SELECT c.id, c.stratum, c.cid FROM \"case\" c JOIN interview i ON i.case_id = c.id WHERE i.outcome = '1.1'"
    )
    tickets = {
        case_id: hashlib.sha256(f"evalsys-recontact-v1\n{seed}\n{stratum}\n{cid}".encode()).hexdigest()
        for case_id, stratum, cid in rows
    }
    below = {case_id for case_id, ticket in tickets.items() if int(ticket[:13], 16) / 2**52 < share}
    rest = sorted((ticket, case_id) for case_id, ticket in tickets.items() if case_id not in below)
    return below | {case_id for _, case_id in rest[: max(0, math.ceil(round(share * len(rows), 9)) - len(below))]}


def complete_all(place) -> int:
    cases = [case_id for classes in cases_by_class(place).values() for case_id in classes]
    complete(place, cases)
    return len(cases)


def state(place):
    return place.on_round(describe_recontacts)


def test_who_is_asked_again_is_what_the_recipe_gives_by_hand(opened):
    number = complete_all(opened)
    found = state(opened)
    assert {one.case_id for one in found.due} == by_hand(opened, 0.1)
    assert found.complete == number and len(found.due) >= 0.1 * number


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.5, 1.0])
def test_at_least_the_share_of_those_held_is_chosen_whatever_the_tickets(share):
    cases = [(number, f"S{number % 3}", f"{number:064x}") for number in range(40)]
    chosen = choose_recontacts("ab" * 32, cases, {number for number, *_ in cases}, share)
    assert len(chosen) >= share * 40
    assert share or not chosen


def test_more_interviews_take_nobody_off_who_was_below_the_share():
    cases = [(number, "S", f"{number:064x}") for number in range(400)]
    early = choose_recontacts("ab" * 32, cases[:200], set(), 0.1)
    assert early <= choose_recontacts("ab" * 32, cases, set(), 0.1)


def test_the_list_shows_no_name_and_no_whole_number(opened):
    complete_all(opened)
    for one in state(opened).due:
        assert one.masked_number.startswith("174****") and len(one.masked_number) == 11
        assert one.until - one.answered_at == HOLD


def test_what_was_found_out_is_kept_and_the_interview_is_due_no_more(opened):
    complete_all(opened)
    first, second, *_ = state(opened).due
    opened.on_round(record_recontact, case_id=first.case_id, outcome="confirmed", actor="chair")
    opened.on_round(record_recontact, case_id=second.case_id, outcome="not-reached", actor="chair")
    after = state(opened)
    assert first.case_id not in {one.case_id for one in after.due}
    assert {one.case_id: one.tries for one in after.due}[second.case_id] == 1
    assert after.outcomes == {"confirmed": 1, "not-held": 0, "differs": 0, "not-reached": 1}
    assert after.asked_share == 1 / after.complete
    with pytest.raises(Refused):
        opened.on_round(record_recontact, case_id=first.case_id, outcome="not-held", actor="chair")


def test_who_was_not_chosen_is_not_asked(opened):
    complete_all(opened)
    due = {one.case_id for one in state(opened).due}
    other = next(case for cases in cases_by_class(opened).values() for case in cases if case not in due)
    with pytest.raises(Refused, match="not among those"):
        opened.on_round(record_recontact, case_id=other, outcome="confirmed", actor="chair")


def test_another_word_is_no_outcome(opened):
    complete_all(opened)
    with pytest.raises(BadInput):
        opened.on_round(record_recontact, case_id=state(opened).due[0].case_id, outcome="I1=2", actor="chair")


def test_nobody_is_asked_about_answers_that_are_sealed(opened):
    complete_all(opened)
    due = state(opened).due[0]
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    assert due.case_id not in {one.case_id for one in state(opened).due}
    opened.on_round(close_round, actor="chair")
    assert state(opened).due == ()
