from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import ScoringError
from surveys.scoring.composites import composite, score_covariance, survey_score
from surveys.scoring.figures import rounded
from surveys.scoring.schemes import Scheme


def cells(scheme: Scheme, seed: int):
    generator = np.random.default_rng(seed)
    shape = (len(scheme.groups), len(scheme.indicators))
    root = generator.normal(0, 1, (np.prod(shape), np.prod(shape)))
    covariance = (root @ root.T).reshape(shape + shape)
    return generator.uniform(0, 100, shape), covariance, np.full(shape, 30)


def test_complete_cells_give_the_plain_weighted_sum(scheme):
    """Σ_g W_g Σ_j a_j ȳ_gj and c'Vc by hand."""
    means, covariance, n = cells(scheme, 1)
    found = composite(scheme, means, covariance, n)
    weights = np.outer([0.5, 0.25, 0.25], [0.2, 0.15, 0.2, 0.1, 0.15, 0.2, 0])
    assert float(found.score) == pytest.approx((weights * means).sum(), abs=0.005 + 1e-5)
    assert found.variance == pytest.approx(weights.ravel() @ covariance.reshape(21, 21) @ weights.ravel())
    assert (found.missing_groups, found.missing_indicators, found.missing_cells) == ((), (), ())


def test_what_nobody_answered_is_renormalised_and_named(scheme):
    """A missing group, a missing indicator and a single missing cell: weights that stay sum to 1, each is reported."""
    means, covariance, n = cells(scheme, 2)
    n[2, :] = 0
    n[:, 3] = 0
    n[1, 0] = 1
    found = composite(scheme, means, covariance, n)
    assert found.missing_groups == ("representatives",)
    assert found.missing_indicators == ("I4",)
    assert found.missing_cells == (("enterprises", "I1"),)
    assert found.coefficients.sum() == pytest.approx(1)
    assert float(found.indicators["I1"]) == pytest.approx(means[0, 0], abs=1e-6)
    assert float(found.indicators["I2"]) == pytest.approx((2 * means[0, 1] + means[1, 1]) / 3, abs=1e-6)
    assert found.indicators["I4"] is None


def test_no_answer_gives_no_score(scheme):
    """n = 0 and n = 1 everywhere: no score, no variance."""
    means, covariance, n = cells(scheme, 3)
    for count in (0, 1):
        found = composite(scheme, means, covariance, np.full_like(n, count))
        assert found.score is None
        assert np.isnan(found.variance)


def test_only_cells_that_count_need_a_covariance(scheme):
    """NaN in a missing cell's covariance does no harm; in a cell that counts it leaves the score without error."""
    means, covariance, n = cells(scheme, 4)
    covariance[2] = covariance[:, :, 2] = np.nan
    assert np.isnan(composite(scheme, means, covariance, n).variance)
    n[2] = 0
    assert np.isfinite(composite(scheme, means, covariance, n).variance)


def test_the_published_means_give_the_score_exactly(scheme):
    """survey_score of the published means is the score; with a missing one the others carry its weight."""
    means, covariance, n = cells(scheme, 5)
    found = composite(scheme, means, covariance, n)
    assert survey_score(scheme, found.indicators) == found.score
    only = dict.fromkeys(scheme.indicator_codes) | {"I1": Decimal("70.000000"), "I4": Decimal("40.000000")}
    assert survey_score(scheme, only) == Decimal("60.00")


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_a_score_lies_among_its_means(scheme, seed):
    """Whatever is missing, score and indicator means stay between the smallest and largest cell mean."""
    means, covariance, n = cells(scheme, seed)
    n = np.random.default_rng(seed).integers(0, 5, n.shape)
    found = composite(scheme, means, covariance, n)
    used = means[n >= 2]
    for value in [found.score, *found.indicators.values()]:
        if value is not None:
            assert used.min() - 0.005 <= float(value) <= used.max() + 0.005


def test_scores_of_units_covary_through_their_cells(scheme):
    """With independent units the covariance is diagonal and holds each unit's own variance."""
    parts, full = [], np.zeros((2, 3, 7, 2, 3, 7))
    for u in range(2):
        means, covariance, n = cells(scheme, u)
        parts.append(composite(scheme, means, covariance, n))
        full[u, :, :, u] = covariance
    found = score_covariance(np.stack([part.coefficients for part in parts]), full)
    np.testing.assert_allclose(found, np.diag([part.variance for part in parts]), rtol=1e-12)


def test_wrong_shapes_are_refused(scheme):
    """The sentence gives the shapes that are needed."""
    means, covariance, n = cells(scheme, 6)
    with pytest.raises(ScoringError, match="3 groups and 7 indicators"):
        composite(scheme, means[:2], covariance, n)


def test_rounding_is_half_up_and_never_minus_zero():
    """Money rounding of what a person would do by hand."""
    assert rounded(Decimal("2.345"), 2) == Decimal("2.35")
    assert str(rounded(-0.001, 2)) == "0.00"
    assert rounded(float("nan"), 2) is None
    assert rounded(None, 2) is None


def test_group_weights_of_zero_are_never_missed(scheme):
    """A group that weighs nothing is not reported as missing."""
    quiet = replace(
        scheme, groups={"individuals": Decimal(1), "enterprises": Decimal(0), "representatives": Decimal(0)}
    )
    means, covariance, n = cells(quiet, 7)
    n[1:] = 0
    assert composite(quiet, means, covariance, n).missing_groups == ()
