"""Sealing answers so that nothing links them to persons, and closing so that every case and answer is accounted for."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from evalsys.base.errors import Refused
from evalsys.design.queries import get_round
from evalsys.fieldwork.blocks import BATCH, CLASS
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import load_conversation, record_answer
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.models import ModeCount, SealedAnswer
from evalsys.fieldwork.sealing import balance_answers, require_balance
from evalsys.outbox.worker import run_due_jobs
from surveys.fieldwork import find_outcome
from tests.evalsys.fieldwork.working import answer, attempts, contact, end, interview, keep_one
from tests.evalsys.installation import ROUND

HOLD = timedelta(hours=72)


def cases_by_class(place, arm: str = "base", unit: str = "U001") -> dict[str, list[int]]:
    rows = place.sql(
        'SELECT stratum, id FROM "case" WHERE released_at IS NOT NULL AND unit_code = :unit AND arm = :arm ORDER BY id',
        unit=unit,
        arm=arm,
    )
    classes: dict[str, list[int]] = {}
    for stratum, case_id in rows:
        classes.setdefault(stratum, []).append(case_id)
    return classes


def complete(place, cases, channel: str = "web") -> None:
    """Complete interviews, all alike."""

    def answer_all(session, runtime):
        for case_id in cases:
            talk = load_conversation(session, runtime, case_id)
            while question := talk.next_question(channel):
                value = "1" if question.options else ""
                talk = record_answer(session, runtime, talk, question.code, value, channel=channel)

    place.act(answer_all)


def sealed(place) -> list[SealedAnswer]:
    return place.act(lambda s, r: s.query(SealedAnswer).all())


def test_an_answer_is_sealed_only_after_quality_control(opened):
    (first, second, *_) = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    opened.clock.advance(HOLD - timedelta(seconds=1))
    opened.do_job(seal_ready_answers)
    assert sealed(opened) == []
    opened.clock.advance(timedelta(seconds=1))
    opened.do_job(seal_ready_answers)
    assert len(sealed(opened)) == 12


def test_fewer_than_ten_of_a_unit_wait(opened):
    (first, *_) = cases_by_class(opened).values()
    complete(opened, first[: BATCH - 1])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    assert sealed(opened) == []


def test_a_class_with_fewer_than_five_waits_while_the_others_are_sealed(opened):
    first, second, third = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6] + third[: CLASS - 1])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    assert sorted(Counter(row.stratum for row in sealed(opened)).values()) == [6, 6]
    assert len({row.block for row in sealed(opened)}) == 1
    states = {interview(opened, case_id).state for case_id in third[: CLASS - 1]}
    assert states == {"answered"}


def test_what_is_left_over_is_sealed_at_close(opened):
    first, second, third = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6] + third[:4])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    opened.on_round(close_round, actor="chair")
    assert len(sealed(opened)) == 16


def test_after_sealing_nothing_links_an_answer_to_a_case(opened):
    first, second, _ = cases_by_class(opened).values()
    done = first[:6] + second[:6]
    complete(opened, done)
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    shared = {"unit_code", "stratum", "channel", "outcome", "round_id"}
    answers = [
        {str(value) for name, value in vars(row).items() if name not in shared | {"_sa_instance_state", "voided"}}
        for row in sealed(opened)
    ]
    linking: set[str] = set()
    for table in ("interview", "attempt", '"case"', "status_receipt"):
        for row in opened.sql(f"SELECT * FROM {table}"):
            linking |= {str(value) for value in row if isinstance(value, str) and len(value) > 10}
    for values in answers:
        assert not values & linking
    for case_id in done:
        case = interview(opened, case_id)
        assert (case.state, case.answers_cipher, case.answered_at) == ("sealed", None, None)


def test_sealed_answers_have_no_time_and_no_order_of_insertion(opened):
    columns = opened.sql("SELECT name, type FROM pragma_table_info('sealed_answer')")
    assert not [name for name, kind in columns if name.endswith(("_at", "_on", "_id")) and name != "round_id"]
    assert not [name for name, kind in columns if "DATE" in kind.upper() or "TIME" in kind.upper()]
    (definition,) = opened.sql("SELECT sql FROM sqlite_master WHERE name = 'sealed_answer'")[0]
    assert "WITHOUT ROWID" in definition


def test_what_is_deleted_is_overwritten(opened):
    assert opened.sql("PRAGMA secure_delete") == [(1,)]


@pytest.mark.parametrize("closing", [False, True], ids=["in the field", "at close"])
def test_no_file_of_the_database_holds_the_original_of_a_sealed_answer(opened, closing):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    originals = [row[0] for row in opened.sql("SELECT answers_cipher FROM interview WHERE answers_cipher IS NOT NULL")]

    def remains() -> int:
        content = b"".join(path.read_bytes() for path in opened.home.glob("*.sqlite*"))
        return sum(original in content for original in originals)

    assert remains() == 12
    opened.clock.advance(HOLD)
    if closing:
        opened.on_round(close_round, actor="chair")
    else:
        opened.do_job(seal_ready_answers)
    assert remains() == 12, "the log still has them; else this test shows nothing"
    with opened.app.app_context():
        run_due_jobs()
    assert remains() == 0


def test_the_answers_are_not_in_the_interview_after_sealing_even_for_who_has_the_key(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    talk = opened.act(lambda s, r: load_conversation(s, r, first[0]))
    assert talk.answers == {} and not talk.is_open


def test_closing_gives_every_released_case_a_final_outcome(opened):
    case_id = keep_one(opened, "voice")
    end(opened, contact(opened, "voice"), "busy")
    outcomes = opened.on_round(close_round, actor="chair")
    (released,) = opened.sql('SELECT count(*) FROM "case" WHERE released_at IS NOT NULL')[0]
    assert sum(outcomes.values()) == released
    for outcome in outcomes:
        assert find_outcome(outcome).code == outcome
    assert interview(opened, case_id).outcome == "3.12"
    assert outcomes["3.11"] == released - 1
    assert "4.80" not in outcomes


def test_closing_twice_is_refused(opened):
    opened.on_round(close_round, actor="chair")
    with pytest.raises(Refused):
        opened.on_round(close_round, actor="chair")


def test_a_partial_interview_is_kept_at_close_and_is_not_complete(opened):
    case_id = keep_one(opened, "sms")
    end(opened, contact(opened, "sms"), "delivered")
    answer(opened, case_id, "web", 3)
    outcomes = opened.on_round(close_round, actor="chair")
    assert outcomes["1.2"] == 1 and "1.1" not in outcomes
    (row,) = sealed(opened)
    assert (row.outcome, sorted(row.answers)) == ("1.2", ["I1", "I2", "Q0"])


def test_an_interview_left_after_four_indicators_is_complete_at_close(opened):
    case_id = keep_one(opened, "sms")
    answer(opened, case_id, "web", 5, value="1")
    outcomes = opened.on_round(close_round, actor="chair")
    assert outcomes["1.1"] == 1


def test_a_late_callback_after_close_changes_no_outcome(opened):
    case_id = keep_one(opened, "voice")
    key = contact(opened, "voice")
    opened.on_round(close_round, actor="chair")
    before = interview(opened, case_id).outcome
    end(opened, key, "no-answer")
    case = interview(opened, case_id)
    assert (case.state, case.outcome, case.due_at) == ("ended", before, None)
    assert attempts(opened, case_id)[0].outcome == "3.13"


def test_the_balance_counts_cases_and_answers_by_channel_and_a_missing_answer_is_noticed(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6])
    complete(opened, second[:6], "voice")
    opened.on_round(close_round, actor="chair")
    balance = opened.act(lambda s, r: balance_answers(s, get_round(s, ROUND)))
    assert balance == {channel: {"sealed": 6, "stored": 6, "voided": 0} for channel in ("voice", "web")}
    (block,) = {row.block for row in sealed(opened)}
    opened.sql("DELETE FROM sealed_answer WHERE key = (SELECT min(key) FROM sealed_answer)")
    with pytest.raises(Refused, match=f"{block} has 11 answers where 12 were sealed"):
        opened.act(lambda s, r: require_balance(s, get_round(s, ROUND)))


def answer_everybody(place, seed: int) -> None:
    """Work a round with chance: two thirds of the cases answer, by web or telephone, some break off, over several days."""
    chance = random.Random(seed)
    cases = [row[0] for row in place.sql('SELECT id FROM "case" WHERE released_at IS NOT NULL ORDER BY id')]
    chance.shuffle(cases)
    for start in range(0, len(cases), 40):
        for case_id in cases[start : start + 40]:
            channel = chance.choice(["web", "web", "web", "voice"])
            answered = chance.choices([20, 2, 0], [8, 1, 1])[0]
            if answered:
                answer(place, case_id, channel, 1)
                answer(place, case_id, channel, answered, value=chance.choice("12"))
        place.clock.advance(HOLD)
        place.do_job(seal_ready_answers)


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_holds_cases_and_answers_finds_five_answers_at_least_for_every_case(opened, seed):
    """The attack: join the dump's cases and answers by all that both sides tell, block by block."""
    answer_everybody(opened, seed)
    before_close = Counter((row.block, row.unit_code, row.outcome, row.stratum, row.channel) for row in sealed(opened))
    assert before_close and min(before_close.values()) >= CLASS
    opened.on_round(close_round, actor="chair")
    rows = sealed(opened)
    assert {row.outcome for row in rows} == {"1.1", "1.2"}
    groups = Counter((row.unit_code, row.stratum.split("/")[1]) for row in rows if row.outcome == "1.1")
    classes = Counter((row.block, row.unit_code, row.outcome, row.stratum, row.channel) for row in rows)
    for (_, unit, outcome, stratum, _), size in classes.items():
        # A group of which fewer than five answered in all hides nobody; it is never shown, nor mixed with another.
        assert size >= CLASS or (outcome == "1.1" and groups[unit, stratum.split("/")[1]] < CLASS)
    assert max(groups.values()) > CLASS


