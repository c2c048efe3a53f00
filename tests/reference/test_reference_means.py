"""Means, covariances and composites of the mini round are those of R's survey package."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from surveys.estimation import CellCalibration, Sample, estimate_means, sums_from_rows
from surveys.weighting import Margin, rake

GOLDEN = Path(__file__).parent / "golden"
R = json.loads((GOLDEN / "miniround_composites.json").read_text())
LONELY = json.loads((GOLDEN / "miniround_lonely.json").read_text())
INDICATORS = [f"q{k}" for k in range(1, 10)]


def read_round(*, lonely: bool) -> list[dict[str, str]]:
    """The rows of the mini round, with or without the stratum of one row."""
    with (GOLDEN / "miniround.csv").open() as file:
        return [row for row in csv.DictReader(file) if lonely or row["lonely_extra"] == "0"]


def index(values: list[str]) -> tuple[list[str], np.ndarray]:
    """Sorted codes and the position of each value among them."""
    codes = sorted(set(values))
    return codes, np.array([codes.index(value) for value in values])


def estimate(domains: list[str], *, fpc: bool, lonely: bool = False, rule: str = "adjust"):
    """Our estimates over domains named by columns."""
    rows = read_round(lonely=lonely)
    strata, stratum = index([row["stratum"] for row in rows])
    names, domain = index(["_".join(row[column] for column in domains) for row in rows])
    weights = np.array([float(row["w"]) for row in rows])
    points = np.array([[(int(row[q]) - 1) * 2500 if row[q] else 0 for q in INDICATORS] for row in rows])
    answered = np.array([[bool(row[q]) for q in INDICATORS] for row in rows])
    # every row is a weighting cell of its own, since each has its own weight
    sums = sums_from_rows(stratum, domain, np.arange(len(rows)), points, answered)
    sampled = np.bincount(stratum)
    population = np.full(len(strata), np.inf)
    if fpc:
        for row, h in zip(rows, stratum, strict=True):
            population[h] = float(row["N_h"])
    return names, estimate_means(sums, Sample(sampled, population, weights), lonely=rule)


@pytest.mark.parametrize(("design", "fpc"), [("el", True), ("elnf", False)])
def test_unit_means_and_their_covariance_are_those_of_svyby(design, fpc):
    """R: svyby(~q1+…+q9, ~unit, design, svymean, na.rm=TRUE) per indicator over available cases, vcov with influence."""
    names, ours = estimate(["unit"], fpc=fpc)
    for expected in R["results"][design]["units"]:
        d = names.index(expected["unit"])
        np.testing.assert_allclose(ours.means[d], expected["est"], rtol=1e-9)
        np.testing.assert_allclose(ours.covariance(d, d), expected["vcov"], rtol=1e-9, atol=1e-12)
        assert ours.n[d].tolist() == expected["n_valid"]
        assert ours.df[d] == expected["df"]


@pytest.mark.parametrize(("design", "fpc"), [("el", True), ("elnf", False)])
def test_composites_carry_the_covariance_between_indicators(design, fpc):
    """R: svycontrast of the nine means with the indicator weights."""
    names, ours = estimate(["unit"], fpc=fpc)
    a = np.array(R["indicator_weights"])
    for expected in R["results"][design]["units"]:
        coefficients = np.zeros((1, *ours.means.shape))
        coefficients[0, names.index(expected["unit"])] = a
        value, variance = ours.combine(coefficients)
        assert value[0] == pytest.approx(expected["composite"], rel=1e-9)
        assert variance[0, 0] ** 0.5 == pytest.approx(expected["composite_se"], rel=1e-9)


@pytest.mark.parametrize(("design", "fpc"), [("el", True), ("elnf", False)])
def test_groups_that_share_strata_are_combined_with_their_covariance(design, fpc):
    """R: svycontrast over unit × group means with group and indicator weights."""
    names, ours = estimate(["unit", "group"], fpc=fpc)
    a = np.array(R["indicator_weights"])
    for expected in R["results"][design]["group_composite"]:
        coefficients = np.zeros((1, *ours.means.shape))
        for group, weight in R["group_weights"].items():
            coefficients[0, names.index(f"{expected['unit']}_{group}")] = weight * a
        value, variance = ours.combine(coefficients)
        assert value[0] == pytest.approx(expected["composite"], rel=1e-9)
        assert variance[0, 0] ** 0.5 == pytest.approx(expected["composite_se"], rel=1e-9)


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_a_stratum_of_one_row_is_treated_as_r_does(rule):
    """R: options(survey.lonely.psu=rule); svyby(~y1, ~unit, design without fpc, svymean, na.rm=TRUE)."""
    names, ours = estimate(["unit"], fpc=False, lonely=True, rule=rule)
    expected = LONELY["results"][rule]
    for unit, mean, error in zip(expected["unit"], expected["unit_est"], expected["unit_se"], strict=True):
        d = names.index(unit)
        assert ours.means[d, 0] == pytest.approx(mean, rel=1e-9)
        assert ours.covariance(d, d)[0, 0] ** 0.5 == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize(("design", "fpc"), [("el", True), ("elnf", False)])
def test_raked_means_from_sums_have_the_covariance_of_calibrate(design, fpc):
    """R: calibrate(design, ~sex+age, pop, calfun='raking'); svyby(~q1+q2+q3, ~unit, covmat=TRUE): all units covary."""
    raking = json.loads((GOLDEN / "miniround_raking.json").read_text())
    rows = read_round(lonely=False)
    strata, stratum = index([row["stratum"] for row in rows])
    _, unit = index([row["unit"] for row in rows])
    base = np.array([float(row["w"]) for row in rows])
    margins = []
    for column, known in raking["rake"]["margins"].items():
        levels, codes = index([row[column] for row in rows])
        margins.append(Margin(column, codes, np.array([known[level] for level in levels]), levels))
    x = np.hstack([(margin.codes[:, None] == np.arange(len(margin.totals))).astype(float) for margin in margins])
    points = np.array([[(int(row[q]) - 1) * 2500 if row[q] else 0 for q in INDICATORS[:3]] for row in rows])
    answered = np.array([[bool(row[q]) for q in INDICATORS[:3]] for row in rows])
    population = np.full(len(strata), np.inf)
    if fpc:
        population[stratum] = [float(row["N_h"]) for row in rows]
    sums = sums_from_rows(stratum, unit, np.arange(len(rows)), points, answered)
    sample = Sample(np.bincount(stratum), population, rake(base, margins))
    ours = estimate_means(sums, sample, calibration=CellCalibration(base, x))
    expected = raking["results"][design]["unit_q123"]
    np.testing.assert_allclose(ours.means.reshape(-1), expected["est"], rtol=1e-9)
    np.testing.assert_allclose(ours.covariance_of(range(6)).reshape(18, 18), expected["vcov"], rtol=1e-9, atol=1e-10)
