"""Planning against base R (planning.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from surveys.fieldwork import planning

GOLDEN = json.loads((Path(__file__).parent / "golden" / "planning.json").read_text())


@pytest.mark.parametrize("name", ["small", "capped"])
def test_allocations_equal_r(name):
    """n_h = clip(c N_h S_h / sqrt(cost_h), lo, N_h) with c such that the sum is n, solved in R."""
    case = GOLDEN["allocation"][name]
    n, sizes, s, low = case["n"], case["N"], case["S"], case["min_per_stratum"]
    found = {
        "neyman_unbounded": planning.neyman_allocation(n, sizes, s, high=np.inf),
        "neyman_bounded_lo_N": planning.neyman_allocation(n, sizes, s, low=low),
        "cost_optimal_bounded": planning.neyman_allocation(n, sizes, s, costs=case["cost"], low=low),
        "proportional": planning.proportional_allocation(n, sizes, low=low),
        "sqrtN_power": planning.power_allocation(n, sizes, s, power=0.5, high=np.inf),
    }
    for key, allocation in found.items():
        np.testing.assert_allclose(allocation, case[key], rtol=1e-9, err_msg=key)
        assert allocation.sum() == pytest.approx(n)
    for key, allocation in (("neyman_bounded", "neyman_bounded_lo_N"), ("proportional", "proportional")):
        variance = planning.variance_of_mean(found[allocation], sizes, s)
        assert variance == pytest.approx(case["var_mean"][key], rel=1e-9)


def test_sample_sizes_equal_r():
    """n0 = qnorm^2 S2/e^2, then fpc, deff and response rate."""
    for case in GOLDEN["sample_size"]:
        s = case["S2"] ** 0.5
        plain = {"margin": case["e"], "deviation": s, "level": case["level"]}
        n = planning.sample_size(**plain, population=case["N"], deff=case["deff"])
        assert planning.sample_size(**plain) == pytest.approx(case["n0"], rel=1e-9)
        assert planning.sample_size(**plain, population=case["N"]) == pytest.approx(case["n_fpc"], rel=1e-9)
        assert n == pytest.approx(case["n_deff"], rel=1e-9)
        issued = planning.cases_needed(n, contact=case["response_rate"], cooperation=1)
        assert issued == pytest.approx(case["n_issued"], rel=1e-9)


def test_power_equals_r():
    """power.t.test(n=60, delta=5, sd=12) or with power=.8; power.prop.test(p1=.6, p2=.7, power=.9)."""
    case = GOLDEN["power"]
    assert planning.two_sample_power(60, 5, 12) == pytest.approx(case["two_sample_t"]["power"], rel=1e-9)
    # R's root finder stops at 1e-6 or so; the power at our n is the one asked for.
    assert planning.two_sample_size(5, 12) == pytest.approx(case["two_sample_t"]["n"], rel=1e-6)
    assert planning.two_sample_power(planning.two_sample_size(5, 12), 5, 12) == pytest.approx(0.8, rel=1e-12)
    assert planning.two_share_size(0.6, 0.7, power=0.9) == pytest.approx(case["two_prop"]["n"], rel=1e-6)
