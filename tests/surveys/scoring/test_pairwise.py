from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import ScoringError
from surveys.scoring.pairwise import comparison_matrix, pairwise_weights

NAMES = ["a", "b", "c"]


def test_consistent_comparisons_give_their_own_weights():
    """a is twice b, b three times c: 6 : 3 : 1, no contradiction."""
    matrix = comparison_matrix(NAMES, {("a", "b"): 2, ("b", "c"): 3, ("a", "c"): 6})
    found = pairwise_weights(NAMES, matrix)
    assert list(found.weights.values()) == [Decimal("0.6000"), Decimal("0.3000"), Decimal("0.1000")]
    assert found.consistency_ratio == pytest.approx(0, abs=1e-12)
    assert found.is_consistent


def test_a_textbook_matrix():
    """1, 3, 5 / 1, 3 / 1: the eigenvector .637 .258 .105, λ = 3.0385, CR = .0332."""
    matrix = comparison_matrix(NAMES, {("a", "b"): 3, ("a", "c"): 5, ("b", "c"): 3})
    found = pairwise_weights(NAMES, matrix)
    assert [round(float(w), 3) for w in found.weights.values()] == [0.637, 0.258, 0.105]
    assert found.eigenvalue == pytest.approx(float(np.linalg.eigvals(matrix).real.max()))
    assert found.consistency_ratio == pytest.approx(0.0332, abs=5e-5)


def test_contradictions_are_refused_with_the_pair_unless_confirmed():
    """a over b over c over a: refused by name, accepted when confirmed."""
    matrix = comparison_matrix(NAMES, {("a", "b"): 3, ("b", "c"): 3, ("a", "c"): 1 / 5})
    with pytest.raises(ScoringError, match="against"):
        pairwise_weights(NAMES, matrix)
    assert not pairwise_weights(NAMES, matrix, confirmed=True).is_consistent


def test_the_worst_pair_is_the_one_that_was_spoilt():
    """Five consistent names with one judgement turned round: that pair is named."""
    names = list("abcde")
    level = np.array([5.0, 4, 3, 2, 1])
    matrix = level[:, None] / level[None, :]
    matrix[1, 3], matrix[3, 1] = 1 / 8, 8
    found = pairwise_weights(names, matrix, confirmed=True)
    assert found.worst_pair == ("b", "d")
    assert found.worst_ratio > 1 / 8


@given(st.lists(st.floats(1, 3), min_size=1, max_size=8))
@settings(max_examples=40)
def test_weights_always_sum_to_exactly_one(levels):
    """Four decimals, exact sum, the order of the levels."""
    level = np.array(levels)
    names = [str(k) for k in range(level.size)]
    weights = pairwise_weights(names, level[:, None] / level[None, :]).weights
    assert sum(weights.values()) == 1
    assert all(weights[names[int(level.argmax())]] >= weight - Decimal("0.0001") for weight in weights.values())


@pytest.mark.parametrize(
    "judgements",
    [{("a", "b"): 2}, {("a", "x"): 2}, {("a", "b"): 2, ("b", "a"): 2}, {("a", "b"): 10, ("a", "c"): 1, ("b", "c"): 1}],
)
def test_incomplete_and_impossible_comparisons_are_refused(judgements):
    """A missing pair, an unknown name, a pair twice, a ratio beyond nine."""
    with pytest.raises(ScoringError):
        pairwise_weights(NAMES, comparison_matrix(NAMES, judgements))


def test_a_matrix_must_be_reciprocal():
    """b against a must be 1 over a against b."""
    with pytest.raises(ScoringError, match="other way round"):
        pairwise_weights(["a", "b"], np.array([[1, 2], [2, 1]]))
    with pytest.raises(ScoringError, match="matrix"):
        pairwise_weights(["a", "b"], np.ones((2, 3)))
