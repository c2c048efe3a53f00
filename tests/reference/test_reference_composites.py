"""Composites over indicators against R's survey package (svycontrast on svyby, see miniround_composites.json)."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from surveys.estimation import Sample, estimate_means, sums_from_rows
from surveys.scoring.composites import composite
from surveys.scoring.estimates import RoundEstimates, ScoredUnit
from surveys.scoring.figures import rounded
from surveys.scoring.rounds import score_round
from surveys.scoring.schemes import (
    AnnualWeights,
    Grade,
    HotlineWeights,
    Indicator,
    Scheme,
    as_decimal,
)

CASE = json.loads((Path(__file__).parent / "golden" / "miniround_composites.json").read_text())
WEIGHTS = CASE["indicator_weights"]
ONE, NONE = as_decimal(1), as_decimal(0)
SCHEME = Scheme(
    indicators=tuple(Indicator(f"q{k}", as_decimal(weight), "five") for k, weight in enumerate(WEIGHTS, 1)),
    points={"five": {str(k): (k - 1) * 2500 for k in range(1, 6)}},
    satisfied={"five": frozenset("45")},
    groups={"all": ONE},
    survey_weight=ONE,
    hotline_weight=NONE,
    hotline=HotlineWeights(ONE, NONE, NONE, NONE),
    annual_key=AnnualWeights(NONE, ONE),
    annual_other=AnnualWeights(NONE, ONE),
    grades=(Grade("any", NONE),),
)


@pytest.mark.parametrize("design", ["el", "elnf", "cl", "clf"])
def test_unit_composites_equal_svycontrast(design):
    """composite = sum a_j mean_j with SE from the full 9 x 9 covariance, for every unit of the design."""
    for unit in CASE["results"][design]["units"]:
        found = composite(
            SCHEME,
            np.array([unit["est"]]),
            np.array(unit["vcov"])[None, :, None, :],
            np.array([unit["n_valid"]]),
        )
        assert found.variance**0.5 == pytest.approx(unit["composite_se"], rel=1e-9)
        exact = sum(float(found.coefficients[0, j]) * mean for j, mean in enumerate(unit["est"]))
        assert exact == pytest.approx(unit["composite"], rel=1e-9)
        assert float(found.score) == pytest.approx(unit["composite"], abs=0.005 + 1e-6)


def index_of(values: list[str]) -> tuple[list[str], np.ndarray]:
    names = sorted(set(values))
    return names, np.array([names.index(value) for value in values])


def test_a_round_from_rows_to_group_composites_equals_svycontrast():
    """el: sum_g G_g sum_j a_j mean_gj over unit x group x indicator with its SE, from the rows of miniround.csv."""
    path = Path(__file__).parent / "golden" / "miniround.csv"
    rows = [row for row in csv.DictReader(path.open(encoding="utf-8")) if row["lonely_extra"] == "0"]
    units, unit = index_of([row["unit"] for row in rows])
    strata, stratum = index_of([row["stratum"] for row in rows])
    weights, cell = index_of([row["w"] for row in rows])
    groups = list(CASE["group_weights"])
    group = np.array([groups.index(row["group"]) for row in rows])
    answers = [[row[f"q{k}"] for k in range(1, 10)] for row in rows]
    answered = np.array([[value not in ("", "NA") for value in row] for row in answers])
    points = np.array([[(int(value) - 1) * 2500 if value not in ("", "NA") else 0 for value in row] for row in answers])
    population = np.array([float(next(r["N_h"] for r in rows if r["stratum"] == name)) for name in strata])
    found = estimate_means(
        sums_from_rows(stratum, unit * len(groups) + group, cell, points, answered),
        Sample(np.bincount(stratum), population, np.array([float(w) for w in weights])),
        domains=len(units) * len(groups),
    )
    scheme = replace(SCHEME, groups={code: as_decimal(w) for code, w in CASE["group_weights"].items()})
    estimates = RoundEstimates.from_means(
        [ScoredUnit(code, "all", False) for code in units],
        groups,
        [(code, g) for code in units for g in groups],
        found,
        completes=np.bincount(unit),
        dont_know=np.zeros((len(units), 9), int),
        df=np.array([next(u["df"] for u in CASE["results"]["el"]["units"] if u["unit"] == code) for code in units]),
    )
    scores = score_round(scheme, estimates, {}, "seed", draws=100)
    for case in CASE["results"]["el"]["group_composite"]:
        u = units.index(case["unit"])
        part = composite(scheme, estimates.means[u], estimates.block(u), estimates.n[u])
        exact = float((part.coefficients * np.nan_to_num(estimates.means[u])).sum())
        assert exact == pytest.approx(case["composite"], rel=1e-9)
        assert part.variance**0.5 == pytest.approx(case["composite_se"], rel=1e-9)
        row = scores.of(case["unit"])
        assert row.survey_score == rounded(case["composite"], 2)
        assert row.inputs.survey_std_error == rounded(case["composite_se"], 3)
        assert [float(row.survey_low), float(row.survey_high)] == pytest.approx(case["composite_ci95"], abs=0.011)