def test_a_channel_that_is_rare_in_its_stratum_is_told_of_nobody_there(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:5])
    complete(opened, second[5:10], "voice")
    complete(opened, first[6:8], "voice")
    opened.on_round(close_round, actor="chair")
    told = Counter((row.stratum, row.channel) for row in sealed(opened))
    strata = list(cases_by_class(opened))
    assert told == {(strata[0], ""): 8, (strata[1], "web"): 5, (strata[1], "voice"): 5}


def test_small_strata_are_joined_to_their_neighbour_before_their_answers_are_sealed(opened):
    mine, near = "U001/individuals/370103", "U001/individuals/370104"
    opened.sql(
        'INSERT INTO stratum (round_id, code, unit_code, "group", counties, neighbour, size, sample_size) '
        'SELECT round_id, :near, unit_code, "group", counties, neighbour, size, sample_size FROM stratum WHERE code = :mine',
        near=near,
        mine=mine,
    )
    cases = cases_by_class(opened)[mine]
    for case_id in cases[:2]:
        opened.sql('UPDATE "case" SET stratum = :near WHERE id = :case', near=near, case=case_id)
    complete(opened, cases[:8])
    opened.on_round(close_round, actor="chair")
    assert Counter(row.stratum for row in sealed(opened)) == {mine: 8}


