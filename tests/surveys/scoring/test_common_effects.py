import numpy as np
import pytest

from surveys.errors import ScoringError
from surveys.scoring.common_effects import case_mix_effect, mode_effect, subtract_effect, subtract_from_round
from surveys.scoring.publication import differences, figures_of
from surveys.scoring.rounds import score_round


def interviews(n=6000, seed=1, effect=5.0):
    """People who choose their mode by how pleased they are, and an arm that was drawn."""
    generator = np.random.default_rng(seed)
    units = generator.integers(0, 20, n)
    arm = generator.integers(0, 2, n)
    pleased = generator.normal(0, 10, n)
    mode = (0.3 * arm * 10 + pleased / 10 + generator.normal(0, 1, n) > 1.5).astype(int)
    level = 60 + units
    answers = np.column_stack([level + pleased + effect * mode, level + pleased + generator.normal(0, 3, n)])
    return answers, generator.uniform(0.5, 2, n), units, mode, arm


def test_the_arm_finds_the_effect_where_the_mode_itself_is_misleading():
    """Pleased people choose mode 1: least squares is far off, the instrument is not.

    No effect is found where none is.
    """
    answers, weights, units, mode, arm = interviews()
    found = mode_effect(answers, weights, units, mode, arm)
    errors = np.sqrt(np.diag(found.covariance[0, :, 0, :]))
    assert abs(found.coefficients[0, 0] - 5) < 3 * errors[0]
    assert abs(found.coefficients[0, 1]) < 3 * errors[1]
    naive = case_mix_effect(answers, weights, units, mode[:, None])
    assert naive.coefficients[0, 0] > 5 + 3 * errors[0]


def test_the_stated_error_is_the_error_that_simulations_show():
    """Over 150 simulated rounds, the spread of the estimates agrees with the stated standard error within a fifth."""
    found = [mode_effect(*interviews(800, seed)) for seed in range(150)]
    spread = np.std([effect.coefficients[0, 0] for effect in found])
    stated = np.mean([effect.covariance[0, 0, 0, 0] for effect in found]) ** 0.5
    assert stated == pytest.approx(spread, rel=0.2)


def test_everybody_answering_as_drawn_is_a_plain_comparison():
    """With mode = arm the estimate is the difference of arm means within units, here in one unit."""
    answers = np.array([[60.0], [70.0], [80.0], [90.0]])
    arm = np.array([0, 0, 1, 1])
    found = mode_effect(answers, np.ones(4), np.zeros(4), arm, arm)
    assert found.coefficients[0, 0] == pytest.approx(20)
    assert np.isinf(found.first_stage_f[0])


def test_an_arm_that_moves_nobody_is_refused():
    """The mode does not follow the arm, or there is one mode only."""
    answers, weights, units, mode, arm = interviews(400)
    with pytest.raises(ScoringError, match="hardly moves"):
        mode_effect(answers, weights, units, np.random.default_rng(9).integers(0, 2, 400), arm)
    with pytest.raises(ScoringError, match="hardly moves"):
        mode_effect(answers, weights, units, np.ones(400), arm)


def test_case_mix_finds_the_slope_within_units():
    """Age moves answers by .2 a year within units, though older units are better for another reason."""
    generator = np.random.default_rng(4)
    units = generator.integers(0, 10, 3000)
    age = 30 + 3 * units + generator.normal(0, 10, 3000)
    answers = (40 + 4 * units + 0.2 * age + generator.normal(0, 5, 3000))[:, None]
    found = case_mix_effect(answers, np.ones(3000), units, age[:, None])
    assert found.coefficients[0, 0] == pytest.approx(0.2, abs=3 * found.covariance[0, 0, 0, 0] ** 0.5)
    with pytest.raises(ScoringError, match="vary"):
        case_mix_effect(answers, np.ones(3000), units, np.ones((3000, 1)))


def test_subtracting_moves_means_and_adds_a_common_variance():
    """A mean with half its answers in mode 1 loses half the effect.

    Two units get the same covariance off the diagonal.
    """
    effect = mode_effect(*interviews(2000))
    exposure = np.full((2, 2, 1), 0.5)
    means, covariance = subtract_effect(np.full((2, 2), 70.0), np.zeros((2, 2, 2, 2)), exposure, effect)
    np.testing.assert_allclose(means, 70 - 0.5 * np.tile(effect.coefficients, (2, 1)))
    np.testing.assert_allclose(covariance[0, :, 1, :], 0.25 * effect.covariance[0, :, 0, :])


def test_a_round_without_its_mode_effect_is_scored_and_verifies(scheme, estimates):
    """Units share a covariance afterwards, errors are larger, and the published table still follows from itself."""
    generator = np.random.default_rng(2)
    answers, weights, units, mode, arm = interviews(3000)
    effect = mode_effect(np.column_stack([answers[:, :1]] * 7), weights, units, mode, arm)
    adjusted = subtract_from_round(estimates, generator.uniform(0, 1, estimates.means.shape + (1,)), effect)
    scores = score_round(scheme, adjusted, {}, "seed", draws=300)
    plain = score_round(scheme, estimates, {}, "seed", draws=300)
    assert differences(figures_of(scores), scheme) == []
    for one, other in zip(scores.units, plain.units, strict=True):
        assert one.inputs.survey_std_error > other.inputs.survey_std_error


def test_rows_that_do_not_fit_are_refused():
    """One weight short, and a weight of 0."""
    answers, weights, units, mode, arm = interviews(50)
    with pytest.raises(ScoringError, match="one weight"):
        mode_effect(answers, weights[:-1], units, mode, arm)
    with pytest.raises(ScoringError, match="Row 1"):
        mode_effect(answers, np.zeros(50), units, mode, arm)
