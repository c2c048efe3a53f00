"""Forms on paper: for drawn people only, keyed twice by two, differences settled, every serial accounted for, then signed."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsys.base.database import db
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.fieldwork.board import describe_board
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import dial_numbers, reconcile_attempts
from evalsys.fieldwork.opt_outs import opt_out_case
from evalsys.fieldwork.paper_batches import find_form, list_batches, list_handout, serial_of
from evalsys.fieldwork.sealing import require_balance, seal_answers
from evalsys.fieldwork.voiding import approve_voiding, propose_voiding
from evalsys.results.freezing import freeze_round
from surveys.errors import InstrumentError
from surveys.fieldwork.serials import check_character, has_right_check
from tests.evalsys.fieldwork.paper import FILLED, KEYERS, account, form_of, key, newest, print_batch, settle, sign
from tests.evalsys.fieldwork.working import answer, attempts, interview, talk_to
from tests.evalsys.installation import copy_of, make_open


@pytest.fixture(scope="module")
def _opened(tmp_path_factory):
    return make_open(tmp_path_factory.mktemp("paper"), mode_sequence=["phone"], random_arm_share=0.0)


@pytest.fixture
def place(_opened, tmp_path):
    """An open round by telephone, for one test to change."""
    return copy_of(_opened, tmp_path / "home")


def case_of(place, serial: str) -> int:
    return form_of(place, serial).case_id


# Who is in a batch


def test_a_batch_holds_waiting_cases_of_the_chosen_units_and_groups_and_nobody_else_works_on_them(place):
    serials = print_batch(place, 8, units=["U001"], groups=["representatives"])
    cases = [case_of(place, serial) for serial in serials]
    assert len(set(cases)) == len(serials) > 0
    for case_id in cases:
        ((unit, group),) = place.sql(
            'select s.unit_code, s."group" from service_record s join "case" c on c.record_id = s.id where c.id = :id',
            id=case_id,
        )
        assert (unit, group) == ("U001", "representatives")
        assert interview(place, case_id).state == "calling"
        assert [(one.channel, one.state) for one in attempts(place, case_id)] == [("paper", "out")]
    assert not set(cases) & {case_of(place, serial) for serial in print_batch(place, 50)}
    place.do_job(dial_numbers)
    place.clock.advance(timedelta(days=1))
    place.do_job(reconcile_attempts)
    assert all([one.channel for one in attempts(place, case_id)] == ["paper"] for case_id in cases)


def test_a_batch_is_refused_where_nobody_is_left_or_the_round_is_not_open(place):
    with pytest.raises(Refused):
        print_batch(place, 3, units=["U999"])
    for limit in (0, 101):
        with pytest.raises(BadInput):
            print_batch(place, limit)
    with pytest.raises(BadInput):
        print_batch(place, 3, language="fr")
    place.on_round(close_round, actor="chair")
    with pytest.raises(Refused):
        print_batch(place)


def test_who_gets_which_form_is_on_the_handout_list_alone_and_taking_it_is_in_the_trail(place):
    serials = print_batch(place, 2)
    rows = place.on_round(
        lambda s, r, round_: list_handout(s, r, round_, list_batches(s, round_)[0].batch, actor="chair")
    )
    assert [row.serial for row in rows] == serials and all(row.phone.startswith("+86174") for row in rows)
    trail = str(place.sql("select * from audit_entry"))
    assert "paper handout list taken" in trail and rows[0].phone not in trail


# Serials


@given(st.integers(1, 10**6), st.integers(1, 9999), st.data())
@settings(max_examples=60, deadline=None)
def test_one_wrong_sign_in_a_serial_is_noticed(batch, number, data):
    serial = serial_of(batch, number)
    assert has_right_check(serial) and has_right_check(serial.replace("-", "").lower())
    at = data.draw(st.integers(0, len(serial) - 1).filter(lambda at: serial[at] != "-"))
    other = data.draw(st.sampled_from([sign for sign in "0123456789ABCKXZ" if sign != serial[at]]))
    assert not has_right_check(serial[:at] + other + serial[at + 1 :])


def test_the_check_character_is_that_of_the_standard():
    assert check_character("A12425GABC1234002") == "M"


@pytest.mark.parametrize("typed", ["", "1", "1-0001-!", "１-0001-A", "1-0001", "x" * 500])
def test_what_is_no_serial_is_refused_as_that(place, typed):
    print_batch(place)
    with pytest.raises(BadInput):
        place.on_round(lambda s, r, round_: find_form(s, round_, typed))


def test_a_serial_of_no_form_of_the_round_is_not_found(place):
    print_batch(place)
    with pytest.raises(NotFound):
        form_of(place, serial_of(77, 1))


# Keying


def test_nothing_is_recorded_before_a_second_person_keyed_the_same(place):
    (serial,) = print_batch(place, 1)
    case_id = case_of(place, serial)
    key(place, serial, FILLED, "zhao")
    assert talk_to(place, case_id).answers == {} and form_of(place, serial).state == "once"
    with pytest.raises(Refused):
        key(place, serial, FILLED, "zhao")
    form = key(place, serial, FILLED, "qian")
    talk = talk_to(place, case_id)
    assert (form.state, form.said, form.differing) == ("done", "filled", 0)
    assert talk.answers == {code: value for code, value in FILLED.items() if code != "said"}
    assert (talk.state, talk.outcome, interview(place, case_id).channel) == ("answered", "1.1", "paper")
    assert [(one.state, one.outcome) for one in attempts(place, case_id)] == [("ended", "1.1")]
    with pytest.raises(Refused):
        key(place, serial, FILLED, "sun")


def test_keyings_lie_encrypted_and_are_erased_when_the_answers_are_sealed(place):
    serials = print_batch(place, 100)
    for serial in serials:
        key(place, serial, FILLED)
    assert len(place.sql("select id from paper_keying")) == 2 * len(serials)
    assert all(
        b"filled" not in cipher and b"said" not in cipher
        for (cipher,) in place.sql("select content_cipher from paper_keying")
    )
    place.clock.advance(timedelta(days=4))
    sealed = place.on_round(seal_answers)
    assert sealed > 0 and len(place.sql("select id from paper_keying")) == 2 * (len(serials) - sealed)
    assert "paper_keying" in str(place.sql("select payload from job where kind = 'field.erase'"))
    sign(place)
    place.on_round(close_round, actor="chair")
    assert place.sql("select id from paper_keying") == []
    balance = place.on_round(lambda s, r, round_: require_balance(s, round_))
    assert balance["paper"]["sealed"] == balance["paper"]["stored"] == len(serials)
    assert place.on_round(freeze_round, actor="chair").rows == len(serials)


def test_a_difference_waits_for_a_third_keying_that_decides_field_by_field(place):
    (serial,) = print_batch(place, 1)
    key(place, serial, FILLED, "zhao")
    form = key(place, serial, {**FILLED, "I1": "4", "P1": "1"}, "qian")
    assert (form.state, form.differing, form.fields) == ("differs", 2, len(FILLED))
    assert talk_to(place, form.case_id).answers == {}
    form = key(place, serial, {**FILLED, "I1": "4"}, "sun")
    answers = talk_to(place, form.case_id).answers
    assert (form.state, answers["I1"], answers["P1"]) == ("done", "4", "2")


def test_a_voided_form_leaves_nothing_of_what_was_keyed_and_its_case_is_worked_again(place):
    (serial,) = print_batch(place, 1)
    case_id = key(place, serial, FILLED).case_id
    voiding = place.on_round(propose_voiding, case_id=case_id, reason="filled in by staff", actor="chair")
    place.on_round(approve_voiding, voiding_id=voiding.id, actor="deputy")
    assert place.sql("select id from paper_keying") == [] and talk_to(place, case_id).answers == {}
    assert interview(place, case_id).state == "waiting"
    assert sign(place).counts["said filled"] == 1


def test_the_board_counts_what_came_on_paper_under_paper(place):
    filled, blank, *_ = print_batch(place, 5)
    key(place, filled, FILLED)
    key(place, blank, {"said": "refused"})
    board = place.on_round(describe_board)
    assert board.by_channel["paper"].completes == 1
    assert (board.by_channel["paper"].final, board.by_channel["paper"].open) == (2, 3)


def test_where_three_say_three_things_one_of_them_settles_it_with_a_reason(place):
    (serial,) = print_batch(place, 1)
    for keyer, value in zip(KEYERS, "124", strict=True):
        key(place, serial, {**FILLED, "I1": value}, keyer)
    with pytest.raises(Refused):
        key(place, serial, FILLED, "li")
    with pytest.raises(Refused):
        settle(place, serial, "li", I1="1")
    for wrong in ({"I1": "5"}, {}, {"I2": "2"}):
        with pytest.raises(BadInput):
            settle(place, serial, "zhao", **wrong)
    with pytest.raises(BadInput):
        settle(place, serial, "zhao", " ", I1="1")
    form = settle(place, serial, "zhao", I1="2")
    assert talk_to(place, form.case_id).answers["I1"] == "2"
    assert "between both" not in str(place.sql("select * from audit_entry")) + str(
        place.sql("select * from paper_form")
    )


def test_two_may_settle_what_they_differ_in_without_a_third(place):
    (serial,) = print_batch(place, 1)
    key(place, serial, FILLED, "zhao")
    key(place, serial, {**{code: value for code, value in FILLED.items() if code != "I6"}}, "qian")
    form = settle(place, serial, "qian", I6="")
    assert form.state == "done" and "I6" not in talk_to(place, form.case_id).answers
    assert interview(place, form.case_id).outcome == "1.1"


@pytest.mark.parametrize(
    "content", [{}, {"said": "eaten"}, {"said": "filled"}, {"said": "not_returned"}, {**FILLED, "said": ""}]
)
def test_a_reading_that_is_none_is_refused_and_nothing_kept(place, content):
    (serial,) = print_batch(place, 1)
    with pytest.raises(BadInput):
        key(place, serial, content, "zhao")
    with pytest.raises(InstrumentError):
        key(place, serial, {**FILLED, "I1": "77"}, "zhao")
    assert place.sql("select id from paper_keying") == [] and form_of(place, serial).keyers == []


# What a form comes to


@pytest.mark.parametrize(
    ("content", "state", "outcome", "tried"),
    [
        ({**FILLED}, "answered", "1.1", "1.1"),
        ({"said": "filled", "Q0": "1", "I1": "5"}, "answered", "1.2", "1.2"),
        ({"said": "filled", "Q0": "2", "I1": "5"}, "ended", "4.10", "4.10"),
        ({"said": "filled", "I1": "5"}, "waiting", "", "2.12"),
        ({"said": "broken_off", "Q0": "1", "I1": "5"}, "waiting", "", "2.12"),
        ({"said": "blank"}, "waiting", "", "2.113"),
        ({"said": "refused"}, "ended", "2.11", "2.11"),
        ({"said": "never_again"}, "ended", "2.11", "2.11"),
    ],
)
def test_a_form_ends_its_case_or_gives_it_back_by_how_it_came_back(place, content, state, outcome, tried):
    (serial,) = print_batch(place, 1)
    form = key(place, serial, content)
    found = interview(place, form.case_id)
    assert (found.state, found.outcome) == (state, outcome)
    assert [(one.outcome, one.state) for one in attempts(place, form.case_id)] == [(tried, "ended")]
    assert len(place.sql("select * from opt_out")) == (content["said"] == "never_again")
    assert len(place.sql("select id from paper_keying")) == (2 if state == "answered" else 0)


@pytest.mark.parametrize(("said", "outcome"), [("not_returned", "3.19"), ("not_handed_out", "3.11")])
def test_a_missing_form_gives_its_case_back_to_the_telephone_as_it_was(place, said, outcome):
    (serial,) = print_batch(place, 1)
    case_id = case_of(place, serial)
    assert newest(place).missing == (serial,)
    account(place, serial, said)
    found = interview(place, case_id)
    assert (found.state, found.next_channel) == ("waiting", "voice") and found.due_at is not None
    assert attempts(place, case_id)[0].outcome == outcome and newest(place).missing == ()
    place.do_job(dial_numbers)
    assert [one.channel for one in attempts(place, case_id)] == ["paper", "voice"]


def test_answers_that_came_in_another_way_meanwhile_stand_and_the_form_is_superseded(place):
    first, second = print_batch(place, 2)
    key(place, first, FILLED, "zhao")
    answer(place, case_of(place, first), "web", value="1")
    other = case_of(place, second)
    place.act(lambda s, r: opt_out_case(s, r, other))
    forms = [key(place, first, FILLED, "qian"), key(place, second, FILLED, "zhao")]
    assert [(form.state, form.superseded) for form in forms] == [("done", True), ("done", True)]
    assert talk_to(place, forms[0].case_id).answers["I1"] == "1" and interview(place, forms[0].case_id).channel == "web"
    assert interview(place, forms[1].case_id).outcome == "2.11"


# Signing


def test_a_batch_is_signed_once_every_serial_is_accounted_for_by_somebody_apart(place):
    serials = print_batch(place, 4)
    key(place, serials[0], FILLED)
    key(place, serials[1], FILLED, "zhao")
    with pytest.raises(Refused) as refused:
        sign(place)
    assert serials[2] in str(refused.value)
    with pytest.raises(Refused):
        place.on_round(close_round, actor="chair")
    key(place, serials[1], {**FILLED, "I1": "4"}, "qian")
    settle(place, serials[1], "zhao", I1="4")
    with pytest.raises(Refused):
        account(place, serials[0])
    account(place, serials[2])
    account(place, serials[3], "not_handed_out")
    for actor in ("chair", "zhao", "qian"):
        with pytest.raises(Refused):
            sign(place, actor)
    signed = sign(place)
    assert signed.counts == {
        "forms": 4,
        "said filled": 2,
        "said not_handed_out": 1,
        "said not_returned": 1,
        "superseded": 0,
        "fields": 2 * len(FILLED),
        "differing": 1,
    }
    trail = json.dumps([[str(cell) for cell in row] for row in place.sql("select * from audit_entry")])
    assert "paper batch signed" in trail and "observer" in trail
    with pytest.raises(Refused):
        sign(place)
    with pytest.raises(Refused):
        key(place, serials[2], FILLED)
    place.on_round(close_round, actor="chair")


def test_two_who_key_the_same_forms_at_the_same_time_on_postgresql_end_each_form_once(tmp_path, postgres_url):
    place = make_open(
        tmp_path, database=postgres_url, mode_sequence=["phone"], random_arm_share=0.0, quota=10, replicate_size=20
    )
    at_once = threading.Barrier(2)
    serials = print_batch(place, 12)

    def work(keyer: str) -> list[str]:
        at_once.wait()
        return [key(place, serial, FILLED, keyer).state for serial in serials]

    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(work, KEYERS[:2]))
    assert [sorted(pair) for pair in zip(*states, strict=True)] == [["done", "once"]] * len(serials)
    assert place.sql("select count(*), min(state), max(state) from interview where channel = 'paper'") == [
        (len(serials), "answered", "answered")
    ]
    assert sign(place).counts["said filled"] == len(serials)
    with place.app.app_context():
        db.engine.dispose()
