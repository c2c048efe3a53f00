"""A request over columns gives what R gives, with the keys of the command line."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from surveys.errors import DesignError
from surveys.estimation.analysis import KnownTotal, Request, analyse
from tests.reference.api_designs import read_cases, read_table


def columns(name: str) -> dict[str, np.ndarray]:
    """A reference table as texts, as a CSV file gives it."""
    table = read_table(name)
    return {column: table.text(column) for column in table.rows[0]}


STRATIFIED = {"strata": ["stype"], "weights": "pw", "populations": ["fpc"]}
MARGINS = [
    ("stype", "E", 4421),
    ("stype", "H", 755),
    ("stype", "M", 1018),
    ("sch.wide", "No", 1072),
    ("sch.wide", "Yes", 5122),
]


def test_means_by_domain_are_those_of_svyby():
    """R: svyby(~api00+meals, ~sch.wide, dstrat, svymean)."""
    case = read_cases("domains")["dstrat.mean.by.schwide"]
    found = analyse(columns("apistrat"), Request("mean", ["api00", "meals"], by=["sch.wide"], **STRATIFIED))
    assert [(line["domain"], line["variable"]) for line in found[:3]] == [
        ({"sch.wide": "No"}, "api00"),
        ({"sch.wide": "No"}, "meals"),
        ({"sch.wide": "Yes"}, "api00"),
    ]
    ours = [found[k]["estimate"] for k in (0, 2, 1, 3)]
    np.testing.assert_allclose(ours, case["estimate"], rtol=1e-9)
    np.testing.assert_allclose([found[k]["std_error"] for k in (0, 2, 1, 3)], case["se"], rtol=1e-9)
    assert list(found[0]) == ["domain", "variable", "estimate", "std_error", "low", "high", "df", "n", "deff"]
    assert json.loads(json.dumps(found)) == found


def test_two_stages_total_ratio_and_design_effect_follow_from_population_counts():
    """R: svytotal(~api00, dclus2, deff=TRUE), svyratio(~api.stu, ~enroll): weights from fpc1 and fpc2."""
    design = {"clusters": ["dnum", "snum"], "populations": ["fpc1", "fpc2"]}
    cases = read_cases("means_totals_ratios")
    (found,) = analyse(columns("apiclus2"), Request("mean", ["api00"], deff=True, **design))
    assert found["domain"] == {}
    assert found["std_error"] == pytest.approx(cases["dclus2.mean"]["se"][0], rel=1e-9)
    assert found["deff"] == pytest.approx(cases["dclus2.mean"]["deff"][0], rel=1e-9)
    np.testing.assert_allclose([found["low"], found["high"]], cases["dclus2.mean"]["ci95_df"][0], rtol=1e-9)
    (found,) = analyse(columns("apiclus2"), Request("ratio", ["api.stu/enroll"], **design))
    assert found["estimate"] == pytest.approx(cases["dclus2.ratio"]["estimate"][0], rel=1e-9)
    assert found["deff"] is None


def test_raking_is_calibration_with_its_errors():
    """R: calibrate(dstrat, ~stype+sch.wide, ..., calfun='raking'); svymean, svyby."""
    case = read_cases("weights_calibration")["dstrat.calibrate.raking"]
    margins = [KnownTotal(*line) for line in MARGINS]
    found = analyse(columns("apistrat"), Request("mean", ["api00", "meals"], margins=margins, **STRATIFIED))
    np.testing.assert_allclose([line["std_error"] for line in found], case["mean"]["se"], rtol=1e-9)
    found = analyse(columns("apistrat"), Request("mean", ["api00"], by=["stype"], margins=margins, **STRATIFIED))
    np.testing.assert_allclose([line["std_error"] for line in found], case["by"]["se"], rtol=1e-9)


def test_a_joint_margin_is_post_stratification():
    """R: postStratify(dstrat, ~stype+sch.wide, pop.table)."""
    case = read_cases("weights_calibration")["dstrat.postStratify.joint"]
    counts = {"E:No": 472, "E:Yes": 3949, "H:No": 334, "H:Yes": 421, "M:No": 266, "M:Yes": 752}
    margins = [KnownTotal("stype:sch.wide", level, total) for level, total in counts.items()]
    (found,) = analyse(columns("apistrat"), Request("total", ["enroll"], margins=margins, **STRATIFIED))
    assert found["estimate"] == pytest.approx(case["total"]["estimate"][0], rel=1e-9)
    assert found["std_error"] == pytest.approx(case["total"]["se"][0], rel=1e-9)


def test_shares_and_quantiles_are_those_of_svyciprop_and_svyquantile():
    """R: svyciprop(~I(sch.wide=='Yes'), dstrat, method='xlogit'); svyquantile(~api00, dstrat, .25)."""
    cases = read_cases("proportions_quantiles_tests_contrasts")
    found = analyse(columns("apistrat"), Request("proportion", ["sch.wide"], **STRATIFIED))
    assert [line["variable"] for line in found] == ["sch.wide=No", "sch.wide=Yes"]
    np.testing.assert_allclose(
        [found[1]["low"], found[1]["high"]], cases["dstrat.ciprop.schwide.xlogit"]["ci95"], rtol=1e-9
    )
    case = cases["dstrat.quantile.api00.math.mean"]
    (found,) = analyse(columns("apistrat"), Request("quantile", ["api00:0.25"], **STRATIFIED))
    assert [found["estimate"], found["low"], found["high"]] == [case["quantile"][1], *case["ci95"][1]]
    table = {"yes": np.array(["1", "0", "NA", "1"])}
    (found,) = analyse(table, Request("proportion", ["yes"]))
    assert (found["variable"], found["n"], found["estimate"]) == ("yes", 3, pytest.approx(2 / 3))


def test_every_variable_is_over_its_own_answers_and_missing_domains_are_left_out():
    table = {"a": np.array([1.0, 2, np.nan, 4]), "b": np.array([1.0, np.nan, np.nan, 3]), "g": np.array([2, 2, 1, 1])}
    found = analyse(table, Request("mean", ["a", "b"], by=["g"]))
    assert [(line["domain"]["g"], line["variable"], line["n"]) for line in found] == [
        (1, "a", 1),
        (1, "b", 1),
        (2, "a", 2),
        (2, "b", 1),
    ]
    assert found[0]["std_error"] is None and found[2]["std_error"] is not None
    found = analyse({"a": np.arange(4.0), "g": np.array(["x", "", "x", "NA"])}, Request("mean", ["a"], by=["g"]))
    assert [(line["domain"], line["n"]) for line in found] == [({"g": "x"}, 2)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"variables": ["height"]}, "no column 'height'; the columns are 'y', 'w', 's', 'f', 'two', 'c', 'none'"),
        ({"variables": ["s"]}, "Row 1 of column s holds 'a', which is no number"),
        ({"kind": "mode"}, "kind of estimate is 'mode'"),
        ({"variables": []}, "at least one variable"),
        ({"kind": "ratio"}, "must be two columns, A/B"),
        ({"kind": "quantile", "variables": ["y:half"]}, "must be a column and a share"),
        ({"weights": "w"}, r"weight of row 2 is nan \(column w\)"),
        ({"variables": ["f"]}, "Row 3 of column f is infinite"),
        ({"populations": ["w"]}, r"Row 2 has no population size \(column w\)"),
        ({"populations": ["two"]}, r"population of 2 but 3 sampled clusters at stage 1 \(column two, row 1\)"),
        ({"strata": ["c"], "clusters": ["s"]}, r"cluster of row 2 at stage 1 lies in two strata \(column s\)"),
        ({"strata": ["w"]}, r"Row 2 has no value for the strata of stage 1 \(column w\)"),
        ({"by": ["none"]}, "No row has a value in none, so there is no domain"),
        ({"margins": [KnownTotal("s", "a", 3)]}, "Row 3 has 'b' in s, for which the margins give no total"),
        ({"margins": [KnownTotal("s", "a", 3), KnownTotal("s", "a", 4)]}, "Margin s gives a level twice"),
        ({"strata": ["s"]}, "Stratum b has only one sampled cluster"),
    ],
)
def test_a_request_that_cannot_be_answered_says_where(change, sentence):
    table = {"y": np.array(["1", "2", "3"]), "w": np.array(["1", "NA", "1"]), "s": np.array(["a", "a", "b"])}
    table |= {"f": np.array([1, 2, np.inf]), "two": np.full(3, 2), "c": np.arange(3), "none": np.array([""] * 3)}
    with pytest.raises(DesignError, match=sentence):
        analyse(table, Request(**({"kind": "mean", "variables": ["y"]} | change)))


def test_a_table_without_rows_or_with_ragged_columns_is_refused():
    with pytest.raises(DesignError, match="table has no rows"):
        analyse({"y": np.zeros(0)}, Request("mean", ["y"]))
    with pytest.raises(DesignError, match="Column z has 3 rows, others have 4"):
        analyse({"y": np.zeros(4), "z": np.zeros(3)}, Request("mean", ["y"]))


def test_domains_are_values_that_json_knows_numbers_first():
    """Dates and decimals become text; a column of numbers and texts still has an order."""
    mixed = np.array(["a", 1, 2.5, date(2026, 7, 1), Decimal("2.50"), None], object)
    found = analyse({"y": np.arange(6.0), "g": mixed}, Request("mean", ["y"], by=["g"]))
    assert [line["domain"]["g"] for line in found] == [1, 2.5, "2.50", "2026-07-01", "a"]


def test_what_cannot_be_estimated_has_no_error_either():
    table = {"y": np.arange(4.0), "zero": np.zeros(4), "none": np.full(4, np.nan)}
    for kind, variable in (("ratio", "y/zero"), ("mean", "none"), ("total", "none"), ("quantile", "none:0.5")):
        (line,) = analyse(table, Request(kind, [variable]))
        assert [line[key] for key in ("estimate", "std_error", "low", "high")] == [None] * 4


def test_yes_and_no_with_gaps_are_ones_and_zeros():
    table = {"full": np.array([True, False, True]), "gaps": np.array([True, None, False], object)}
    found = analyse(table, Request("mean", ["full", "gaps"]))
    assert [(line["estimate"], line["n"]) for line in found] == [(pytest.approx(2 / 3), 3), (0.5, 2)]
