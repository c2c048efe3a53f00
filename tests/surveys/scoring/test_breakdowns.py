from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from surveys.scoring.breakdowns import group_scores


def test_a_groups_score_is_its_own_weighted_mean(scheme, estimates):
    """Σ a_j ȳ_gj of the group alone, with its own error; 90 answers are shown."""
    cell = group_scores(scheme, estimates)[0]
    weights = np.array([float(part.weight) for part in scheme.indicators])
    assert float(cell.score) == pytest.approx(estimates.means[0, 0] @ weights, abs=0.005 + 1e-6)
    block = estimates.covariance[0, 0, :, 0, :]
    assert float(cell.std_error) == pytest.approx((weights @ block @ weights) ** 0.5, abs=0.0005)
    assert (cell.n, cell.hidden) == (90, False)


def test_a_small_group_never_hides_alone(scheme, estimates):
    """25 representatives are hidden, and with them a second group of the unit: the score would give them away."""
    cells = group_scores(scheme, estimates)
    for u in range(len(estimates.units)):
        row = cells[3 * u : 3 * u + 3]
        assert row[2].hidden
        assert sum(cell.hidden for cell in row) >= 2
        assert row[2].figures()["score"] is None


def test_a_group_without_answers_is_shown_as_such(scheme, estimates):
    """No representatives at all: nothing hidden, no score for them."""
    counts = estimates.n.copy()
    counts[:, 2] = 0
    cells = group_scores(scheme, replace(estimates, n=counts))
    assert not any(cell.hidden for cell in cells)
    assert cells[2].score is None and cells[2].n == 0


def test_shown_cells_carry_their_numbers(scheme, estimates):
    """Figures are strings; what is shown is complete."""
    counts = np.full_like(estimates.n, 40)
    cell = group_scores(scheme, replace(estimates, n=counts))[1].figures()
    assert cell["group"] == "enterprises" and cell["n"] == 40 and not cell["hidden"]
    assert Decimal(cell["score"]) > 0 and Decimal(cell["std_error"]) > 0
