"""Change between rounds: the overlap helps, its absence adds variances."""

from __future__ import annotations

import numpy as np
import pytest

from surveys.errors import DesignError
from surveys.estimation import domains, make_design
from surveys.estimation.changes import estimate_changes, independent_change


def rounds(overlap: int, seed: int = 4):
    """Two rounds of 60 rows in three strata, of which ``overlap`` people answered both and keep their opinion."""
    rng = np.random.default_rng(seed)
    person = np.concatenate([np.arange(60), np.where(np.arange(60) < overlap, np.arange(60), 100 + np.arange(60))])
    opinion = rng.normal(60, 15, 200)
    values = opinion[person] + rng.normal(0, 3, 120) + np.repeat([0, 4], 60)
    return make_design(strata=person % 3, clusters=person), values, np.repeat([False, True], 60)


def test_an_overlap_makes_the_change_surer():
    apart, half, whole = (estimate_changes(*rounds(k)).std_errors[0, 0] for k in (0, 30, 60))
    assert whole < half < apart
    assert whole < 0.3 * apart


def test_without_an_overlap_variances_and_degrees_of_freedom_add():
    design, values, later = rounds(0)
    rounds_apart = make_design(strata=np.arange(120) % 3 + 3 * later)
    found = estimate_changes(rounds_apart, values, later)
    each = domains.means(rounds_apart, values, later.astype(int))
    (one, other), (df_one, df_other) = each.std_errors()[:, 0], each.df
    test = independent_change(each.estimates[0, 0], one, df_one, each.estimates[1, 0], other, df_other)
    assert found.covariances[0, 0] == 0
    assert found.std_errors[0, 0] == pytest.approx(test.std_error) == pytest.approx((one**2 + other**2) ** 0.5)
    assert found.df[0] == test.df == df_one + df_other
    assert found.test().p == pytest.approx(test.p)


def test_a_domain_that_one_round_did_not_reach_has_no_change():
    design, values, later = rounds(30)
    domain = np.where(later, 0, np.arange(120) % 2)
    found = estimate_changes(design, np.column_stack([values, values]), later, domain)
    assert np.isfinite(found.estimates[0]).all() and np.isfinite(found.std_errors[0]).all()
    assert np.isnan(found.after[1]).all() and np.isnan(found.estimates[1]).all()
    assert np.isnan(found.std_errors[1]).all() and np.isnan(found.test(1).p)


def test_marks_of_another_length_are_refused():
    design, values, later = rounds(30)
    with pytest.raises(DesignError, match="119 marks of a round for 120 rows"):
        estimate_changes(design, values, later[1:])
