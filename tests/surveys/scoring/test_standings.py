from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import ScoringError
from surveys.scoring.comparison import band_of, between_variance, dispersion, reliability
from surveys.scoring.gates import may_see, visibility
from surveys.scoring.ranks import rank_sets, rank_sets_from_critical_values
from surveys.scoring.schemes import Gates
from surveys.scoring.standings import compare_category
from tests.surveys.scoring.simulation import simulate_rank_coverage

vectors = st.integers(2, 7).flatmap(
    lambda p: st.tuples(
        st.lists(st.floats(0, 100), min_size=p, max_size=p), st.lists(st.floats(0.1, 10), min_size=p, max_size=p)
    )
)


def test_gates_stand_where_the_default_puts_them():
    """9/10, 29/30 and 99/100 answers; reliability .7; no error keeps a score inside."""
    gates = Gates()
    seen = [visibility(gates, n, 0.9) for n in (0, 1, 9, 10, 29, 30, 99, 100)]
    assert seen == ["nothing", "nothing", "nothing", "internal", "internal", "score", "score", "full"]
    assert visibility(gates, 500, 0.69) == "score"
    assert visibility(gates, 500, 0.7) == "full"
    assert visibility(gates, 500, None) == "score"
    assert visibility(gates, 500, 0.9, has_error=False) == "internal"
    assert may_see("full", "score") and not may_see("internal", "score")
    with pytest.raises(ScoringError):
        visibility(gates, -1, 0.9)


def test_bands_begin_at_their_limits():
    """1.96 and 3.09, on both sides; high is good."""
    assert [band_of(z) for z in (0, 1.959, 1.96, 3.089, 3.09)] == [
        "as_expected", "as_expected", "better", "better", "much_better",
    ]  # fmt: skip
    assert (band_of(-1.96), band_of(-4)) == ("worse", "much_worse")


def test_reliability_is_the_share_of_real_spread():
    """τ² = 9 against V = 1: .9; equal scores have no spread and no reliability."""
    assert reliability(9.0, np.array([1.0]))[0] == pytest.approx(0.9)
    assert between_variance(np.array([70.0, 70.0, 70.0]), np.ones(3)) == 0
    assert reliability(0.0, np.array([0.0]))[0] == 0


def test_one_unit_alone_is_as_expected():
    """I = 1: its own target, no spread; I = 0 and an error of 0 are refused."""
    found = dispersion(np.array([80.0]), np.array([2.0]))
    assert (found.target, found.tau2, found.z_additive[0]) == (80.0, 0.0, 0.0)
    with pytest.raises(ScoringError, match="no unit"):
        dispersion(np.array([]), np.array([]))
    with pytest.raises(ScoringError, match="Unit 1"):
        dispersion(np.array([80.0]), np.array([0.0]))


@given(vectors)
@settings(max_examples=30)
def test_rank_sets_contain_the_observed_ranks(case):
    """L ≤ rank ≤ U for every unit; the stored quantiles give the same sets without a draw; someone can be last."""
    y, se = map(np.array, case)
    found = rank_sets(y, se**2, np.random.default_rng(1), draws=200)
    assert (found.low <= found.rank).all() and (found.rank <= found.high).all()
    again = rank_sets_from_critical_values(y, se**2, found.critical_values)
    assert (again.low == found.low).all() and (again.high == found.high).all()
    assert found.worst().any() and found.best().any()


def test_rank_sets_do_not_depend_on_the_order_of_units():
    """With the same quantile, units in another order keep their sets."""
    y, variances = np.array([90.0, 60, 75, 74, 50]), np.array([1.0, 2, 3, 4, 5])
    order = [3, 1, 4, 0, 2]
    one = rank_sets_from_critical_values(y, variances, (2.5,))
    other = rank_sets_from_critical_values(y[order], variances[order], (2.5,))
    assert other.low.tolist() == one.low[order].tolist()
    assert other.high.tolist() == one.high[order].tolist()


def test_ranks_at_the_edges():
    """No unit and one unit need no draw; without errors the ranks are certain; ties share a rank."""
    generator = np.random.default_rng(1)
    assert rank_sets(np.array([]), np.zeros((0, 0)), generator).rank.size == 0
    alone = rank_sets(np.array([3.0]), np.array([1.0]), generator)
    assert (alone.low[0], alone.high[0], alone.critical_values) == (1, 1, ())
    certain = rank_sets(np.array([3.0, 2.0, 2.0]), np.zeros(3), generator, draws=10)
    assert certain.rank.tolist() == [1, 2, 2]
    assert (certain.low.tolist(), certain.high.tolist()) == ([1, 2, 2], [1, 3, 3])


def test_units_that_move_together_are_told_apart():
    """A common error leaves differences alone.

    Two units 3 apart with own errors of .5 and a common one of 10 differ.
    """
    covariance = np.full((2, 2), 100.0) + np.diag([0.25, 0.25])
    found = rank_sets(np.array([80.0, 77.0]), covariance, np.random.default_rng(1), draws=2000)
    assert found.high.tolist() == [1, 2]


def test_impossible_covariances_are_refused():
    """A shape that does not fit, a missing value, an indefinite matrix."""
    generator = np.random.default_rng(1)
    for scores, covariance in (
        (np.zeros(3), np.eye(2)),
        (np.array([1.0, np.nan]), np.eye(2)),
        (np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]])),
    ):
        with pytest.raises(ScoringError):
            rank_sets(scores, covariance, generator, draws=10)


@pytest.mark.parametrize(("units", "gap"), [(10, 0.0), (10, 0.1), (10, 3.0), (24, 0.0)])
def test_rank_sets_cover_the_truth_at_their_level(units, gap):
    """All true ranks of 300 simulated categories.

    Tied, close or distant, they lie in their sets at once in at least 95 % less two Monte-Carlo errors.
    """
    assert simulate_rank_coverage(units, gap, 300, seed=5) >= 0.95 - 2 * (0.95 * 0.05 / 300) ** 0.5


def test_rank_sets_of_a_lower_level_miss_the_truth_more_often():
    """The simulation sees a level that is not kept: sets at 85 % do not cover tied units in 95 %."""
    assert simulate_rank_coverage(10, 0.0, 300, seed=5, level=0.85) < 0.95 - 2 * (0.95 * 0.05 / 300) ** 0.5


def test_only_units_that_pass_every_gate_are_ranked(scheme):
    """Few answers: compared but not ranked; hidden: not even compared; ranks are among the ranked."""
    scores = [Decimal(s) for s in ("90.00", "80.00", "70.00", "60.00", "50.00")]
    errors = [Decimal("1.000")] * 5
    found = compare_category(scheme, scores, errors, [150, 150, 60, 20, 150], np.random.default_rng(1), draws=200)
    assert (found.compared, found.ranked) == ((0, 1, 2, 4), (0, 1, 4))
    assert [s.rank for s in found.standings] == [1, 2, None, None, 3]
    assert found.worst_set == (4,)
    assert [s.visibility for s in found.standings] == ["full", "full", "score", "internal", "full"]


def test_a_score_without_error_stays_inside(scheme):
    """A standard error that is missing or published as 0 leaves the unit out of every comparison."""
    scores = [Decimal("90.00"), Decimal("80.00"), Decimal("85.00")]
    found = compare_category(
        scheme, scores, [None, Decimal("0.000"), Decimal("1.000")], [150] * 3, np.random.default_rng(1)
    )
    assert [s.visibility for s in found.standings] == ["internal", "internal", "score"]
