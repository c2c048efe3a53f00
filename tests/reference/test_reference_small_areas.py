"""Fay–Herriot against R's sae package (fay_herriot_*.json)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from surveys.scoring.small_areas import fay_herriot

GOLDEN = Path(__file__).parent / "golden"
MILK = list(csv.DictReader((GOLDEN / "data" / "milk.csv").open(encoding="utf-8")))


def assert_equals_sae(found, case):
    np.testing.assert_allclose(found.coefficients, case["coef"], rtol=1e-6)
    np.testing.assert_allclose(found.coefficient_errors, case["coef_se"], rtol=1e-6)
    assert found.between_variance == pytest.approx(case["sigma2_u"], rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(found.estimates, case["eblup"], rtol=1e-6)
    np.testing.assert_allclose(found.mse, case["mse"], rtol=1e-6)
    np.testing.assert_allclose(found.shares, case["gamma"], rtol=1e-6, atol=1e-12)
    assert found.log_likelihood == pytest.approx(case["loglik"], rel=1e-6)


def test_milk_equals_sae():
    """sae::mseFH(yi ~ as.factor(MajorArea), SD^2, data=milk, method='REML', MAXITER=1000, PRECISION=1e-12)."""
    area = np.array([int(row["MajorArea"]) for row in MILK])
    x = np.column_stack([np.ones(area.size)] + [(area == level).astype(float) for level in (2, 3, 4)])
    found = fay_herriot([float(row["yi"]) for row in MILK], [float(row["SD"]) ** 2 for row in MILK], x)
    assert_equals_sae(found, json.loads((GOLDEN / "fay_herriot_milk.json").read_text())["cases"]["REML"])


def test_no_variance_between_areas_equals_sae():
    """sae::mseFH(y ~ 1, v, method='REML', ...) where A is estimated as 0: the synthetic mean for every area."""
    golden = json.loads((GOLDEN / "fay_herriot_zero_variance.json").read_text())
    assert_equals_sae(fay_herriot(golden["data"]["y"], golden["data"]["v"]), golden["REML"])
