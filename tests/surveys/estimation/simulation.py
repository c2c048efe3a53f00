"""Rounds of a unit drawn again and again from a population whose mean is known."""

from __future__ import annotations

import numpy as np

from surveys.estimation import Sample, estimate_means, sums_from_rows

#: points in hundredths of the five answers, and how often each is given in the two strata of the population
SCALE = np.array([10000, 8000, 6000, 3000, 0])
SHARES = np.array([[0.35, 0.35, 0.18, 0.07, 0.05], [0.15, 0.3, 0.3, 0.15, 0.1]])
POPULATION = np.array([3000, 2000])


def make_population(seed: int) -> list[np.ndarray]:
    """The answers of everybody, by stratum; their mean is the truth."""
    rng = np.random.default_rng(seed)
    return [rng.choice(SCALE, size, p=shares) for size, shares in zip(POPULATION, SHARES, strict=True)]


def simulate_coverage(n: int, rounds: int, seed: int, level: float = 0.95) -> float:
    """The share of rounds, each of n answers, half from either stratum, whose interval holds the population's mean.

    Strata are drawn without replacement; every round is a domain with two strata of its own, so that one call
    estimates all.
    """
    rng = np.random.default_rng([seed, 1])  # a stream of its own: the population has used the seed's
    population = make_population(seed)
    truth = np.concatenate(population).mean() / 100
    sizes = np.array([n // 2, n - n // 2])
    answers, stratum, domain, cell = [], [], [], []
    for h, (people, size) in enumerate(zip(population, sizes, strict=True)):
        drawn = [rng.choice(len(people), size, replace=False) for _ in range(rounds)]
        answers.append(people[np.concatenate(drawn)])
        number = np.repeat(np.arange(rounds), size)
        stratum.append(2 * number + h)
        domain.append(number)
        cell.append(np.full(len(number), h))
    points = np.concatenate(answers)[:, None]
    sums = sums_from_rows(*map(np.concatenate, (stratum, domain, cell)), points, np.ones(points.shape, bool))
    sample = Sample(np.tile(sizes, rounds), np.tile(POPULATION, rounds).astype(float), POPULATION / sizes)
    limits = estimate_means(sums, sample).intervals(level)[:, 0]
    return float(((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean())
