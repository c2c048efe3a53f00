import numpy as np
import pytest
from scipy import stats

from surveys.errors import ScoringError
from surveys.scoring.sensitivity import effective_weights, kendall_tau, scale_sensitivity


def test_kendall_tau_equals_scipys():
    """With and without ties, against scipy.stats.kendalltau (tau-b)."""
    generator = np.random.default_rng(1)
    for decimals in (6, 0):
        one, other = generator.normal(0, 3, (2, 40)).round(decimals)
        assert kendall_tau(one, other) == pytest.approx(stats.kendalltau(one, other).statistic)


def test_no_spread_gives_no_tau():
    """One unit, or all equal."""
    assert kendall_tau(np.array([1.0]), np.array([2.0])) is None
    assert kendall_tau(np.ones(3), np.arange(3)) is None
    with pytest.raises(ScoringError):
        kendall_tau(np.ones(3), np.ones(2))


def test_sensitivity_counts_the_units_that_move():
    """Two of three change places: tau 1/3, two moved, by one rank."""
    base = {"a": 90, "b": 80, "c": 70}
    (found,) = scale_sensitivity(base, {"TOP": {"a": 50, "b": 60, "c": 10}})
    assert (found.preset, found.moved, found.largest_move) == ("TOP", 2, 1)
    assert found.tau == pytest.approx(1 / 3)
    assert scale_sensitivity(base, {"SAME": base})[0].tau == 1


def test_effective_weights_share_the_spread_of_the_score():
    """They sum to 1; an indicator that is the same everywhere has none, whatever it is said to weigh."""
    generator = np.random.default_rng(2)
    indicators = generator.normal(70, 5, (30, 3))
    indicators[:, 2] = 80
    found = effective_weights(indicators, np.array([0.25, 0.25, 0.5]))
    assert found.sum() == pytest.approx(1)
    assert found[2] == 0
    assert effective_weights(indicators[:1], np.array([0.25, 0.25, 0.5])) is None
    with pytest.raises(ScoringError):
        effective_weights(np.full((3, 3), np.nan), np.ones(3))
