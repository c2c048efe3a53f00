"""A whole made-up round: clusters, groups, methods, stations, change, raking and differences are those of R's survey package."""

import csv
import json

import numpy as np
import pytest

from surveys.estimation import domains
from surveys.estimation.changes import estimate_changes
from surveys.estimation.designs import make_design
from surveys.estimation.hypotheses import adjusted, max_t_critical_value, t_test
from surveys.estimation.intervals import t_interval
from surveys.estimation.variances import LonelyRule
from surveys.weighting.calibration import calibrate
from surveys.weighting.raking import Margin, rake
from surveys.weighting.steps import effective_n, kish_deff, weight_steps
from tests.reference.api_designs import GOLDEN, Table


def read_json(name):
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def read_round(name="miniround", *, lonely=False):
    """The rows of a round, without the extra stratum of one row unless asked for."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8") as file:
        return Table([row for row in csv.DictReader(file) if lonely or row["lonely_extra"] == "0"])


REFERENCE, RAKING = read_json("miniround_composites"), read_json("miniround_raking")
A = np.array(REFERENCE["indicator_weights"])
ROUND = read_round()
POINTS = (ROUND.numbers(*(f"q{j}" for j in range(1, 10))) - 1) * 25
UNITS, UNIT = ROUND.levels("unit")
DESIGNS = ["el", "elnf", "cl", "clf"]


def design_of(name):
    """Element or window samples, with and without finite populations."""
    columns = {"weights": ROUND.number("w"), "strata": ROUND.text("stratum")}
    if name in ("cl", "clf"):
        columns["clusters"] = ROUND.text("window")
    if name in ("el", "clf"):
        columns["populations"] = ROUND.number("N_h" if name == "el" else "M_windows")
    return make_design(**columns)


@pytest.mark.parametrize("name", DESIGNS)
def test_unit_means_composites_and_intervals(name):
    """R: svyby(~q1, ~unit, design, svymean, na.rm=TRUE) per indicator.

    Svycontrast with the indicator weights; t with degf.
    """
    found = domains.means(design_of(name), POINTS, UNIT)
    within = found.within()
    for unit in REFERENCE["results"][name]["units"]:
        u = UNITS.index(unit["unit"])
        np.testing.assert_allclose(found.estimates[u], unit["est"], rtol=1e-9)
        np.testing.assert_allclose(within[u], unit["vcov"], rtol=1e-9, atol=1e-11)
        assert (found.n[u].tolist(), found.df[u]) == (unit["n_valid"], unit["df"])
        score, error = A @ found.estimates[u], (A @ within[u] @ A) ** 0.5
        assert (score, error) == pytest.approx((unit["composite"], unit["composite_se"]), rel=1e-9)
        low, high = t_interval(score, error, unit["df"])
        keys = [key for key in unit if key.startswith("composite_ci")]
        for key in keys:
            np.testing.assert_allclose([low, high], unit[key], rtol=1e-9)


@pytest.mark.parametrize("kind", ["group", "method"])
@pytest.mark.parametrize("name", DESIGNS)
def test_composites_over_groups_and_methods_carry_their_covariance(name, kind):
    """R: svycontrast over unit × group (or × method) means with group and indicator weights."""
    levels, code = ROUND.levels(kind)
    found = domains.means(design_of(name), POINTS, UNIT * len(levels) + code)
    for expected in REFERENCE["results"][name][f"{kind}_composite"]:
        places = [UNITS.index(expected["unit"]) * len(levels) + k for k in range(len(levels))]
        c = np.array([REFERENCE[f"{kind}_weights"][level] for level in levels])[:, None] * A
        v = np.einsum("di,diej,ej->", c, found.covariance(places), c)
        assert (c * found.estimates[places]).sum() == pytest.approx(expected["composite"], rel=1e-9)
        assert v**0.5 == pytest.approx(expected["composite_se"], rel=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_pairwise_differences_and_their_adjustment(name):
    """R: differences of composites, df = degf(design); p.adjust(holm, bonferroni, BH); mvtnorm::qmvt at 5e-3."""
    case = REFERENCE["results"][name]["pairwise"]
    design = design_of(name)
    found = domains.means(design, POINTS, UNIT)
    scores = found.estimates @ A
    v = np.einsum("i,diej,j->de", A, found.covariance(), A)
    pairs = [(UNITS.index(one), UNITS.index(other)) for one, other in (pair.split("-") for pair in case["pairs"])]
    contrasts = np.array([[(u == a) - (u == b) for u in range(len(UNITS))] for a, b in pairs])
    covariance = contrasts @ v @ contrasts.T
    tests = [
        t_test(d, s, case["df"]) for d, s in zip(contrasts @ scores, np.sqrt(np.diagonal(covariance)), strict=True)
    ]
    assert design.degrees_of_freedom() == case["df"]
    for key, values in (
        ("diff", [t.estimate for t in tests]),
        ("se", [t.std_error for t in tests]),
        ("t", [t.statistic for t in tests]),
        ("p", [t.p for t in tests]),
    ):
        np.testing.assert_allclose(values, case[key], rtol=1e-8 if key == "p" else 1e-9)
    for method in ("holm", "bonferroni", "bh"):
        np.testing.assert_allclose(adjusted(np.array(case["p"]), method), case[f"p_{method}"], rtol=1e-9)
    critical = max_t_critical_value(covariance, case["df"], np.random.default_rng(1), draws=400_000)
    assert critical == pytest.approx(case["maxt_crit_05"], rel=5e-3)


@pytest.mark.parametrize("name", DESIGNS)
def test_stations_and_counties_share_strata_and_covary(name):
    """R: svyby(~q5, ~station, subset(unit), covmat=TRUE); svyby(~q1+q2, ~county, ...): county domains across units."""
    case = REFERENCE["results"][name]["stations_q5"]
    stations, station = ROUND.levels("station")
    found = domains.means(design_of(name), POINTS[:, 4], station)
    places = [stations.index(code) for code in case["station"]]
    np.testing.assert_allclose(found.estimates[places, 0], case["est"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance(places)[:, 0, :, 0], case["vcov"], rtol=1e-9, atol=1e-11)
    case = REFERENCE["results"][name]["county_q1q2"]
    counties, county = ROUND.levels("county")
    found = domains.means(design_of(name), POINTS[:, :2], county)
    np.testing.assert_allclose(found.estimates.reshape(-1), case["est"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance().reshape(8, 8), case["vcov"], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["elnf", "el", "cl"])
def test_means_after_raking_have_residual_variances(name):
    """R: calibrate(design, ~sex+age, pop, calfun='raking').

    Svyby(~q1+q2+q3, ~unit, covmat=TRUE), svymean, composite.
    """
    design, case = design_of(name), RAKING["results"][name]
    margins = []
    for column, known in RAKING["rake"]["margins"].items():
        levels, codes = ROUND.levels(column)
        margins.append(Margin(column, codes, np.array([known[level] for level in levels]), levels))
    x = np.hstack([(m.codes[:, None] == np.arange(len(m.totals))).astype(float) for m in margins])
    weights = rake(design.weights, margins)
    np.testing.assert_allclose(weights, case["weights"], rtol=1e-9)
    newton = calibrate(design.weights, x, np.concatenate([m.totals for m in margins]), "raking")
    np.testing.assert_allclose(newton, weights, rtol=1e-9)
    design = design.calibrated(weights, x)
    found = domains.means(design, POINTS[:, :3], UNIT)
    np.testing.assert_allclose(found.estimates.reshape(-1), case["unit_q123"]["est"], rtol=1e-9)
    np.testing.assert_allclose(found.covariance().reshape(18, 18), case["unit_q123"]["vcov"], rtol=1e-9, atol=1e-10)
    found = domains.means(design, POINTS)
    np.testing.assert_allclose(found.estimates[0], case["overall"]["est"], rtol=1e-9)
    v = found.covariance()[0, :, 0]
    np.testing.assert_allclose(np.sqrt(np.diagonal(v)), case["overall"]["se"], rtol=1e-9)
    assert A @ found.estimates[0] == pytest.approx(case["overall"]["composite"], rel=1e-9)
    assert (A @ v @ A) ** 0.5 == pytest.approx(case["overall"]["composite_se"], rel=1e-9)


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_a_stratum_of_one_row_overall_and_by_unit(rule):
    """R: options(survey.lonely.psu=rule); svymean(~y1, design), svyby(~y1, ~unit, design, svymean, na.rm=TRUE)."""
    table, case = read_round(lonely=True), read_json("miniround_lonely")["results"][rule]
    design = make_design(weights=table.number("w"), strata=table.text("stratum"))
    y = (table.number("q1") - 1) * 25
    found = domains.means(design, y, None, LonelyRule(rule))
    assert found.estimates[0, 0] == pytest.approx(case["est"], rel=1e-9)
    assert found.within()[0, 0, 0] ** 0.5 == pytest.approx(case["se"], rel=1e-9)
    found = domains.means(design, y, table.levels("unit")[1], LonelyRule(rule))
    np.testing.assert_allclose(found.estimates[:, 0], case["unit_est"], rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(found.within()[:, 0, 0]), case["unit_se"], rtol=1e-9)


def test_change_between_rounds_with_an_overlap():
    """R: svydesign(id=~id, strata=~stratum, rbind(annual, midyear)).

    Svycontrast(midyear - annual) by unit and overall.
    """
    case = read_json("miniround_change")
    both = Table(read_round().rows + read_round("miniround_midyear").rows)
    design = make_design(weights=both.number("w"), strata=both.text("stratum"), clusters=both.text("id"))
    y, later = (both.number("q1") - 1) * 25, both.text("occasion") == "midyear"
    units, unit = both.levels("unit")
    found = estimate_changes(design, y, later, unit)
    for expected in case["units"]:
        u = units.index(expected["unit"])
        ours = found.before[u, 0], found.after[u, 0], found.estimates[u, 0], found.std_errors[u, 0]
        np.testing.assert_allclose(ours, [expected[k] for k in ("annual", "midyear", "change", "se_change")], rtol=1e-9)
        assert found.covariances[u, 0] == pytest.approx(expected["cov"], rel=1e-9, abs=1e-10)
        assert found.df[u] == expected["df"]
    overall, expected = estimate_changes(design, y, later), case["overall"]
    ours = overall.covariances[0, 0], overall.estimates[0, 0], overall.std_errors[0, 0], overall.df[0]
    np.testing.assert_allclose(ours, [expected[k] for k in ("cov", "change", "se_change", "df")], rtol=1e-9)


def test_kish_design_effect():
    """Base R: 1 + cv^2(w) and sum(w)^2/sum(w^2)."""
    case = read_json("planning")["kish"]
    assert kish_deff(np.array(case["w"])) == pytest.approx(case["deff_w"], rel=1e-12)
    assert effective_n(np.array(case["w"])) == pytest.approx(case["n_eff"], rel=1e-12)
    (line,) = weight_steps(
        {
            "base": np.array([1.0, 2.0]),
        },
        np.array([3, 1]),
    )
    assert (line.n, line.total) == (4, 5.0)
    assert line.deff == pytest.approx(kish_deff(np.array([1.0, 1, 1, 2])))
