import numpy as np
import pytest

from surveys.errors import ScoringError
from surveys.scoring.small_areas import benchmark, fay_herriot, smoothed_variances, station_scores


def test_estimates_lie_between_the_direct_and_the_synthetic_one():
    """Each area is drawn towards the common mean, the less it is known the more."""
    generator = np.random.default_rng(1)
    truth = generator.normal(75, 6, 200)
    psi = generator.uniform(4, 100, 200)
    y = truth + generator.normal(0, np.sqrt(psi))
    found = fay_herriot(y, psi)
    synthetic = found.coefficients[0]
    assert ((found.estimates - np.minimum(y, synthetic)) >= -1e-9).all()
    assert ((found.estimates - np.maximum(y, synthetic)) <= 1e-9).all()
    assert np.mean((found.estimates - truth) ** 2) < 0.6 * np.mean((y - truth) ** 2)
    assert np.mean((found.estimates - truth) ** 2) == pytest.approx(found.mse.mean(), rel=0.25)


def test_variances_are_smoothed_before_they_are_believed():
    """Five equal answers do not make an area certain; one answer still gets a ψ; none gets nothing."""
    found = smoothed_variances(np.array([0.0, 40.0, np.nan, np.nan]), np.array([5, 5, 1, 0]))
    assert found[:3].tolist() == [20.0, 20.0, 100.0]
    assert np.isnan(found[3])
    with pytest.raises(ScoringError, match="spread"):
        smoothed_variances(np.array([0.0, np.nan]), np.array([5, 1]))


@pytest.mark.parametrize("method", ["ratio", "difference"])
def test_benchmarked_stations_add_up_to_their_department(method):
    """The weighted mean equals the direct score, and the order of stations stays."""
    estimates, weights = np.array([70.0, 80.0, 90.0]), np.array([100, 300, 50])
    found = benchmark(estimates, weights, 82.5, method=method)
    assert found.estimates @ weights / weights.sum() == pytest.approx(82.5)
    assert (np.diff(found.estimates) > 0).all()


def test_what_cannot_be_estimated_is_refused():
    """A variance of 0, more covariates than areas, dependent covariates, an empty department, an unknown method."""
    calls = [
        lambda: fay_herriot([1.0, 2.0], [1.0, 0.0]),
        lambda: fay_herriot([1.0], [1.0]),
        lambda: fay_herriot([1.0, 2.0, 3.0], [1.0] * 3, np.ones((3, 2))),
        lambda: fay_herriot([1.0, 2.0], [1.0]),
        lambda: benchmark(np.array([]), np.array([]), 1.0),
        lambda: benchmark(np.array([1.0]), np.array([1.0]), 1.0, method="other"),
        lambda: benchmark(np.array([0.0]), np.array([1.0]), 1.0),
    ]
    for call in calls:
        with pytest.raises(ScoringError):
            call()


def test_stations_are_held_at_their_department():
    """Five answers each.

    Nearer to the truth than the direct scores, the department's mean met, an empty station left out.
    """
    generator = np.random.default_rng(3)
    departments = np.repeat([f"D{k}" for k in range(10)], 20)
    level = {f"D{k}": 70.0 + k for k in range(10)}
    truth = np.array([level[d] for d in departments]) + generator.normal(0, 4, 200)
    answers = truth[:, None] + generator.normal(0, 20, (200, 5))
    n = np.full(200, 5)
    n[0] = 0
    users = generator.integers(100, 1000, 200)
    direct = answers.mean(axis=1)
    held = {d: float(np.average(direct[departments == d], weights=users[departments == d])) for d in level}
    found = station_scores(list(departments), direct, answers.var(axis=1, ddof=1) / 5, n, users, held)
    assert np.isnan(found.estimates[0])
    assert np.mean((found.estimates[1:] - truth[1:]) ** 2) < 0.6 * np.mean((direct[1:] - truth[1:]) ** 2)
    for department in list(level)[1:]:
        mine = departments == department
        assert np.average(found.estimates[mine], weights=users[mine]) == pytest.approx(held[department])
    assert set(found.adjustments) == set(level)
