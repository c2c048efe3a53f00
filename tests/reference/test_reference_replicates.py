"""Replicate weights and what is estimated by them are those of R's survey package."""

import csv

import numpy as np
import pytest

from surveys.estimation.replicates import Replicates, jackknife
from surveys.weighting.raking import Margin, rake
from tests.reference.api_designs import GOLDEN, read_cases, read_design

CASES = read_cases("replicates")
POPULATION = {"stype": [4421, 755, 1018], "sch.wide": [1072, 5122]}
JACKKNIVES = [("dstrat", "JKn"), ("dstratnf", "JKn"), ("dclus1", "JK1"), ("dsrs", "JK1")]


def mean_of(values):
    """The weighted means of columns as a function of the weights."""
    return lambda w: w @ values / w.sum()


def check_case(found, case):
    estimate, v = found
    np.testing.assert_allclose(estimate, np.atleast_1d(case["estimate"]), rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diagonal(v)), np.atleast_1d(case["se"]), rtol=1e-9)
    if "vcov" in case:
        scale = np.abs(case["vcov"]).max()
        np.testing.assert_allclose(v, case["vcov"], rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize(("name", "kind"), JACKKNIVES)
def test_jackknife_estimates_are_those_of_as_svrepdesign(name, kind):
    """R: as.svrepdesign(design, type='JK1'|'JKn', mse=FALSE|TRUE); svymean, svytotal, svyby, svyratio."""
    design, table = read_design(name)
    case = CASES[f"{name}.{kind}"]
    ours = jackknife(design)
    assert ours.scale == pytest.approx(case["scale"], rel=1e-12)
    assert ours.rscales.sum() == pytest.approx(case["rscales_sum"], rel=1e-12)
    assert (ours.weights.shape[1], ours.df) == (case["nrep"], case["df"])
    values = table.numbers("api00", "meals")
    check_case(ours.estimate(mean_of(values)), case["mean"])
    check_case(jackknife(design, mse=True).estimate(mean_of(values)), case["mean_mse"])
    enroll, students = table.number("enroll"), table.number("api.stu")
    known = ~np.isnan(enroll)
    check_case(ours.estimate(lambda w: w[known] @ enroll[known]), case["total"])
    check_case(ours.estimate(lambda w: (w[known] @ students[known]) / (w[known] @ enroll[known])), case["ratio"])
    kinds = table.indicator_columns("stype")
    check_case(ours.estimate(lambda w: (w * table.number("api00")) @ kinds / (w @ kinds)), case["by"])


@pytest.mark.parametrize(("name", "kind"), JACKKNIVES)
def test_replicates_are_raked_one_by_one(name, kind):
    """R: svymean(~api00+meals, rake(r, list(~stype,~sch.wide), ...)) and postStratify(r, ~stype, pop.types)."""
    design, table = read_design(name)
    case = CASES[f"{name}.{kind}"]
    margins = [Margin(c, table.levels(c)[1], np.array(t, float)) for c, t in POPULATION.items()]
    values = table.numbers("api00", "meals")
    for chosen, key, tolerance in ((margins, "raked_mean", 1e-6), (margins[:1], "poststrat_mean", 1e-9)):
        if key in case:
            estimate, v = (
                jackknife(design).reweighted(lambda w, chosen=chosen: rake(w, chosen)).estimate(mean_of(values))
            )
            np.testing.assert_allclose(estimate, case[key]["estimate"], rtol=tolerance)
            np.testing.assert_allclose(v, case[key]["vcov"], rtol=tolerance)


def test_given_replicate_weights_are_used_as_they_are():
    """R: svrepdesign(data=apistrat, weights=~pw, repweights=<file>, type='bootstrap', combined.weights=TRUE)."""
    design, table = read_design("dstratnf")
    with (GOLDEN / "apistrat_bootstrap_replicates.csv").open(encoding="utf-8") as file:
        weights = np.array([[float(x) for x in row] for row in list(csv.reader(file))[1:]])
    case = CASES["given.bootstrap"]
    ours = Replicates(design.weights, weights, case["scale"], np.array(case["rscales"], float))
    assert ours.df == case["df"]
    check_case(ours.estimate(mean_of(table.numbers("api00", "meals"))), case["mean"])
    kinds = table.indicator_columns("stype")
    check_case(ours.estimate(lambda w: (w * table.number("api00")) @ kinds / (w @ kinds)), case["by"])
