"""Post-stratification, raking, calibration and trimming, and estimates after them, are those of R's survey package."""

import json

import numpy as np
import pytest

from surveys.estimation import domains
from surveys.weighting.calibration import calibrate
from surveys.weighting.raking import Margin, post_stratify, rake
from surveys.weighting.trimming import trim_weights
from tests.reference.api_designs import GOLDEN, read_cases, read_design

CASES = read_cases("weights_calibration")
IPF = json.loads((GOLDEN / "ipf_loglin.json").read_text(encoding="utf-8"))
POPULATION = json.loads((GOLDEN / "data" / "apipop_margins.json").read_text(encoding="utf-8"))
DESIGNS = ["dclus1", "dstratnf", "dstrat"]


def check_case(design, table, case, *, weights=1e-9, errors=1e-9):
    """Weights, and means, totals, domains and a ratio with their errors."""
    np.testing.assert_allclose(design.weights, case["weights"], rtol=weights)
    found = domains.means(design, table.numbers("api00", "meals"))
    np.testing.assert_allclose(found.estimates[0], case["mean"]["estimate"], rtol=weights)
    scale = np.abs(case["mean"]["vcov"]).max()
    np.testing.assert_allclose(found.covariance()[0, :, 0], case["mean"]["vcov"], rtol=errors, atol=errors * scale / 10)
    found = domains.totals(design, table.number("enroll"))
    np.testing.assert_allclose(found.estimates[0], case["total"]["estimate"], rtol=weights)
    np.testing.assert_allclose(np.sqrt(found.within()[0, 0]), case["total"]["se"], rtol=errors)
    found = domains.means(design, table.number("api00"), table.levels("stype")[1])
    np.testing.assert_allclose(found.estimates[:, 0], case["by"]["estimate"], rtol=weights)
    scale = np.abs(case["by"]["vcov"]).max()
    np.testing.assert_allclose(
        found.covariance()[:, 0, :, 0], case["by"]["vcov"], rtol=errors, atol=errors * scale / 10
    )
    found = domains.ratios(design, table.number("api.stu"), table.number("enroll"))
    assert found.estimates[0, 0] == pytest.approx(case["ratio"]["estimate"], rel=weights)
    assert found.within()[0, 0, 0] ** 0.5 == pytest.approx(case["ratio"]["se"], rel=errors)


def margin(table, name):
    """A margin of the population of schools."""
    levels, codes = table.levels(name)
    return Margin(name, codes, np.array([POPULATION[name][level] for level in levels], float), levels)


def joint(table):
    """The margin type × school-wide, its codes and totals."""
    counts = np.array(POPULATION["stype_x_sch.wide"]["Freq"], float)
    codes = table.levels("stype")[1] * 2 + table.levels("sch.wide")[1]
    return Margin("stype×sch.wide", codes, counts.reshape(-1))


def dummies(*margins):
    """All levels of the margins as columns; calibration and residuals do not mind that they depend on each other."""
    return np.hstack([(m.codes[:, None] == np.arange(len(m.totals))).astype(float) for m in margins])


@pytest.mark.parametrize("name", DESIGNS)
def test_post_stratification_is_that_of_post_stratify(name):
    """R: postStratify(design, ~stype, pop.types) and postStratify(design, ~stype+sch.wide, pop.table)."""
    design, table = read_design(name)
    for known, key in ((margin(table, "stype"), "stype"), (joint(table), "joint")):
        weights = post_stratify(design.weights, known.codes, known.totals)
        check_case(design.calibrated(weights, dummies(known)), table, CASES[f"{name}.postStratify.{key}"])


