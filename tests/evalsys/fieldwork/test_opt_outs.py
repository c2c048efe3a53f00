"""Who wants no more contact gets none: in no unit, in no round, on no channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.design.actions import create_round
from evalsys.design.queries import get_programme, get_round
from evalsys.fieldwork.interviews import opt_out
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, reconcile_attempts, send_messages
from evalsys.fieldwork.opt_outs import receive_message
from evalsys.fieldwork.releases import open_round, release_where_needed
from evalsys.gateways.port import ProviderCall, ProviderRefused
from evalsys.samples.draws import commit_frame, draw_sample
from evalsys.samples.imports import import_service_records, read_phone
from evalsys.samples.models import Case
from tests.evalsys.fieldwork.working import answer, attempts, contact, end, interview, keep_one, report
from tests.evalsys.installation import BEACON, DICE, tiny_city, write_records


def phone_of(place, case_id: int) -> str:
    return place.act(lambda s, r: read_phone(r, s.get(Case, case_id).record))


def write_back(place, sender: str, text: str) -> bool:
    return place.act(lambda s, r: receive_message(s, r, sender, text))


def make_one_person(place, *cases: int) -> None:
    """Let the service records behind some cases be of the person of the first."""
    index = 'SELECT r.person_index FROM service_record r JOIN "case" c ON c.record_id = r.id WHERE c.id = :one'
    ((person,),) = place.sql(index, one=cases[0])
    for case_id in cases[1:]:
        place.sql(
            'UPDATE service_record SET person_index = :person WHERE id = (SELECT record_id FROM "case" WHERE id = :case)',
            person=person,
            case=case_id,
        )


def end_of(place, case_id: int) -> tuple:
    case = interview(place, case_id)
    return case.state, case.outcome, case.due_at, case.answers_cipher


ENDED = ("ended", "2.11", None, None)


@pytest.fixture
def two(opened) -> tuple[int, int]:
    """Two cases of one person, in two units; one answers on the web already, the other is to be called."""
    first, second = (
        opened.sql("SELECT min(case_id) FROM interview WHERE unit_code = :unit", unit=unit)[0][0]
        for unit in ("U001", "U002")
    )
    make_one_person(opened, first, second)
    answer(opened, second, "web", 2)
    return first, second


@pytest.mark.parametrize("text", ["退订", "TD", "stop"])
def test_a_stop_word_ends_every_open_case_of_the_person_and_forgets_what_was_answered(opened, two, text):
    assert write_back(opened, phone_of(opened, two[0]), text)
    assert [end_of(opened, case_id) for case_id in two] == [ENDED, ENDED]
    assert opened.sql("SELECT count(*) FROM interview WHERE state = 'ended'") == [(2,)]
    assert opened.sql("SELECT count(*) FROM opt_out") == [(1,)]


def test_another_answer_and_another_persons_number_end_nothing(opened, two):
    assert not write_back(opened, phone_of(opened, two[0]), "谢谢，办得很好")
    assert not write_back(opened, "+15005550006", "STOP")
    assert not write_back(opened, "", "STOP")
    assert opened.sql("SELECT count(*) FROM interview WHERE state = 'ended'") == [(0,)]
    assert opened.sql("SELECT count(*) FROM opt_out") == [(0,)]


def test_who_is_in_no_round_can_opt_out_beforehand_and_a_message_that_comes_twice_changes_nothing(opened):
    for _ in range(2):
        assert write_back(opened, "+8617400099000", "退订")
    assert opened.sql("SELECT count(*) FROM opt_out") == [(1,)]


def test_a_finished_interview_stands_although_its_person_opts_out_afterwards(opened, two):
    answer(opened, two[1], "web")
    write_back(opened, phone_of(opened, two[0]), "退订")
    assert interview(opened, two[1]).outcome == "1.1"
    assert end_of(opened, two[0]) == ENDED


def test_nobody_is_contacted_after_opting_out(opened, two):
    number = phone_of(opened, two[0])
    write_back(opened, number, "退订")
    opened.do_job(dial_numbers)
    opened.do_job(send_messages)
    asked = [request.to for request in (*opened.telephone.placed, *opened.telephone.sent)]
    assert asked and number not in asked


def test_opting_out_on_a_call_ends_the_persons_other_cases_too(opened, two):
    opened.act(lambda s, r: opt_out(s, r, two[0]))
    assert [end_of(opened, case_id) for case_id in two] == [ENDED, ENDED]


@pytest.mark.parametrize("said_by", ["refusal", "callback", "list"])
def test_a_number_that_unsubscribed_at_the_provider_has_opted_out_here_however_that_becomes_known(opened, said_by):
    case_id = keep_one(opened, "sms")
    other = opened.sql("SELECT max(case_id) FROM interview")[0][0]
    make_one_person(opened, case_id, other)
    if said_by == "refusal":
        opened.telephone.fails = ProviderRefused("21610", "unsubscribed")
        contact(opened, "sms")
    elif said_by == "callback":
        end(opened, contact(opened, "sms"), "failed", ErrorCode="21610")
    else:
        contact(opened, "sms")
        (attempt,), (message,) = attempts(opened, case_id), opened.telephone.sent
        now = opened.clock.now()
        listed = ProviderCall(attempt.provider_sid, message.to, "undelivered", now, error_code="21610")
        opened.telephone.calls = [listed]
        opened.clock.advance(timedelta(hours=2))
        opened.do_job(reconcile_attempts)
    assert [end_of(opened, case) for case in (case_id, other)] == [ENDED, ENDED]
    assert opened.sql("SELECT count(*) FROM opt_out") == [(1,)]


@pytest.mark.parametrize("first", [0, 1])
def test_an_opt_out_holds_for_another_case_of_the_same_batch_of_callbacks(opened, first):
    """Both cases are in memory when one of them turns out to be an opt-out; the other must not be planned anew."""
    cases = [case for (case,) in opened.sql("SELECT case_id FROM interview WHERE next_channel = 'sms' LIMIT 2")]
    make_one_person(opened, *cases)
    opened.sql(f"UPDATE interview SET due_at = NULL WHERE case_id NOT IN ({cases[0]}, {cases[1]})")
    opened.do_job(send_messages)
    keys = [attempts(opened, case_id)[0].key for case_id in cases]
    report(opened, keys[first], "failed", ErrorCode="21610")
    report(opened, keys[1 - first], "delivered")
    opened.do_job(apply_callbacks)
    assert [interview(opened, case_id).outcome for case_id in cases] == ["2.11", "2.11"]
    assert {interview(opened, case_id).due_at for case_id in cases} == {None}


def test_a_case_released_after_its_person_opted_out_is_a_refusal_from_the_beginning(opened):
    ((later,),) = opened.sql(
        'SELECT min(id) FROM "case" WHERE released_at IS NULL AND replicate = 2 AND unit_code = :u', u="U001"
    )
    write_back(opened, phone_of(opened, later), "退订")
    opened.sql("UPDATE interview SET state = 'ended', outcome = '3.13', due_at = NULL WHERE unit_code = 'U001'")
    assert opened.on_round(release_where_needed) > 0
    assert end_of(opened, later) == ENDED
    assert opened.sql("SELECT count(*) FROM interview WHERE unit_code = 'U001' AND state = 'waiting'")[0][0] > 0


def test_an_opt_out_holds_in_every_round_that_is_open(opened, tmp_path):
    configuration = tiny_city().configuration
    plan, programme = configuration["rounds"][1], configuration["programme"]["code"]
    code = plan["code"]
    day = plan["period_until"]
    rows = [
        (f"U001-{number}", "U001", "", "个人", f"1740000{number:04d}", day, "办证", "370102") for number in range(200)
    ]
    path = write_records(tmp_path / "later.csv", rows)
    sources = {"beacon_source": BEACON, "dice_source": "twenty dice"}
    seen = {"beacon": f"{BEACON}:{'11' * 32}", "dice": DICE, "entered_by": "chair", "confirmed_by": "deputy"}

    def hold(session, runtime):
        create_round(
            session,
            runtime.clock,
            get_programme(session, programme),
            plan,
            actor="designer",
            unit_codes=["U001"],
            frame_supplier="units",
        )
        import_service_records(session, runtime, get_round(session, code), path, actor="designer")
        commit_frame(session, runtime, get_round(session, code), actor="chair", **sources, entropy=bytes)
        draw_sample(session, runtime, get_round(session, code), **seen)
        open_round(session, runtime, get_round(session, code), actor="chair")

    opened.act(hold)
    both = opened.sql(
        'SELECT r.person_index, min(i.case_id), max(i.case_id) FROM interview i JOIN "case" c ON c.id = i.case_id '
        "JOIN service_record r ON r.id = c.record_id GROUP BY 1 HAVING count(DISTINCT i.round_id) = 2"
    )
    _, first, second = both[0]
    write_back(opened, phone_of(opened, first), "退订")
    assert [end_of(opened, case_id) for case_id in (first, second)] == [ENDED, ENDED]
    assert opened.sql("SELECT count(*) FROM interview WHERE state = 'ended'") == [(2,)]