def test_answers_left_over_at_close_go_into_a_block_that_has_their_class(opened):
    first, second, _ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6])
    opened.clock.advance(HOLD)
    opened.do_job(seal_ready_answers)
    keys = {row.key for row in sealed(opened)}
    complete(opened, first[6:8])
    opened.on_round(close_round, actor="chair")
    rows = sealed(opened)
    assert len(rows) == 14 and len({row.block for row in rows}) == 1
    assert not keys & {row.key for row in rows}, "the last ones could be told by their keys"


def test_few_partial_interviews_do_not_tell_their_unit(opened):
    (first, *_) = cases_by_class(opened).values()
    for case_id in first[:3]:
        answer(opened, case_id, "web", 3)
    complete(opened, first[3:9])
    opened.on_round(close_round, actor="chair")
    partial = [row for row in sealed(opened) if row.outcome == "1.2"]
    assert [(row.unit_code, row.stratum) for row in partial] == [("", "")] * 3
    assert not {row.block for row in partial} & {row.block for row in sealed(opened) if row.outcome == "1.1"}


def test_answers_are_counted_by_arm_and_channel_in_cells_of_five_or_more(opened):
    (base, *_) = cases_by_class(opened).values()
    swapped = [case_id for cases in cases_by_class(opened, "swap").values() for case_id in cases]
    complete(opened, base[:7])
    complete(opened, swapped[:4], "voice")
    opened.on_round(close_round, actor="chair")
    counts = opened.act(lambda s, r: s.query(ModeCount).all())
    assert {(row.unit_code, row.arm, row.channel) for row in counts} == {("U001", "base", "web")}
    assert {(row.question, row.value): row.count for row in counts if row.question in ("", "I1")} == {
        ("", ""): 7,
        ("I1", "1"): 7,
    }
