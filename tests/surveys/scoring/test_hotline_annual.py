from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.errors import ScoringError
from surveys.scoring.annual import Adjustment, adjustment_total, annual_result, grade_of, round_score, year_score
from surveys.scoring.hotline import NO_ORDERS, HotlineCounts, category_rates, hotline_score

D = Decimal


def test_the_hotline_score_by_hand(scheme):
    """(45 + 30·.8)/(50 + 30) = .8625, (20 + 30·.5)/(40 + 30) = .5, (30 + 30·.6)/(40 + 30) = .685714 → 67.38."""
    rates = {"response": D("0.8"), "resolution": D("0.5"), "satisfaction": D("0.6")}
    found = hotline_score(HotlineCounts(50, 45, 40, 20, 40, 30), rates, scheme.hotline)
    assert list(found.shrunk.values()) == [D("0.862500"), D("0.500000"), D("0.685714")]
    assert found.score == D("67.37")
    assert found.rates["resolution"] == Fraction(1, 2)
    assert found.dont_know["resolution"] == Fraction(1, 5)


def test_dont_know_leaves_the_rate(scheme):
    """Orders whose caller could not say are in neither x nor n."""
    rates = category_rates([HotlineCounts(100, 100, 10, 5, 20, 5)])
    assert rates == {"response": D(1), "resolution": D("0.5"), "satisfaction": D("0.25")}


def test_a_unit_without_orders_takes_the_category(scheme):
    """n = 0 gives the category's rates; a category without orders gives no score."""
    rates = {"response": D("0.9"), "resolution": D("0.8"), "satisfaction": D("0.7")}
    assert hotline_score(NO_ORDERS, rates, scheme.hotline).score == D("79.50")
    assert hotline_score(NO_ORDERS, category_rates([NO_ORDERS]), scheme.hotline).score is None


def test_a_rate_that_the_category_lacks_is_left_out(scheme):
    """Nobody asked about satisfaction: response and resolution carry its weight, and it is named."""
    counts = HotlineCounts(100, 80, 50, 25, 0, 0)
    found = hotline_score(counts, category_rates([counts]), scheme.hotline)
    assert found.missing == ("satisfaction",)
    assert found.score == D("63.85")


def test_counts_that_do_not_fit_are_refused():
    """More resolved than known."""
    with pytest.raises(ScoringError):
        HotlineCounts(10, 10, 5, 6, 5, 5)


def test_methods_join_and_a_missing_one_gives_its_weight(scheme):
    """.70 · 80.55 + .30 · 70.10 = 77.415 → 77.42; without hotline the survey alone."""
    assert round_score(scheme, D("80.55"), D("70.10")).score == D("77.42")
    alone = round_score(scheme, D("80.55"), None)
    assert (alone.score, alone.missing) == (D("80.55"), ("hotline",))


def test_years_join_by_kind_of_unit(scheme):
    """Key units .30/.70, others year-end only; a weight of 0 is not missed; no year-end, no year."""
    key, other = scheme.annual_weights(True), scheme.annual_weights(False)
    assert year_score(key, D("80"), D("90")).score == D("87.00")
    assert year_score(other, None, D("90")) == year_score(other, D("10"), D("90"))
    assert year_score(key, None, D("90")).missing == ("mid_year",)
    assert year_score(key, D("80"), None).score is None


def adjustment(points, approved_by=("a", "b"), evidence="file 7"):
    return Adjustment(D(points), "reason", evidence, approved_by)


def test_adjustments_are_capped_and_need_evidence_and_two_people(scheme):
    """± 5 in sum; one approver twice is one approver."""
    assert adjustment_total(scheme, [adjustment("4"), adjustment("3")]) == D("5.00")
    assert adjustment_total(scheme, [adjustment("-9")]) == D("-5.00")
    assert adjustment_total(scheme, []) == 0
    with pytest.raises(ScoringError, match="2 different"):
        adjustment_total(scheme, [adjustment("1", ("a", "a"))])
    with pytest.raises(ScoringError, match="evidence"):
        adjustment_total(scheme, [adjustment("1", evidence=" ")])


def test_a_veto_touches_the_grade_and_no_score(scheme):
    """The same scores with and without; the grade becomes the lowest."""
    year = {"is_key": True, "mid_year": D("90"), "year_end": D("90"), "adjustments": [adjustment("1.5")]}
    free, vetoed = annual_result(scheme, **year), annual_result(scheme, **year, vetoed=True)
    assert (free.base, free.adjustment, free.total, free.grade) == (D("90.00"), D("1.50"), D("91.50"), "excellent")
    assert (vetoed.base, vetoed.adjustment, vetoed.total, vetoed.grade) == (free.base, D("1.50"), free.total, "fail")


def test_no_grade_where_the_gates_forbid_one(scheme):
    """The score stays, the grade is not given."""
    found = annual_result(scheme, is_key=False, mid_year=None, year_end=D("90"), may_grade=False)
    assert (found.total, found.grade) == (D("90.00"), None)


def test_grades_begin_at_their_limits(scheme):
    """85 is excellent, 84.99 good, below every limit the last."""
    assert [grade_of(scheme.grades, D(s)) for s in ("85", "84.99", "60", "59.99", "-3")] == [
        "excellent", "good", "pass", "fail", "fail",
    ]  # fmt: skip
    assert grade_of(scheme.grades, None) is None


def test_a_year_is_written_as_strings(scheme):
    """Figures of a year hold no binary fraction and say what was missing."""
    found = annual_result(scheme, is_key=True, mid_year=None, year_end=D("90")).figures()
    assert found == {
        "base": "90.00",
        "weights": {"year_end": "1.000000"},
        "missing": ["mid_year"],
        "adjustment": "0.00",
        "total": "90.00",
        "grade": "excellent",
        "vetoed": False,
    }
