"""Designs are checked row by row, and estimates do not depend on what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from surveys.errors import DesignError
from surveys.estimation import LonelyRule, domains, make_design
from surveys.estimation.variances import covariance_of_totals
from tests.surveys.estimation.rows import seeds


def clustered(seed: int, n: int = 60):
    """Columns of a stratified sample of clusters, two or more in each stratum, with a variable and its gaps."""
    rng = np.random.default_rng(seed)
    cluster = np.concatenate([np.arange(12), rng.integers(0, 12, n - 12)])
    values = rng.normal(60, 15, n) + cluster
    values[rng.random(n) < 0.1] = np.nan
    columns = {"weights": rng.uniform(1, 5, n), "strata": cluster % 4, "clusters": cluster}
    return columns, values, rng.integers(0, 3, n), rng


@pytest.mark.parametrize(
    ("change", "sentence", "row"),
    [
        ({"weights": [1, 2, -3, 1]}, "weight of row 3 is -3.0", 3),
        ({"weights": [1, 2, np.nan, 1]}, "weight of row 3 is nan", 3),
        ({"strata": ["a", "", "b", "b"]}, "Row 2 has no value for the strata of stage 1", 2),
        ({"clusters": [1.0, 2.0, 3.0, np.nan]}, "Row 4 has no value for the clusters of stage 1", 4),
        ({"clusters": [1, 2, 2, 3]}, "cluster of row 3 at stage 1 lies in two strata", 3),
        ({"populations": [9, 8, 9, 9]}, "population size in row 2 is 8.0, elsewhere in stratum a it is 9.0", 2),
        ({"populations": [9, 9, 1, 1]}, "Stratum b has a population of 1 but 2 sampled", 3),
    ],
)
def test_a_bad_design_is_refused_with_column_and_row(change, sentence, row):
    columns = {
        "weights": [1, 2, 3, 1],
        "strata": ["a", "a", "b", "b"],
        "clusters": [1, 2, 3, 4],
        "populations": [9, 9, 9, 9],
    }
    columns = {name: np.array(column) for name, column in (columns | change).items()}
    with pytest.raises(DesignError, match=sentence) as caught:
        make_design(**columns)
    assert caught.value.details["row"] == row
    assert caught.value.details["column"]


def test_columns_of_different_length_are_refused():
    with pytest.raises(DesignError, match="lengths \\[2, 3\\]"):
        make_design(weights=np.ones(2), strata=np.zeros(3))


def test_weights_follow_from_population_counts():
    """Two of six clusters, then two of four and one of five rows: weights 3·2 and 3·5."""
    design = make_design(
        clusters=[np.array(["a", "a", "b"]), np.array([1, 2, 1])], populations=[np.full(3, 6), np.array([4, 4, 5])]
    )
    assert design.weights.tolist() == [6, 6, 15]
    assert make_design(rows=2).weights.tolist() == [1, 1]


@settings(max_examples=20)
@given(seeds())
def test_the_order_of_rows_does_not_matter(seed):
    columns, values, domain, rng = clustered(seed)
    order = rng.permutation(len(values))
    one = domains.means(make_design(**columns), values, domain)
    other = domains.means(make_design(**{k: v[order] for k, v in columns.items()}), values[order], domain[order])
    np.testing.assert_allclose(one.estimates, other.estimates, rtol=1e-12)
    np.testing.assert_allclose(one.covariance(), other.covariance(), rtol=1e-9, atol=1e-12)


@settings(max_examples=20)
@given(seeds())
def test_scaling_all_weights_scales_totals_and_leaves_means(seed):
    columns, values, domain, _ = clustered(seed)
    design, larger = make_design(**columns), make_design(**{**columns, "weights": columns["weights"] * 4})
    one, other = domains.means(design, values, domain), domains.means(larger, values, domain)
    np.testing.assert_allclose(one.std_errors(), other.std_errors(), rtol=1e-9)
    one, other = domains.totals(design, values, domain), domains.totals(larger, values, domain)
    np.testing.assert_allclose(one.estimates * 4, other.estimates, rtol=1e-12)
    np.testing.assert_allclose(one.std_errors() * 4, other.std_errors(), rtol=1e-9)


@settings(max_examples=20)
@given(seeds())
def test_splitting_a_record_within_its_cluster_changes_no_estimate(seed):
    columns, values, domain, _ = clustered(seed)
    split = np.append(np.arange(len(values)), 5)
    apart = {name: column[split] for name, column in columns.items()}
    apart["weights"] = apart["weights"].copy()
    apart["weights"][[5, -1]] /= 2
    one = domains.means(make_design(**columns), values, domain)
    other = domains.means(make_design(**apart), values[split], domain[split])
    np.testing.assert_allclose(one.estimates, other.estimates, rtol=1e-12)
    np.testing.assert_allclose(one.covariance(), other.covariance(), rtol=1e-9, atol=1e-12)


@settings(max_examples=15)
@given(seeds())
def test_a_census_has_no_sampling_error(seed):
    columns, values, domain, _ = clustered(seed)
    counts = np.array([len(np.unique(columns["clusters"][columns["strata"] == h])) for h in range(4)])
    design = make_design(**columns, populations=counts[columns["strata"]])
    assert np.abs(domains.means(design, values, domain).covariance()).max() < 1e-20


def test_a_ratio_to_a_constant_is_a_mean():
    columns, values, domain, _ = clustered(9)
    design = make_design(**columns)
    one, other = domains.means(design, values, domain), domains.ratios(design, values, np.ones(len(values)), domain)
    np.testing.assert_allclose(one.estimates, other.estimates)
    np.testing.assert_allclose(one.within(), other.within(), rtol=1e-9)
    assert np.isnan(other.deff()).all()
    assert np.isnan(domains.ratios(design, values, np.zeros(len(values))).estimates).all()


def test_an_empty_domain_and_one_answer_show_no_error():
    columns, values, domain, _ = clustered(2)
    values[domain == 1] = np.nan
    only = np.flatnonzero(domain == 2)[1:]
    values[only] = np.nan
    found = domains.means(make_design(**columns), values, domain)
    assert np.isnan(found.estimates[1, 0])
    assert np.isnan(found.std_errors()[1:, 0]).all()
    assert np.isnan(found.interval()[0][2, 0])


def test_an_infinite_value_and_a_wrong_domain_are_refused():
    design = make_design(rows=3)
    with pytest.raises(DesignError, match="value of row 2 is infinite"):
        domains.means(design, np.array([1, np.inf, 2]))
    with pytest.raises(DesignError, match="3 rows of the design"):
        domains.means(design, np.ones(2))
    with pytest.raises(DesignError, match="one code of at least -1"):
        domains.means(design, np.ones(3), np.array([0, 1, -2]))


def test_an_unknown_lonely_rule_and_a_lonely_stratum_are_refused():
    with pytest.raises(DesignError, match="lonely rule is 'hope'"):
        LonelyRule("hope")
    design = make_design(weights=np.ones(3), strata=np.array(["a", "a", "lake"]))
    with pytest.raises(DesignError, match="Stratum lake has only one sampled cluster at stage 1"):
        covariance_of_totals(np.ones((3, 1)), design)


def test_a_contrast_differentiates_without_loss():
    value, v = domains.contrast(lambda x: x[0] / x[1], np.array([3.0, 2.0]), np.diag([0.1, 0.2]))
    assert value[0] == 1.5
    assert v[0, 0] == pytest.approx(0.1 / 4 + 0.2 * (3 / 4) ** 2, rel=1e-14)
