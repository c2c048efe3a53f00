"""Interviewers at work: leases of cases, who calls whom, notes; what is lost to another is refused and changes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from evalsys.base.database import db
from evalsys.base.errors import BadInput, Refused
from evalsys.fieldwork.case_notes import write_note
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.holds import LEASE, renew_hold
from evalsys.fieldwork.interviewing import keep_spoken_answer, state_outcome
from evalsys.fieldwork.jobs import dial_numbers, send_messages
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.releases import pause_round
from evalsys.fieldwork.shifts import end_break, end_shift, read_number, take_break
from tests.evalsys.fieldwork.desks import Desk, make_staffed
from tests.evalsys.fieldwork.working import contact, end, interview, keep_one
from tests.evalsys.installation import copy_of


@pytest.fixture(scope="module")
def _staffed(tmp_path_factory):
    return make_staffed(tmp_path_factory.mktemp("staffed"))


@pytest.fixture
def staffed(_staffed, tmp_path):
    """A round in which interviewers call."""
    return copy_of(_staffed, tmp_path / "home")


def test_where_interviewers_call_the_machine_places_no_call(staffed):
    staffed.do_job(dial_numbers)
    assert staffed.telephone.placed == []


def test_where_interviewers_call_messages_are_sent_as_ever(tmp_path):
    place = make_staffed(tmp_path / "home", mode_sequence=["sms", "phone"])
    place.do_job(send_messages)
    assert place.telephone.sent


def test_where_both_call_the_machine_calls_first_and_a_person_those_who_hung_up(tmp_path):
    place = make_staffed(tmp_path / "home", calls_by="both")
    case_id = keep_one(place, "voice")
    end(place, contact(place, "voice"), "completed")
    found = interview(place, case_id)
    assert (found.state, found.next_channel) == ("waiting", "interviewer")


def test_where_both_call_the_machine_tries_again_whom_nobody_answered(tmp_path):
    place = make_staffed(tmp_path / "home", calls_by="both")
    case_id = keep_one(place, "voice")
    end(place, contact(place, "voice"), "no-answer")
    assert interview(place, case_id).next_channel == "voice"


def test_nobody_begins_a_shift_in_a_round_that_the_machine_calls(opened):
    with pytest.raises(Refused, match="only the machine calls"):
        Desk(opened, "i1")


def test_nobody_is_at_work_twice(staffed):
    Desk(staffed, "i1")
    with pytest.raises(Refused, match="at work already"):
        Desk(staffed, "i1")


@pytest.mark.parametrize("number", ["12345", "+1 415 867 5309", "96123456789"])
def test_an_interviewers_number_that_is_wrong_or_foreign_is_refused(number):
    with pytest.raises(BadInput):
        read_number(number)


def test_an_interviewers_number_is_kept_encrypted_and_forgotten_with_the_shift(staffed):
    desk = Desk(staffed, "i1")
    ((cipher,),) = staffed.sql("select phone_cipher from shift")
    assert cipher and b"13900000001" not in cipher
    desk.act(end_shift)
    assert staffed.sql("select phone_cipher from shift") == [(None,)]


def test_two_interviewers_get_two_cases_in_the_order_in_which_they_fell_due(staffed):
    due = [case for (case,) in staffed.sql("select case_id from interview order by due_at, case_id limit 2")]
    assert [Desk(staffed, code).take() for code in ("i1", "i2")] == due


def test_of_many_who_ask_at_once_for_the_only_case_one_gets_it(staffed):
    keep_one(staffed, "interviewer")
    desks = [Desk(staffed, f"i{number}") for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda desk: desk.take(), desks))
    assert sum(case is not None for case in taken) == 1
    assert len(staffed.sql("select * from hold")) == 1


def test_a_case_that_is_held_stays_with_its_holder_while_the_page_is_heard_of(staffed):
    keep_one(staffed, "interviewer")
    first, second = Desk(staffed, "i1"), Desk(staffed, "i2")
    case = first.take()
    for _ in range(3):
        staffed.clock.advance(LEASE - timedelta(seconds=1))
        first.act(renew_hold, case, first.case().fence)
        assert second.take() is None


def test_a_lease_that_ran_out_lets_go_and_its_former_holder_changes_nothing(staffed):
    keep_one(staffed, "interviewer")
    first, second = Desk(staffed, "i1"), Desk(staffed, "i2")
    case = first.take()
    fence = first.case().fence
    staffed.clock.advance(LEASE + timedelta(seconds=1))
    assert second.take() == case
    before = staffed.sql("select * from interview where case_id = :case", case=case)
    for late in (
        lambda: first.act(renew_hold, case, fence),
        lambda: first.act(keep_spoken_answer, case, fence, 0, "Q0", "1", "zh"),
        lambda: first.act(state_outcome, case, fence, "2.11"),
    ):
        with pytest.raises(Refused, match="no longer with you"):
            late()
    assert staffed.sql("select * from interview where case_id = :case", case=case) == before
    assert second.case().fence == fence + 1


def test_without_a_call_there_is_neither_answer_nor_outcome(staffed):
    desk = Desk(staffed, "i1")
    case = desk.take()
    for early in (
        lambda: desk.act(keep_spoken_answer, case, 1, 0, "Q0", "1", "zh"),
        lambda: desk.act(state_outcome, case, 1, "2.11"),
    ):
        with pytest.raises(Refused, match="call first"):
            early()
    assert interview(staffed, case).version == 0


def test_in_a_break_no_case_is_offered_and_the_one_held_goes_to_others(staffed):
    keep_one(staffed, "interviewer")
    first, second = Desk(staffed, "i1"), Desk(staffed, "i2")
    case = first.take()
    first.act(take_break)
    with pytest.raises(Refused, match="break"):
        first.take()
    assert second.take() == case
    second.act(end_shift)
    first.act(lambda session, runtime, shift: end_break(shift))
    assert first.take() == case


def test_a_round_that_is_paused_offers_no_case(staffed):
    desk = Desk(staffed, "i1")
    staffed.on_round(pause_round, actor="chair")
    with pytest.raises(Refused, match="not open"):
        desk.take()


def test_outside_calling_hours_nothing_is_offered_and_nothing_lost(staffed):
    desk = Desk(staffed, "i1")
    staffed.clock.advance(timedelta(hours=13))
    assert desk.take() is None
    staffed.clock.advance(timedelta(hours=11))
    assert desk.take() is not None


def test_where_a_countys_hours_are_over_its_cases_rest_and_others_are_offered(tmp_path):
    own = [{"county": "370102", "calling_hours": [{"from": "14:00", "to": "15:00"}], "holidays": []}]
    place = make_staffed(tmp_path / "home", area_hours=own)
    desks = [Desk(place, f"i{number}") for number in range(1, 31)]
    cases = [desk.take() for desk in desks]
    ids = ", ".join(map(str, cases))
    counties = place.sql(
        f'select distinct r.county from service_record r join "case" c on c.record_id = r.id where c.id in ({ids})'
    )
    assert counties == [("370103",)]


def test_a_note_is_encrypted_is_read_by_the_next_holder_and_erased_at_close(staffed):
    keep_one(staffed, "interviewer")
    first, second = Desk(staffed, "i1"), Desk(staffed, "i2")
    case = first.take()
    first.act(write_note, case, "白天在开会，晚上再打")
    ((cipher,),) = staffed.sql("select text_cipher from case_note")
    assert "开会".encode() not in cipher
    first.act(end_shift)
    second.take()
    assert [note.text for note in second.case().notes] == ["白天在开会，晚上再打"]
    staffed.clock.advance(timedelta(days=20))
    staffed.on_round(close_round, actor="chair")
    assert staffed.sql("select count(*) from case_note") == [(0,)]


@pytest.mark.parametrize("text", ["", "   ", "字" * 501])
def test_a_note_without_or_with_too_many_words_is_refused(staffed, text):
    desk = Desk(staffed, "i1")
    case = desk.take()
    with pytest.raises(BadInput):
        desk.act(write_note, case, text)


def test_what_the_page_shows_of_a_number_is_masked(staffed):
    desk = Desk(staffed, "i1")
    case = desk.take()
    shown = desk.case().masked_number
    assert shown.startswith("174****") and len(shown) == 11
    assert staffed.sql("select count(*) from service_record") and desk.case().case_id == case


def test_twelve_interviewers_at_once_on_postgresql_take_every_case_and_none_twice(tmp_path, postgres_url):
    place = make_staffed(tmp_path, database=postgres_url, quota=10, replicate_size=20)
    desks = [Desk(place, f"i{number}") for number in range(12)]
    waiting = place.sql("SELECT count(*) FROM interview WHERE state = 'waiting'")[0][0]
    at_once = threading.Barrier(len(desks))

    def work(desk: Desk) -> list[int]:
        at_once.wait()
        taken = []
        while (case := desk.take()) is not None and case not in taken:
            taken.append(case)
            place.act(lambda s, r: s.execute(update(Interview).where(Interview.case_id == case).values(state="ended")))
        return taken

    with ThreadPoolExecutor(len(desks)) as pool:
        taken = [case for cases in pool.map(work, desks) for case in cases]
    assert waiting >= 24 and sorted(taken) == sorted(set(taken)) and len(taken) == waiting
    with place.app.app_context():
        db.engine.dispose()
