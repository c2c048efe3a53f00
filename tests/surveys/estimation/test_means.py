"""Means from exact sums: equal to a direct computation by rows, and free of what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from surveys.errors import DesignError
from surveys.estimation import CellSums, Sample, domains, estimate_means, sums_from_rows
from surveys.estimation.designs import make_design
from surveys.estimation.residuals import CellCalibration
from surveys.estimation.variances import LonelyRule
from surveys.weighting.raking import Margin, rake
from tests.surveys.estimation.rows import Rows, make_rows, seeds


def by_rows(rows: Rows, lonely: str = "adjust"):
    """The same means from rows, by the general path for any design."""
    design = make_design(
        weights=rows.weights[rows.cell], strata=rows.stratum, populations=rows.population[rows.stratum]
    )
    values = np.where(rows.answered, rows.points / 100, np.nan)
    return domains.means(design, values, rows.domain, LonelyRule(lonely))


@settings(max_examples=25)
@given(seeds())
def test_sums_and_rows_give_the_same_means_covariance_and_degrees_of_freedom(seed):
    rows = make_rows(seed)
    found, expected = estimate_means(rows.sums(), rows.sample), by_rows(rows)
    np.testing.assert_allclose(found.means, expected.estimates, rtol=1e-12)
    everything = range(rows.domains)
    np.testing.assert_allclose(found.covariance_of(everything), expected.covariance(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.deff(), expected.deff(), rtol=1e-9)
    assert found.df.tolist() == expected.df.tolist()
    assert found.n.tolist() == expected.n.tolist()


@settings(max_examples=25)
@given(seeds())
def test_the_order_of_rows_changes_no_bit(seed):
    rows = make_rows(seed)
    shuffled = np.random.default_rng(seed).permutation(len(rows.stratum))
    one, other = estimate_means(rows.sums(), rows.sample), estimate_means(rows.sums(shuffled), rows.sample)
    assert np.array_equal(one.means, other.means, equal_nan=True)
    assert np.array_equal(one.within, other.within, equal_nan=True)


@settings(max_examples=25)
@given(seeds())
def test_parts_of_a_data_set_add_up_to_the_whole(seed):
    rows = make_rows(seed)
    first, second = rows.sums(np.arange(20)), rows.sums(np.arange(20, len(rows.stratum)))
    whole, joined = estimate_means(rows.sums(), rows.sample), estimate_means(first + second, rows.sample)
    np.testing.assert_allclose(joined.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(joined.within, whole.within, rtol=1e-9, atol=1e-9)


@settings(max_examples=25)
@given(seeds())
def test_the_scale_of_the_weights_changes_nothing_but_their_sum(seed):
    rows = make_rows(seed)
    sample = Sample(rows.sample.sampled, rows.sample.population, rows.weights * 7.5)
    one, other = estimate_means(rows.sums(), rows.sample), estimate_means(rows.sums(), sample)
    np.testing.assert_allclose(one.means, other.means, rtol=1e-12)
    np.testing.assert_allclose(one.within, other.within, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.weight_sum * 7.5, other.weight_sum, rtol=1e-12)


@settings(max_examples=25)
@given(seeds())
def test_means_lie_within_the_range_of_points_and_variances_are_not_negative(seed):
    found = estimate_means(*(lambda rows: (rows.sums(), rows.sample))(make_rows(seed, n=25, domains=8)))
    known = ~np.isnan(found.means)
    assert ((found.means[known] >= 0) & (found.means[known] <= 100)).all()
    assert (np.einsum("djj->dj", found.within)[known] >= 0).all()


@settings(max_examples=20)
@given(seeds())
def test_answers_that_are_all_equal_have_a_variance_of_exactly_zero(seed):
    rows = make_rows(seed, domains=6)
    equal = Rows(**{**vars(rows), "points": np.full_like(rows.points, 8000)})
    found = estimate_means(equal.sums(), equal.sample)
    known = ~np.isnan(found.means)
    assert (found.means[known] == 80).all()
    assert (np.nan_to_num(found.within) == 0).all()


@settings(max_examples=20)
@given(seeds())
def test_equal_answers_within_each_stratum_leave_no_variance(seed):
    """What floating point moments get wrong: units whose every stratum is of one mind."""
    rows = make_rows(seed, domains=1)
    points = np.repeat((rows.stratum * 1237 % 10000)[:, None], 3, axis=1)
    agreeing = Rows(**{**vars(rows), "points": points, "answered": np.ones_like(rows.answered)})
    weights = np.full(len(rows.weights), 1.7)
    sample = Sample(agreeing.sample.sampled, np.full(len(rows.population), np.inf), weights)
    assert estimate_means(agreeing.sums(), sample).std_errors().max() < 1e-12


@settings(max_examples=15)
@given(seeds())
def test_combinations_use_the_whole_covariance(seed):
    rows = make_rows(seed)
    found = estimate_means(rows.sums(), rows.sample)
    c = np.random.default_rng(seed).normal(size=(4, *found.means.shape))
    values, variance = found.combine(c)
    v = found.covariance_of(range(rows.domains))
    np.testing.assert_allclose(values, np.einsum("mdj,dj->m", c, found.means))
    np.testing.assert_allclose(variance, np.einsum("mdj,djek,lek->ml", c, v, c), rtol=1e-9, atol=1e-7)
    own_values, own_variances = found.composites(c[0])
    np.testing.assert_allclose(own_values, (c[0] * found.means).sum(axis=1))
    np.testing.assert_allclose(own_variances, np.einsum("dj,djk,dk->d", c[0], found.within, c[0]))


def test_blocks_hold_the_pairs_of_domains_that_share_a_stratum():
    rows = make_rows(5)
    found = estimate_means(rows.sums(), rows.sample)
    assert {(0, 0), (0, 1), (1, 2)} <= set(found.blocks)
    for (d, e), block in found.blocks.items():
        np.testing.assert_allclose(block, found.covariance(d, e), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_a_stratum_of_one_row_is_treated_as_by_rows(rule):
    rows = make_rows(3, domains=1)
    alone = Rows(
        **{**vars(rows), "stratum": np.append(rows.stratum[:-1], 4), "population": np.append(rows.population, 9.0)}
    )
    sample = alone.sample
    population = np.maximum(sample.population, sample.sampled)
    fixed = Rows(**{**vars(alone), "population": population})
    found, expected = estimate_means(fixed.sums(), fixed.sample, lonely=rule), by_rows(fixed, rule)
    np.testing.assert_allclose(found.within, expected.within(), rtol=1e-9, atol=1e-12)


def test_a_stratum_of_one_row_is_named_where_it_may_not_be():
    sums = sums_from_rows([0, 0, 1], [0, 0, 0], [0, 0, 0], np.full((3, 1), 100), np.ones((3, 1), bool))
    sample = Sample(np.array([2, 1]), np.full(2, np.inf), np.ones(1), names=["town", "lake"])
    with pytest.raises(DesignError, match="Stratum lake has one sampled row"):
        estimate_means(sums, sample, lonely="fail")
    # with no stratum left that knows its variance there is none to average
    only = sums_from_rows([1], [0], [0], np.full((1, 1), 100), np.ones((1, 1), bool))
    assert np.isnan(estimate_means(only, sample, lonely="average").within).all()


def test_one_answer_has_a_mean_and_no_error_and_an_empty_domain_has_neither():
    points, answered = np.array([[8000], [6000], [0]]), np.array([[True], [True], [False]])
    sums = sums_from_rows([0, 0, 0], [0, 0, 1], [0, 0, 0], points, answered)
    found = estimate_means(sums, Sample(np.array([3]), np.array([9.0]), np.ones(1)), domains=3)
    assert found.means[0, 0] == 70 and found.std_errors()[0, 0] > 0
    assert np.isnan(found.means[1:]).all() and np.isnan(found.std_errors()[1:]).all()
    assert found.df.tolist() == [1, 0, 0]
    single = sums_from_rows([0], [0], [0], points[:1], answered[:1])
    found = estimate_means(single, Sample(np.array([5]), np.array([9.0]), np.ones(1)))
    assert found.means[0, 0] == 80 and np.isnan(found.std_errors()[0, 0])


def test_rows_outside_every_domain_count_for_their_stratum_only():
    rows = make_rows(11, domains=2)
    outside = Rows(**{**vars(rows), "domain": np.where(rows.domain == 1, -1, 0)})
    found, expected = estimate_means(outside.sums(), outside.sample), by_rows(outside)
    np.testing.assert_allclose(found.means, expected.estimates)
    np.testing.assert_allclose(found.within, expected.within(), rtol=1e-9)


def test_counts_beyond_64_bits_are_still_exact():
    """Three million rows of one cell: n·Σy² passes 2⁶³."""
    n = np.array([[[3_000_000]]])
    sums = CellSums(*np.zeros((3, 1), np.int64), np.array([3_000_000]), n, n * 5000, n * 50_000_000)
    found = estimate_means(sums, Sample(np.array([3_000_000]), np.array([np.inf]), np.ones(1)))
    assert found.means[0, 0] == 50
    variance = (50_000_000 - 5000**2) / 100**2 / (3_000_000 - 1)
    assert found.within[0, 0, 0] == pytest.approx(variance, rel=1e-12)


def test_more_rows_than_were_sampled_are_refused():
    rows = make_rows(2)
    sample = Sample(rows.sample.sampled - 1, rows.sample.population, rows.weights)
    with pytest.raises(DesignError, match="answering rows but only"):
        estimate_means(rows.sums(), sample)


def test_a_negative_weight_and_a_population_below_its_sample_are_refused_by_place():
    with pytest.raises(DesignError, match="weights has the value -1.0 at position 1"):
        Sample(np.array([2]), np.array([5.0]), np.array([1.0, -1.0]))
    with pytest.raises(DesignError, match="Stratum 0 has a population of 1.0 but 2"):
        Sample(np.array([2]), np.array([1.0]), np.array([1.0]))


def test_sums_that_do_not_fit_together_are_refused():
    rows = make_rows(1)
    with pytest.raises(DesignError, match="different numbers of indicators"):
        rows.sums() + make_rows(1, indicators=2).sums()
    with pytest.raises(DesignError, match="do not fit together"):
        CellSums(*np.zeros((4, 2), np.int64), *np.zeros((3, 1, 1, 1), np.int64))


def raked(seed: int, rows: Rows):
    """Two margins over the weighting cells, and what raking the cells' base weights to them gives by cell."""
    rng = np.random.default_rng(seed)
    cells = len(rows.weights)
    held = np.bincount(rows.cell, minlength=cells)
    base = rows.weights * held
    truth = base * rng.uniform(0.7, 1.4, cells)
    margins = [
        Margin(name, codes, np.bincount(codes, truth))
        for name, codes in (("a", np.arange(cells) % 3), ("b", np.arange(cells) // 3))
    ]
    weights = np.where(held > 0, rake(base, margins) / np.maximum(held, 1), 0.0)
    x = np.hstack([(margin.codes[:, None] == np.arange(len(margin.totals))).astype(float) for margin in margins])
    return weights, x


@pytest.mark.parametrize("lonely", ["adjust", "certainty", "average"])
@settings(max_examples=10)
@given(seeds())
def test_calibrated_weights_have_the_residual_covariance_that_rows_have(lonely, seed):
    rows = make_rows(seed, n=80, domains=3, cells=9)
    if seed % 2:
        alone = np.append(rows.stratum[:-1], 4)
        sizes = np.append(rows.population, 3.0)
        rows = Rows(**{**vars(rows), "stratum": alone, "population": np.maximum(sizes, np.bincount(alone))})
    weights, x = raked(seed, rows)
    sample = Sample(rows.sample.sampled, rows.population, weights)
    found = estimate_means(rows.sums(), sample, lonely=lonely, calibration=CellCalibration(rows.weights, x))
    design = make_design(
        weights=rows.weights[rows.cell], strata=rows.stratum, populations=rows.population[rows.stratum]
    ).calibrated(weights[rows.cell], x[rows.cell])
    expected = domains.means(
        design, np.where(rows.answered, rows.points / 100, np.nan), rows.domain, LonelyRule(lonely)
    )
    np.testing.assert_allclose(found.means, expected.estimates, rtol=1e-9)
    np.testing.assert_allclose(found.covariance_of([0, 1, 2]), expected.covariance(), rtol=1e-7, atol=1e-8)
    c = np.random.default_rng(seed).normal(size=(2, *found.means.shape))
    np.testing.assert_allclose(
        found.combine(c)[1], np.einsum("mdj,djek,lek->ml", c, expected.covariance(), c), rtol=1e-7, atol=1e-6
    )
    np.testing.assert_allclose(found.blocks[0, 2], found.covariance(0, 2), atol=1e-12)


def test_a_calibration_needs_auxiliaries_for_every_cell():
    with pytest.raises(DesignError, match="for every weighting cell"):
        CellCalibration(np.ones(3), np.ones((2, 1)))
