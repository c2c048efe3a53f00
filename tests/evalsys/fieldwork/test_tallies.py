"""Sums per interviewer: enough for the diagnostics, never of fewer than five interviews, and shown from thirty on."""

from __future__ import annotations

import random
import statistics

import pytest

from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import seal_ready_answers
from evalsys.fieldwork.models import InterviewerTally
from evalsys.fieldwork.tallies import SHOWN_FROM, describe_interviewers
from tests.evalsys.fieldwork.interviewed import take_interviews
from tests.evalsys.fieldwork.test_closing import HOLD, cases_by_class, complete, sealed


@pytest.fixture
def opened(wide):
    """A round in the field with strata of a few dozen cases."""
    return wide


def seal(place) -> None:
    place.clock.advance(HOLD)
    place.do_job(seal_ready_answers)


def tallies(place) -> dict[str, InterviewerTally]:
    return {row.interviewer: row for row in place.act(lambda s, r: s.query(InterviewerTally).all())}


def report(place):
    return place.on_round(lambda s, r, round_: describe_interviewers(s, round_))


def by_chance(seed: int, friendly: float = 0.5):
    chance = random.Random(seed)
    return lambda case_id, code: "1" if chance.random() < friendly else "3"


def work_shares(place) -> None:
    """Three interviewers share each stratum of a unit; C03 hears nothing but praise, and quickly."""
    for cases in list(cases_by_class(place).values())[:4]:
        take_interviews(place, cases[:12], "A01", value=by_chance(1), seconds=300)
        take_interviews(place, cases[12:24], "B02", value=by_chance(2), seconds=320)
        take_interviews(place, cases[24:36], "C03", seconds=60)


def test_nothing_is_summed_before_answers_leave_their_cases(opened):
    work_shares(opened)
    assert tallies(opened) == {} and report(opened).rows == ()


def test_an_interviewer_is_shown_from_thirty_sealed_interviews_on(opened):
    first, second, third, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[: SHOWN_FROM - 1], "A01")
    take_interviews(opened, second[:15] + third[:15], "B02")
    seal(opened)
    found = report(opened)
    assert {name: row.interviews for name, row in tallies(opened).items()} == {"A01": 29, "B02": 30}
    assert [row.interviewer for row in found.rows] == ["B02"] and found.too_few == 1


def test_who_hears_only_praise_in_a_minute_stands_out(opened):
    work_shares(opened)
    seal(opened)
    found = {row.interviewer: row for row in report(opened).rows}
    assert set(found) == {"A01", "B02", "C03"}
    assert set(found["C03"].flags) == {"z", "seconds", "short", "straight"}
    assert found["C03"].straight.mean == 1 and found["C03"].short.mean == 1
    assert found["C03"].z.mean > 0 > found["A01"].z.mean
    assert report(opened).intraclass.correlation > 0.3


def test_interviewers_who_work_alike_do_not_stand_out(opened):
    for cases in list(cases_by_class(opened).values())[:4]:
        for place, who in enumerate(("A01", "B02", "C03")):
            value = by_chance(place + 10)
            take_interviews(opened, cases[12 * place : 12 * place + 12], who, value=value, seconds=300 + place)
    seal(opened)
    assert not any({"z", "dont_know", "straight", "short"} & set(row.flags) for row in report(opened).rows)


def test_the_mean_z_is_that_of_the_scores_within_their_strata(opened):
    """Computed once more from the sealed answers, whose first question tells here who asked."""
    cases = list(cases_by_class(opened).values())[0]
    take_interviews(opened, cases[:10], "A01", value=lambda case, code: "1" if case % 2 else "2")
    take_interviews(opened, cases[10:20], "B02", value=lambda case, code: "3" if case % 2 else "4")
    seal(opened)
    rows, own = sealed(opened), tallies(opened)
    options = opened.on_round(
        lambda s, r, round_: next(
            scale for scale in round_.configuration.content["scales"] if any(o["points"] for o in scale["options"])
        )["options"]
    )
    points = {option["value"]: option["points"] for option in options}
    scores = {
        who: [points[row.answers["I1"]] for row in rows if row.answers["I1"] in pair]
        for who, pair in (("A01", "12"), ("B02", "34"))
    }
    everybody = scores["A01"] + scores["B02"]
    deviation = statistics.stdev(everybody) * (1 - 1 / len(everybody)) ** 0.5
    for who, values in scores.items():
        z = [(value - statistics.mean(everybody)) / deviation for value in values]
        assert own[who].z_total == pytest.approx(sum(z))
        assert own[who].z_squares == pytest.approx(sum(one * one for one in z))


def test_fewer_than_five_of_an_interviewer_wait_and_are_never_summed(opened):
    first, second, *_ = cases_by_class(opened).values()
    take_interviews(opened, first[:4], "A01")
    complete(opened, first[4:10] + second[:6])
    seal(opened)
    assert len(sealed(opened)) == 12
    opened.on_round(close_round, actor="chair")
    assert len(sealed(opened)) == 16 and tallies(opened) == {}


def test_don_t_know_is_counted_as_a_share_of_the_indicators(opened):
    cases = list(cases_by_class(opened).values())[0]
    unknown = opened.on_round(
        lambda s, r, round_: next(
            option["value"]
            for scale in round_.configuration.content["scales"]
            for option in scale["options"]
            if option["kind"] == "dont_know"
        )
    )
    take_interviews(opened, cases[:10], "A01", value=lambda case, code: unknown if code in ("I1", "I2", "I3") else "1")
    seal(opened)
    tally = tallies(opened)["A01"]
    assert (tally.interviews, tally.dont_know_total, tally.straight) == (10, 5.0, 0)


def test_a_round_without_interviewers_has_no_sums(opened):
    first, second, *_ = cases_by_class(opened).values()
    complete(opened, first[:6] + second[:6], "voice")
    seal(opened)
    opened.on_round(close_round, actor="chair")
    assert tallies(opened) == {} and report(opened).rows == () and report(opened).intraclass is None