@pytest.mark.parametrize("name", DESIGNS)
def test_raked_weights_are_those_of_rake(name):
    """R: rake(design, list(~stype,~sch.wide), ...) and list(~stype+sch.wide, ~comp.imp); weights, estimates.

    Standard errors of R's rake centre by unweighted margins; ours are those of calibrate (next test).
    """
    design, table = read_design(name)
    kind, wide, improved = (margin(table, column) for column in ("stype", "sch.wide", "comp.imp"))
    for margins, key in (((kind, wide), "stype.schwide"), ((joint(table), improved), "partialjoint")):
        case = CASES[f"{name}.rake.{key}"]
        weights = rake(design.weights, margins)
        np.testing.assert_allclose(weights, case["weights"], rtol=1e-9)
        found = domains.means(design.calibrated(weights, dummies(*margins)), table.numbers("api00", "meals"))
        np.testing.assert_allclose(found.estimates[0], case["mean"]["estimate"], rtol=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_raking_by_calibration_has_the_errors_of_calibrate(name):
    """R: calibrate(design, ~stype+sch.wide, ..., calfun='raking'), the same weights by our rake and our calibrate."""
    design, table = read_design(name)
    margins = margin(table, "stype"), margin(table, "sch.wide")
    case = CASES[f"{name}.calibrate.raking"]
    check_case(design.calibrated(rake(design.weights, margins), dummies(*margins)), table, case)
    totals = np.concatenate([m.totals for m in margins])
    weights = calibrate(design.weights, dummies(*margins), totals, "raking")
    check_case(design.calibrated(weights, dummies(*margins)), table, case)


@pytest.mark.parametrize("name", DESIGNS)
def test_linear_and_bounded_calibration_are_those_of_calibrate(name):
    """R: calibrate(design, ~stype+api99, ...).

    Calibrate(..., ~stype+sch.wide, bounds=c(0.6,1.6), calfun='linear'|'logit').
    """
    design, table = read_design(name)
    kind, wide = margin(table, "stype"), margin(table, "sch.wide")
    x = np.column_stack([np.ones(len(table)), dummies(kind)[:, 1:], table.number("api99")])
    weights = calibrate(design.weights, x, [6194, 755, 1018, 3914069])
    check_case(design.calibrated(weights, x), table, CASES[f"{name}.calibrate.linear"])
    x = np.column_stack([np.ones(len(table)), dummies(kind)[:, 1:], dummies(wide)[:, 1]])
    for distance in ("linear", "logit"):
        weights = calibrate(design.weights, x, [6194, 755, 1018, 5122], distance, (0.6, 1.6))
        case = CASES[f"{name}.calibrate.{distance}.bounded"]
        check_case(design.calibrated(weights, x), table, case, weights=1e-8, errors=1e-6)


@pytest.mark.parametrize("strict", [False, True])
def test_trimmed_weights_are_those_of_trim_weights(strict):
    """R: trimWeights(calibrate(dclus1, ~stype+api99, pop.totals), lower=20, upper=45, strict=FALSE|TRUE)."""
    design, table = read_design("dclus1")
    x = np.column_stack([np.ones(len(table)), dummies(margin(table, "stype"))[:, 1:], table.number("api99")])
    weights = calibrate(design.weights, x, [6194, 755, 1018, 3914069])
    trimmed = trim_weights(weights, lower=20, upper=45, strict=strict)
    check_case(
        design.calibrated(weights, x).reweighted(trimmed), table, CASES["dclus1.trimWeights.20.45" + ".strict" * strict]
    )


@pytest.mark.parametrize("name", sorted(IPF["cases"]))
def test_proportional_fitting_is_that_of_loglin(name):
    """R: loglin(table, margins, start=seed, fit=TRUE, eps=1e-12)."""
    case = IPF["cases"][name]
    axes = np.unravel_index(np.arange(len(case["seed"])), case["dims"], order="F")
    margins = []
    for wanted, totals in zip(case["margins"], case["targets"], strict=True):
        chosen = [int(axis) - 1 for axis in wanted.split("x")]
        sizes = [case["dims"][axis] for axis in chosen]
        codes = np.ravel_multi_index([axes[axis] for axis in chosen], sizes, order="F")
        margins.append(Margin(wanted, codes, np.array(totals, float)))
    np.testing.assert_allclose(rake(np.array(case["seed"], float), margins), case["fit"], rtol=1e-6, atol=1e-9)
