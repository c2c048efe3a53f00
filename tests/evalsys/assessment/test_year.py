"""The year of a unit: mid-year and year-end by their weights, and only what may be shown."""

from __future__ import annotations

import pytest

from evalsys.assessment.actions import assess_year, get_latest_assessment
from evalsys.base.errors import NotFound, Refused
from evalsys.design.queries import get_programme
from evalsys.results.annual import annual_figures
from tests.evalsys.installation import tiny_city


def unit(score: str | None, *, is_key: bool = True, visibility: str = "full") -> dict:
    return {
        "unit": "U001",
        "category": "enforcement",
        "is_key": is_key,
        "visibility": visibility,
        "score": score,
    }


def year(end: dict, middle: dict | None = None) -> dict:
    configuration = tiny_city().configuration
    return annual_figures(configuration, {"units": [end]}, {"units": [middle]} if middle else None)["units"][0]


def test_a_key_unit_s_year_is_three_tenths_mid_year_and_seven_tenths_year_end():
    figures = year(unit("90.00"), unit("80.00"))
    assert (figures["total"], figures["grade"], figures["missing"]) == ("87.00", "excellent", [])


def test_half_a_hundredth_is_rounded_as_written_and_not_as_floats_fall():
    assert year(unit("80.00"), unit("80.05"))["base"] == "80.02", "80.015 goes up, or to the even 80.02"


def test_another_unit_s_year_is_its_year_end_alone():
    figures = year(unit("70.00", is_key=False), unit("80.00", is_key=False))
    assert (figures["total"], figures["grade"]) == ("70.00", "pass")


@pytest.mark.parametrize("middle", [None, unit("20.00", visibility="nothing"), unit("20.00", visibility="internal")])
def test_a_mid_year_that_is_missing_or_may_not_be_shown_does_not_count_and_is_said(middle):
    figures = year(unit("90.00"), middle)
    assert figures["total"] == "90.00"
    assert figures["mid_year"] is None
    assert figures["missing"] == ["mid_year"]


@pytest.mark.parametrize("visibility", ["nothing", "internal"])
def test_a_unit_whose_year_end_may_not_be_shown_has_no_year(visibility):
    figures = year(unit("90.00", visibility=visibility), unit("80.00"))
    assert (figures["total"], figures["year_end"], figures["grade"]) == (None, None, None)


def test_a_score_without_a_grade_s_precision_has_none():
    assert year(unit("90.00", visibility="score"), unit("80.00"))["grade"] is None


def test_a_year_without_a_scored_year_end_is_not_assessed(draft):
    code = tiny_city().configuration["programme"]["code"]
    with pytest.raises(Refused, match="no scored year-end"):
        draft.act(lambda s, r: assess_year(s, r, get_programme(s, code), actor="chair"))
    with pytest.raises(NotFound):
        draft.act(lambda s, r: get_latest_assessment(s, get_programme(s, code)))
