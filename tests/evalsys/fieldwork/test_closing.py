"""Answers leave their cases in batches that nothing links to a person, and all of them are accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from evalsys.base.errors import Refused
from evalsys.fieldwork.closing import BATCH, CLASS, balance_answers, close_round, require_balance, seal_answers
from evalsys.fieldwork.jobs import dial_numbers, send_messages
from tests.evalsys.installation import answer_all

HOLD = timedelta(hours=72, seconds=1)


@pytest.fixture
def answered(opened):
    """A round in which most have answered and nothing is sealed."""
    answer_all(opened)
    return opened


def count(place, table: str, condition: str) -> int:
    return place.sql(f"select count(*) from {table} where {condition}")[0][0]


def balance(place, how) -> dict:
    return place.on_round(lambda session, runtime, round_: how(session, round_))


def test_nothing_is_sealed_while_quality_control_may_still_look(answered):
    assert answered.on_round(seal_answers) == 0
    assert count(answered, "sealed_answer", "true") == 0


def test_batches_are_of_ten_at_least_and_of_five_in_every_class(answered):
    answered.clock.advance(HOLD)
    sealed = answered.on_round(seal_answers)
    assert sealed > 0
    rows = answered.sql("select unit_code, block, stratum from sealed_answer")
    assert len(rows) == sealed
    assert min(Counter(block for _, block, _ in rows).values()) >= BATCH
    assert min(Counter((block, stratum) for _, block, stratum in rows).values()) >= CLASS
    assert all(len({unit for unit, one, _ in rows if one == block}) == 1 for _, block, _ in rows)


def test_fewer_than_ten_answers_of_a_unit_wait(answered):
    answered.sql(
        "update interview set state = 'ended', outcome = '2.11', answers_cipher = null where state = 'answered' "
        "and case_id not in (select case_id from interview where state = 'answered' order by case_id limit 9)"
    )
    answered.clock.advance(HOLD)
    assert answered.on_round(seal_answers) == 0


def test_what_is_left_over_is_sealed_at_close_and_every_answer_is_there(answered):
    waiting = count(answered, "interview", "state = 'answered'")
    answered.on_round(close_round, actor="chair")
    assert count(answered, "interview", "state in ('answered', 'waiting', 'calling')") == 0
    assert count(answered, "interview", "outcome = ''") == 0
    assert balance(answered, balance_answers) == {"web": {"sealed": waiting, "stored": waiting, "voided": 0}}


def test_nothing_of_a_sealed_answer_is_left_on_its_case(answered):
    answered.on_round(close_round, actor="chair")
    rows = answered.sql(
        "select answers_cipher, answered_at, ended_at, version, language, due_at from interview where state = 'sealed'"
    )
    assert set(rows) == {(None, None, None, 0, "", None)}


def test_no_value_that_tells_one_row_from_another_stands_both_on_cases_and_on_sealed_answers(answered):
    answered.on_round(close_round, actor="chair")
    shared = set()
    tables = ("interview", '"case"', "service_record", "attempt", "status_receipt", "audit_entry")
    sealed = [str(value) for row in answered.sql("select key, block from sealed_answer") for value in row]
    for table in tables:
        text = str(answered.sql(f"select * from {table}"))
        shared |= {value for value in sealed if value in text}
    assert shared == set()


def test_sealed_answers_lie_in_an_order_that_tells_nothing_of_the_cases(answered):
    answered.on_round(close_round, actor="chair")
    keys = [key for key, _ in answered.sql("select key, answers from sealed_answer")]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert "WITHOUT ROWID" in answered.sql("select sql from sqlite_master where name = 'sealed_answer'")[0][0].upper()


def test_a_missing_answer_is_found_and_named_by_its_channel(answered):
    answered.on_round(close_round, actor="chair")
    answered.sql("delete from sealed_answer where key = (select min(key) from sealed_answer)")
    with pytest.raises(Refused, match="Channel web"):
        balance(answered, require_balance)


def test_a_voided_answer_still_balances(answered):
    answered.on_round(close_round, actor="chair")
    answered.sql("update sealed_answer set voided = true where key = (select min(key) from sealed_answer)")
    assert balance(answered, require_balance)["web"]["voided"] == 1


def test_a_closed_round_contacts_nobody_and_cannot_be_closed_again(answered):
    answered.on_round(close_round, actor="chair")
    answered.clock.advance(timedelta(hours=1))
    answered.do_job(send_messages)
    answered.do_job(dial_numbers)
    assert answered.telephone.placed == answered.telephone.sent == []
    with pytest.raises(Refused, match="is closed"):
        answered.on_round(close_round, actor="chair")
