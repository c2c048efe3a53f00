"""Interviewer diagnostics against base R (anova, t.test, rstandard) and a published table."""

from __future__ import annotations

import pytest

from surveys.fieldwork.diagnostics import (
    Sums,
    compare_each,
    intraclass_correlation,
    pooled_deviation,
    standardized_residual,
)

UNEQUAL = {
    "A": [0.3, -1.2, 0.5, 0.9, 1.1],
    "B": [-0.4, -0.9, 0.1],
    "C": [1.5, 0.8, 1.9, 0.2, 1.0, 1.4],
    "D": [-0.2, 0.6, -1.1, 0.0],
}


def test_the_intraclass_correlation_of_unequal_groups_equals_r():
    """anova(lm(y ~ k)): MSB, MSW, F and p; m0 = (N - sum(n^2)/N)/(K - 1); the interval by qf(.975) and qf(.025)."""
    found = intraclass_correlation([Sums.over(values) for values in UNEQUAL.values()])
    assert found.statistic == pytest.approx(4.273935926354, rel=1e-10)
    assert found.p_value == pytest.approx(0.024413891226, rel=1e-9)
    assert found.correlation == pytest.approx(0.426219189027, rel=1e-10)
    assert (found.low, found.high) == pytest.approx((0.001719864383, 0.931589196879), rel=1e-7)
    assert found.design_effect == pytest.approx(1 + (18 / 4 - 1) * 0.426219189027, rel=1e-10)


def test_the_intraclass_correlation_of_equal_groups_is_the_published_one():
    """Shrout and Fleiss 1979, table 2 and 4: six targets with four ratings each, ICC(1,1) = .17."""
    ratings = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    found = intraclass_correlation([Sums.over(row) for row in ratings])
    assert round(found.correlation, 2) == 0.17
    assert found.statistic == pytest.approx(11.24 / 6.26, abs=0.005)
    # psych::ICC gives this interval.
    assert (round(found.low, 2), round(found.high, 2)) == (-0.13, 0.72)


def test_each_interviewer_is_compared_with_the_others_as_r_does():
    """t.test(own, others): Welch's statistic and standard error; p of C is 0.0039, of B 0.056."""
    found = dict(zip(UNEQUAL, compare_each([Sums.over(values) for values in UNEQUAL.values()]), strict=True))
    statistics = {"A": -0.118677148348, "B": -2.481086210354, "C": 3.522575833308, "D": -1.615380035892}
    errors = {"A": 0.479646483889, "B": 0.368118338461, "C": 0.328831340515, "D": 0.426701889940}
    for name, comparison in found.items():
        assert comparison.statistic == pytest.approx(statistics[name], rel=1e-10)
        assert comparison.error == pytest.approx(errors[name], rel=1e-10)
    # C alone is below 0.05 / 4.
    assert [name for name, comparison in found.items() if comparison.conspicuous] == ["C"]


def test_residuals_are_standardised_as_r_does():
    """rstandard(lm(v ~ s))."""
    strata = {"x": [80.0, 90.0, 70.0], "y": [40.0, 60.0, 55.0, 65.0]}
    sums = {name: Sums.over(values) for name, values in strata.items()}
    deviation = pooled_deviation(sums.values())
    found = [standardized_residual(value, sums[name], deviation) for name in strata for value in strata[name]]
    expected = [0.0, 1.167748416242, -1.167748416242, -1.651445647690, 0.550481882563, 0.0, 1.100963765126]
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
