"""Replicates agree with linearisation where both are right, and are repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from surveys.errors import DesignError
from surveys.estimation import balanced, bootstrap, domains, jackknife, make_design


def paired(strata: int = 7):
    """Two clusters of three rows in each stratum."""
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(2 * strata), 3)
    design = make_design(weights=rng.uniform(1, 3, len(cluster)), strata=cluster // 2, clusters=cluster)
    return design, rng.normal(50, 10, len(cluster))


def total(values):
    return lambda w: w @ values


@pytest.mark.parametrize("fay", [0.0, 0.3])
def test_balanced_replication_of_a_total_is_linearisation_exactly(fay):
    """Wolter (2007), theorem 3.2.1: with full orthogonal balance."""
    design, values = paired()
    estimate, v = balanced(design, fay=fay).estimate(total(values))
    expected = domains.totals(design, values)
    assert estimate[0] == pytest.approx(expected.estimates[0, 0])
    assert v[0, 0] == pytest.approx(expected.within()[0, 0, 0], rel=1e-9)


def test_the_jackknife_of_a_total_is_linearisation_exactly():
    design, values = paired()
    assert jackknife(design, mse=True).estimate(total(values))[1][0, 0] == pytest.approx(
        domains.totals(design, values).within()[0, 0, 0], rel=1e-9
    )


def test_the_bootstrap_comes_near_linearisation_and_repeats_with_its_seed():
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1, 2], 40)
    design = make_design(weights=rng.uniform(1, 3, 120), strata=stratum, populations=np.full(120, 90))
    values = rng.normal(50, 10, 120)
    one, other = (bootstrap(design, np.random.default_rng(3), 3000) for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    v = one.estimate(total(values))[1][0, 0]
    assert v == pytest.approx(domains.totals(design, values).within()[0, 0, 0], rel=0.08)
    assert (one.weights >= 0).all()


def test_replicates_refuse_strata_that_they_cannot_use():
    lonely = make_design(weights=np.ones(3), strata=np.array(["a", "a", "lake"]))
    for kind in (jackknife, balanced, lambda design: bootstrap(design, np.random.default_rng(1))):
        with pytest.raises(DesignError, match="Stratum lake has"):
            kind(lonely)
    with pytest.raises(DesignError, match="Fay's factor 1 must"):
        balanced(paired()[0], fay=1)
