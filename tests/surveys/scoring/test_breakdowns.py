from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from surveys.scoring.breakdowns import group_scores
from tests.surveys.scoring.conftest import made_up_estimates


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
    cell = group_scores(scheme, replace(estimates, n=counts))[1]
    figures = cell.figures()
    assert cell.group == "enterprises" and figures["n"] == 40 and not figures["hidden"]
    assert Decimal(figures["score"]) > 0 and Decimal(figures["std_error"]) > 0


@pytest.mark.parametrize(
    "sizes",
    [
        [[30, 0, 0], [29, 0, 40]],
        [[0, 29, 5], [0, 5, 40], [200, 0, 29], [30, 0, 0]],
        np.random.default_rng(1).choice([0, 5, 29, 30, 200], (6, 3)),
    ],
)
def test_no_group_can_be_had_by_subtracting_from_the_score(scheme, sizes):
    """A small group is hidden, and never as the only one of several in its unit, not even where a hidden total would cover it."""
    sizes = np.array(sizes)
    estimates = made_up_estimates(len(sizes))
    counts = np.repeat(sizes[:, :, None], estimates.n.shape[2], axis=2)
    cells = group_scores(scheme, replace(estimates, n=counts))
    for u, row in enumerate(sizes):
        hidden = np.array([cell.hidden for cell in cells[3 * u : 3 * u + 3]])
        assert hidden[(row > 0) & (row < 30)].all()
        assert hidden.sum() != 1 or (row > 0).sum() == 1


def test_a_table_too_small_to_protect_shows_no_group(scheme):
    """One unit with twenty answers of one group: nothing to hide beside it, so it is hidden and nothing raised."""
    estimates = made_up_estimates(1)
    counts = np.zeros_like(estimates.n)
    counts[:, 0] = 20
    assert [cell.hidden for cell in group_scores(scheme, replace(estimates, n=counts))] == [True, False, False]
