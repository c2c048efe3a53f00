"""Quotas decide how much of the sample is released, and nothing else."""

from __future__ import annotations

import pytest

from evalsys.base.errors import Refused
from evalsys.design.queries import get_round
from evalsys.fieldwork.queries import count_by_unit, find_earlier, is_worked_out
from evalsys.fieldwork.releases import BEATS, find_progress, open_round, pause_round, release_where_needed, resume_round
from tests.evalsys.fieldwork.working import answer
from tests.evalsys.installation import ROUND, make_open


def released(place) -> int:
    return place.sql('SELECT count(*) FROM "case" WHERE released_at IS NOT NULL AND unit_code = :u', u="U001")[0][0]


def finish(place, share: float, *, completes: int = 0) -> None:
    """End a share of the unit's released cases, so many of them with a complete interview."""
    cases = [case for (case,) in place.sql("SELECT case_id FROM interview WHERE unit_code = 'U001' ORDER BY case_id")]
    number = int(len(cases) * share)
    for place_no, case_id in enumerate(cases[:number]):
        state, outcome = ("answered", "1.1") if place_no < completes else ("ended", "3.13")
        place.sql(
            "UPDATE interview SET state = :state, outcome = :outcome WHERE case_id = :case",
            state=state,
            outcome=outcome,
            case=case_id,
        )


def test_the_first_release_covers_what_planning_expects_and_no_whole_replicate_more(tmp_path):
    one = make_open(tmp_path / "one")
    three = make_open(tmp_path / "three", replicate_size=20)
    assert one.sql('SELECT DISTINCT replicate FROM "case" WHERE released_at IS NOT NULL') == [(1,)]
    assert three.sql('SELECT DISTINCT replicate FROM "case" WHERE released_at IS NOT NULL ORDER BY 1') == [
        (1,),
        (2,),
        (3,),
    ]


def test_every_released_case_and_no_other_has_an_interview(opened):
    assert opened.sql(
        'SELECT count(*) FROM "case" c LEFT JOIN interview i ON i.case_id = c.id '
        "WHERE (c.released_at IS NULL) != (i.case_id IS NULL)"
    ) == [(0,)]


def test_nothing_more_is_released_while_the_last_replicate_is_unfinished(opened):
    finish(opened, 0.75)
    assert opened.on_round(release_where_needed) == 0


def test_the_next_replicate_opens_when_most_of_the_last_is_final_and_completes_fall_short(opened):
    before = released(opened)
    finish(opened, 0.9)
    count = opened.on_round(release_where_needed)
    assert count > 0 and released(opened) == before + count
    assert opened.sql(
        'SELECT max(replicate) FROM "case" WHERE released_at IS NOT NULL AND unit_code = :u', u="U001"
    ) == [(2,)]
    assert opened.on_round(release_where_needed) == 0, "the new one is unfinished"


def test_nothing_more_is_released_once_the_quota_is_met_and_nobody_is_turned_away(opened):
    finish(opened, 0.9, completes=25)
    assert opened.on_round(release_where_needed) == 0
    waiting = opened.sql("SELECT case_id FROM interview WHERE state = 'waiting' AND unit_code = 'U001' LIMIT 1")
    assert answer(opened, waiting[0][0], "web").outcome == "1.1"


def test_progress_counts_final_and_complete_cases_of_each_replicate(opened):
    finish(opened, 0.5, completes=4)
    (part,) = opened.act(lambda s, r: find_progress(s, get_round(s, ROUND)))["U001"]
    cases = released(opened)
    assert (part.cases, part.final, part.completes) == (cases, int(cases * 0.5), 4)
    counts = opened.act(lambda s, r: count_by_unit(s, get_round(s, ROUND)))["U001"]
    assert counts == {"": cases - int(cases * 0.5), "1.1": 4, "3.13": int(cases * 0.5) - 4}


def test_opening_puts_every_beat_of_fieldwork_to_work_and_is_done_once(opened):
    kinds = {kind for (kind,) in opened.sql("SELECT kind FROM job WHERE done_at IS NULL")}
    assert set(BEATS) <= kinds
    with pytest.raises(Refused):
        opened.on_round(open_round, actor="chair")


def test_a_round_that_was_not_drawn_cannot_be_opened(imported):
    with pytest.raises(Refused):
        imported.on_round(open_round, actor="chair")


def test_only_an_open_round_is_paused_and_only_a_paused_one_resumed(opened):
    with pytest.raises(Refused):
        opened.on_round(resume_round, actor="chair")
    opened.on_round(pause_round, actor="chair")
    with pytest.raises(Refused):
        opened.on_round(pause_round, actor="chair")


def test_work_is_done_when_nothing_is_due_nor_under_way(opened):
    def done() -> bool:
        return opened.act(lambda s, r: is_worked_out(s, get_round(s, ROUND)))

    assert not done()
    opened.sql("UPDATE interview SET due_at = NULL")
    assert done()


def test_a_round_does_not_count_its_own_respondents_as_earlier_ones(opened):
    finish(opened, 0.5, completes=4)
    earlier = opened.act(lambda s, r: find_earlier(s, get_round(s, ROUND)))
    assert (set(earlier.respondents), dict(earlier.contacts)) == (set(), {})
