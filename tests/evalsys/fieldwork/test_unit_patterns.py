"""What is conspicuous about a unit's answers is flagged from thirty on, whichever way people answer, and nothing is removed."""

from __future__ import annotations

import random

import pytest

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.unit_patterns import describe_patterns
from tests.evalsys.faces.staff import PASSWORD, signed_in
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD
from tests.evalsys.installation import ROUND, UNITS, copy_of, make_open

PAGE = f"/commission/rounds/{ROUND}/quality"


@pytest.fixture(scope="module")
def _worked(tmp_path_factory):
    """The first unit's people give one answer throughout, all bad, and are short; the second's answer by chance; of the third too few."""
    place = make_open(tmp_path_factory.mktemp("worked"), quota=150, replicate_size=120, random_arm_share=0.0)
    place.act(
        lambda s, r: add_user(s, r.clock, name="chair", display_name="chair", password=PASSWORD, roles=["commission"])
    )
    chance = random.Random(3)
    by_unit = {unit: [] for unit in UNITS}
    for case, unit in place.sql("SELECT case_id, unit_code FROM interview ORDER BY case_id"):
        by_unit[unit].append(case)
    straight, mixed, few = UNITS
    take_interviews(place, by_unit[straight][:60], "A01", value=lambda case, code: "5", seconds=60)
    take_interviews(place, by_unit[mixed][:60], "B02", value=lambda case, code: chance.choice("12345"), seconds=300)
    take_interviews(place, by_unit[few][:20], "C03", value=lambda case, code: chance.choice("12345"), seconds=300)
    place.clock.advance(HOLD)
    place.do_job(seal_ready_answers)
    return place


@pytest.fixture
def place(_worked, tmp_path):
    """A copy of its own for every test."""
    return copy_of(_worked, tmp_path / "home")


def test_a_unit_whose_people_all_answer_alike_is_flagged_and_others_are_not(place):
    report = place.on_round(lambda s, r, round_: describe_patterns(s, round_))
    rows = {row.unit_code: row for row in report.rows}
    assert set(rows) == set(UNITS[:2]) and report.too_few == 1
    assert {"straight", "short"} <= set(rows[UNITS[0]].flags)
    assert rows[UNITS[1]].flags == ()
    assert rows[UNITS[0]].measures["straight"].mean == 1 and rows[UNITS[1]].measures["straight"].mean < 0.1


def test_before_the_close_the_page_has_flags_and_no_share_and_afterwards_both_and_no_answer_is_gone(place):
    before = place.sql("SELECT count(*) FROM sealed_answer")
    text = signed_in(place.app, "chair").get(f"{PAGE}?lang=en").text
    section = text[text.index('id="patterns"') : text.index('id="voiding"')]
    assert "always the same answer" in section and "%" not in section.replace("95 %", "")
    assert "1 unit has too few" in section
    place.on_round(close_round, actor="chair")
    text = signed_in(place.app, "chair").get(f"{PAGE}?lang=en").text
    section = text[text.index('id="patterns"') : text.index('id="voiding"')]
    assert "100.0%" in section.replace(" ", "").replace("\u202f", "").replace("\xa0", "")
    assert place.sql("SELECT count(*) FROM sealed_answer WHERE voided") == [(0,)]
    assert place.sql("SELECT count(*) FROM sealed_answer")[0] >= before[0]
