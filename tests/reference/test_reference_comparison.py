"""Comparison of units against reference results made with R (see the README of the golden files)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from surveys.scoring import comparison
from surveys.scoring.ranks import marginal_rank_set, rank_sets, rank_sets_from_critical_values

GOLDEN = Path(__file__).parent / "golden"
FUNNEL = json.loads((GOLDEN / "funnel.json").read_text())
RANKS = json.loads((GOLDEN / "rank_ci_pisa2018.json").read_text())["cases"]
ROWS = list(csv.DictReader((GOLDEN / "data" / "pisa2018.csv").open(encoding="utf-8")))
SCORES = np.array([float(row["math_score"]) for row in ROWS])
VARIANCES = np.array([float(row["math_se"]) for row in ROWS]) ** 2


def assert_close(found, expected, rel=1e-9):
    np.testing.assert_allclose(found, expected, rtol=rel)


def test_dispersion_equals_r():
    """Base R: winsorised z (quantile type 7), phi, tau2, over-dispersed z of 40 units."""
    case = FUNNEL["continuous"]
    found = comparison.dispersion(case["y"], case["se"])
    assert_close(found.target, case["target"])
    assert_close(found.z, case["z"])
    assert_close(found.phi, case["winsor10_phi"])
    assert_close(found.tau2, case["tau2"])
    assert_close(found.z_additive, case["z_over_additive"])
    assert_close(found.z_multiplicative, case["z_over_multiplicative"])


def test_funnel_limits_equal_r():
    """Base R: target -+ qnorm * sqrt(se^2 + tau2), at 95 % and 99.8 %."""
    case = FUNNEL["continuous"]
    found = comparison.dispersion(case["y"], case["se"])
    assert_close(comparison.funnel_limits(found.target, case["se"], 0.95), case["limits95"])
    assert_close(comparison.funnel_limits(found.target, case["se"], 0.998), case["limits998"])
    assert_close(comparison.funnel_limits(found.target, case["se"], 0.998, found.tau2), case["limits998_additive"])


def test_binomial_limits_equal_r():
    """R: qbinom(c(.001, .025, .975, .999), n, .83)."""
    case = FUNNEL["binomial"]
    for level, low, high in ((0.998, "qbinom_0.001", "qbinom_0.999"), (0.95, "qbinom_0.025", "qbinom_0.975")):
        found = comparison.binomial_funnel_limits(case["p"], case["n"], level)
        assert found[:, 0].tolist() == case[low]
        assert found[:, 1].tolist() == case[high]


@pytest.mark.parametrize(("stepwise", "name"), [(True, "two.sided.simul"), (False, "two.sided.simul.nostep")])
def test_simultaneous_rank_sets_equal_csranks(stepwise, name):
    """csranks(x, Sigma, coverage=.95, cstype='two-sided', stepdown=TRUE|FALSE, simul=TRUE, R=20000)."""
    found = rank_sets(SCORES, VARIANCES, np.random.default_rng(1), stepwise=stepwise)
    assert found.low.tolist() == RANKS[name]["L"]
    assert found.high.tolist() == RANKS[name]["U"]
    assert found.rank.tolist() == RANKS["rank"]


def test_best_and_worst_sets_equal_csranks():
    """cstaubest and cstauworst with tau=5; simul lower bounds as csranks(cstype='lower')."""
    found = rank_sets(SCORES, VARIANCES, np.random.default_rng(2))
    assert found.best(5).tolist() == RANKS["taubest5"]["in_set"]
    assert found.worst(5).tolist() == RANKS["tauworst5"]["in_set"]
    assert found.low.tolist() == RANKS["lower.simul"]["L"]


def test_marginal_rank_sets_equal_csranks():
    """csranks(..., simul=FALSE).

    Equal where the five seeds of R agree and the quantile is not a hair away, else in their range.
    """
    case = RANKS["two.sided.marginal"]
    generator = np.random.default_rng(3)
    for j in range(0, len(SCORES), 3):
        low, high = marginal_rank_set(SCORES, VARIANCES, j, generator, draws=60_000)
        assert case["L_min"][j] <= low <= case["L_max"][j]
        assert case["U_min"][j] <= high <= case["U_max"][j]


@pytest.mark.parametrize("name", ["bonferroni_closed_form", "sidak_closed_form"])
def test_closed_form_rank_sets_are_met_exactly(name):
    """L = 1 + #{(x_k - x_j)/se > c}, U = p - #{(x_j - x_k)/se > c} at the closed-form c."""
    found = rank_sets_from_critical_values(SCORES, VARIANCES, (RANKS[name]["crit"],))
    assert found.low.tolist() == RANKS[name]["L"]
    assert found.high.tolist() == RANKS[name]["U"]
