"""One interviewer's answers are sealed by themselves where they suffice, and can be voided so; nothing else is told by it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from evalsys.base.errors import Refused
from evalsys.design.queries import get_round
from evalsys.fieldwork.blocks import BATCH, CLASS
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.models import SealedBlock
from evalsys.fieldwork.sealing import balance_answers
from evalsys.fieldwork.voiding import approve_voiding, propose_block_voiding
from evalsys.results.freezing import describe_strata, freeze_round
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class, complete, sealed
from tests.evalsys.fieldwork.working import interview
from tests.evalsys.installation import ROUND


@pytest.fixture
def opened(wide):
    """A round in the field with strata of a few dozen cases."""
    return wide


def blocks_of(place) -> dict[str, str]:
    """Block → whose it is."""
    return {row.block: row.interviewer for row in place.act(lambda s, r: s.query(SealedBlock).all())}


def seal(place) -> None:
    place.clock.advance(HOLD)
    place.do_job(seal_ready_answers)


def void_block(place, block: str) -> None:
    proposal = place.on_round(propose_block_voiding, block=block, reason="all invented", actor="chair").id
    place.on_round(approve_voiding, voiding_id=proposal, actor="deputy")


def two_blocks(place) -> tuple[str, str]:
    """A block of interviewer A17's, and one of the web's, of the same strata; which is which."""
    first, second, *_ = cases_by_class(place).values()
    take_interviews(place, first[:6] + second[:6], "A17", value=lambda case_id, code: "2")
    complete(place, first[6:12] + second[6:12])
    seal(place)
    (own,) = [block for block, interviewer in blocks_of(place).items() if interviewer == "A17"]
    (other,) = [block for block, interviewer in blocks_of(place).items() if interviewer == ""]
    return own, other


def test_ten_of_one_interviewer_make_a_block_of_their_own(opened):
    own, other = two_blocks(opened)
    by_block = defaultdict(list)
    for row in sealed(opened):
        by_block[row.block].append(row.answers["I1"])
    assert by_block == {own: ["2"] * 12, other: ["1"] * 12}


def test_fewer_than_ten_of_an_interviewer_mix_with_the_others(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[: BATCH - 1], "A17")
    complete(opened, first[9:15] + second[:6])
    seal(opened)
    assert list(blocks_of(opened).values()) == [""]
    assert len(sealed(opened)) == BATCH - 1 + 12


def test_answers_do_not_tell_who_asked(opened):
    two_blocks(opened)
    columns = [name for (name,) in opened.sql("SELECT name FROM pragma_table_info('sealed_answer')")]
    assert columns == ["key", "round_id", "unit_code", "stratum", "channel", "block", "outcome", "answers", "voided"]


def test_what_is_left_of_an_interviewer_at_close_joins_their_own_block_and_nobody_elses(opened):
    first, second, *_ = cases_by_class(opened).values()
    own, other = two_blocks(opened)
    take_interviews(opened, first[12:15], "A17", value=lambda case_id, code: "2")
    complete(opened, second[12:14])
    opened.on_round(close_round, actor="chair")
    assert blocks_of(opened) == {own: "A17", other: ""}
    assert Counter(row.block for row in sealed(opened)) == {own: 15, other: 14}


def test_a_block_is_nobodys_once_others_had_to_mix_with_it(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[:6] + second[:6], "A17")
    seal(opened)
    complete(opened, first[6:8])
    opened.on_round(close_round, actor="chair")
    assert list(blocks_of(opened).values()) == [""]
    assert len(sealed(opened)) == 14


def test_ten_of_one_interviewer_are_a_block_of_their_own_at_close_too(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[:6] + second[:6], "A17")
    complete(opened, first[6:11] + second[6:11])
    opened.on_round(close_round, actor="chair")
    assert sorted(blocks_of(opened).values()) == ["", "A17"]


def test_a_voided_block_is_in_no_data_set_and_cases_and_answers_balance(opened):
    own, _ = two_blocks(opened)
    void_block(opened, own)
    opened.on_round(close_round, actor="chair")
    balance = opened.act(lambda s, r: balance_answers(s, get_round(s, ROUND)))
    assert balance == {
        "interviewer": {"sealed": 12, "stored": 0, "voided": 12},
        "web": {"sealed": 12, "stored": 12, "voided": 0},
    }
    dataset = opened.on_round(freeze_round, actor="chair")
    assert dataset.rows == 12 and dataset.counts == balance


def test_who_was_voided_weighs_as_somebody_who_did_not_answer(opened):
    own, _ = two_blocks(opened)
    opened.on_round(close_round, actor="chair")
    before, _ = opened.on_round(lambda s, r, round_: describe_strata(s, round_))
    void_block(opened, own)
    after, final = opened.on_round(lambda s, r, round_: describe_strata(s, round_))
    complete_of = {row["stratum"]: row["complete"] for row in after}
    stored = Counter(final[row.stratum] for row in sealed(opened) if not row.voided)
    assert {name: count for name, count in complete_of.items() if count} == stored
    assert sum(row["complete"] for row in before) - sum(complete_of.values()) == 12
    for names in (("population",), ("complete", "eligible_rest")):
        assert sum(row[name] for row in before for name in names) == sum(row[name] for row in after for name in names)


def test_strata_in_which_a_voiding_leaves_fewer_than_five_are_joined_to_their_neighbour(opened):
    cases = cases_by_class(opened)
    mine, near = "U001/individuals/370103", "U001/individuals/370102"
    take_interviews(opened, cases[near][:10], "A17")
    complete(opened, cases[mine][:12])
    opened.on_round(close_round, actor="chair")
    (own,) = [block for block, interviewer in blocks_of(opened).items() if interviewer == "A17"]
    void_block(opened, own)
    rows, final = opened.on_round(lambda s, r, round_: describe_strata(s, round_))
    assert final[near] == final[mine]
    (joined,) = [row for row in rows if row["stratum"] == final[mine]]
    assert (joined["complete"], joined["members"]) == (12, [near, mine])


def test_few_that_are_left_of_a_class_whose_only_block_was_voided_are_voided_with_it(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[:6] + second[:6], "A17")
    seal(opened)
    (block,) = blocks_of(opened)
    void_block(opened, block)
    complete(opened, first[6:8] + second[6:11])
    opened.on_round(close_round, actor="chair")
    voided = [row for row in sealed(opened) if row.voided]
    assert len(voided) == 14 and {row.block for row in voided} == {block}
    assert len(sealed(opened)) == 19
    opened.on_round(freeze_round, actor="chair")


def test_a_block_is_voided_once_and_not_after_freezing(opened):
    own, other = two_blocks(opened)
    void_block(opened, own)
    with pytest.raises(Refused, match="voided already"):
        void_block(opened, own)
    opened.on_round(close_round, actor="chair")
    opened.on_round(freeze_round, actor="chair")
    with pytest.raises(Refused, match="frozen"):
        void_block(opened, other)
    assert not [row for row in sealed(opened) if row.voided and row.block == other]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whoever_knows_the_interviewer_of_every_case_finds_five_answers_at_least_for_it(opened, seed):
    """The attack: join cases and answers by all that both sides tell, whose block it is too."""
    chance = random.Random(seed)
    interviewers = {}
    cases = [row[0] for row in opened.sql('SELECT id FROM "case" WHERE released_at IS NOT NULL ORDER BY id')]
    chance.shuffle(cases)
    for start in range(0, len(cases), 180):
        for case_id in cases[start : start + 180]:
            who = chance.choice(["", "", "A17", "A17", "B02"])
            value = chance.choice("12")
            if not who:
                complete(opened, [case_id], chance.choice(["web", "voice"]))
                continue
            questions = chance.choices([20, 3], [9, 1])[0]
            take_interviews(opened, [case_id], who, value=lambda case, code, v=value: v, questions=questions)
            interviewers[case_id] = who
        seal(opened)
        if start == 0:
            own = [block for block, interviewer in blocks_of(opened).items() if interviewer]
            if own:
                void_block(opened, own[0])
    opened.on_round(close_round, actor="chair")
    whose = blocks_of(opened)
    rows = sealed(opened)
    assert any(whose.values()), "no block of one interviewer; else this test shows nothing"
    classes = Counter((row.block, row.unit_code, row.outcome, row.stratum, row.channel) for row in rows)
    groups = Counter((row.unit_code, row.stratum.split("/")[1]) for row in rows if row.outcome == "1.1")
    for (_, unit, outcome, stratum, _), size in classes.items():
        few_in_all = groups[unit, stratum.split("/")[1]] < CLASS if outcome == "1.1" else unit == ""
        assert size >= CLASS or few_in_all
    taken = Counter()
    for case_id, who in interviewers.items():
        if interview(opened, case_id).state == "sealed":
            taken[who] += 1
    for who in ("A17", "B02"):
        assert sum(whose[row.block] == who for row in rows) <= taken[who]
