"""Composites over indicators against R's survey package (svycontrast on svyby, see miniround_composites.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from surveys.scoring.composites import composite
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
