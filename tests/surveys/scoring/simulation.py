"""Categories of units whose true scores are known, ranked again and again."""

from __future__ import annotations

import numpy as np

from surveys.scoring.ranks import rank_sets

#: of each quantile, which is simulated anew in every round; the product draws 20 000
DRAWS = 1000


def simulate_rank_coverage(
    units: int, gap: float, rounds: int, seed: int, answers: int | None = None, level: float = 0.95
) -> float:
    """The share of rounds in which every true rank lies in its set.

    Scores are normal around true ones that stand ``gap`` points apart, with standard errors from 1.5 to 3 points. Units
    with the same true score have every rank of their tie. answers : of each unit, from which its variance is estimated;
    ``None`` where it is known.
    """
    generator = np.random.default_rng([seed, units, round(10 * gap), answers or 0])
    truth = 70 + gap * np.arange(units)
    first = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    last = units - (truth[None, :] < truth[:, None]).sum(axis=1)
    errors = generator.permutation(np.linspace(1.5, 3, units))
    covered = 0
    for _ in range(rounds):
        variances = errors**2
        if answers is not None:
            variances = variances * generator.chisquare(answers - 1, units) / (answers - 1)
        found = rank_sets(truth + generator.normal(0, errors), variances, generator, level=level, draws=DRAWS)
        covered += bool(((found.low <= first) & (last <= found.high)).all())
    return covered / rounds
