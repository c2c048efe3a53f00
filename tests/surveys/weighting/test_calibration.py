"""Calibrated weights reach the totals within their bounds, or it is said which total is out of reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DesignError
from surveys.weighting.calibration import calibrate


def auxiliaries(seed: int):
    """40 rows with an intercept, a dummy and a number, and totals that weights near the base reach."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(40), rng.random(40) < 0.4, rng.normal(50, 12, 40)])
    base = rng.uniform(2, 9, 40)
    return base, x, (base * rng.uniform(0.9, 1.1, 40)) @ x


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["linear", "raking", "logit"]))
def test_totals_are_reached_and_bounds_kept(seed, distance):
    base, x, totals = auxiliaries(seed)
    weights = calibrate(base, x, totals, distance, (0.3, 3.0))
    np.testing.assert_allclose(weights @ x, totals, rtol=1e-10)
    assert ((weights / base >= 0.3 - 1e-12) & (weights / base <= 3.0 + 1e-12)).all()


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_base_weights_that_already_fit_stay_as_they_are(seed):
    base, x, _ = auxiliaries(seed)
    np.testing.assert_allclose(calibrate(base, x, base @ x, "raking"), base, rtol=1e-9)


def test_auxiliaries_that_repeat_each_other_do_no_harm():
    base, x, totals = auxiliaries(7)
    doubled, both = np.column_stack([x, x[:, 2] * 2]), np.append(totals, totals[2] * 2)
    np.testing.assert_allclose(calibrate(base, doubled, both), calibrate(base, x, totals), rtol=1e-9)


def test_a_total_out_of_reach_is_named():
    base, x, totals = auxiliaries(1)
    with pytest.raises(DesignError, match="total of auxiliary size cannot be reached"):
        calibrate(base, x, totals * np.array([1, 1, 3]), "logit", (0.5, 2.0), ["people", "town", "size"])


@pytest.mark.parametrize(
    ("distance", "bounds", "sentence"),
    [
        ("cubic", None, "distance is 'cubic'"),
        ("logit", None, "needs bounds"),
        ("linear", (1.2, 3.0), "must lie below and above 1"),
    ],
)
def test_unusable_distances_and_bounds_are_refused(distance, bounds, sentence):
    base, x, totals = auxiliaries(1)
    with pytest.raises(DesignError, match=sentence):
        calibrate(base, x, totals, distance, bounds)


def test_a_missing_auxiliary_is_refused():
    base, x, totals = auxiliaries(1)
    x[3, 2] = np.nan
    with pytest.raises(DesignError, match="one finite value per row"):
        calibrate(base, x, totals)
