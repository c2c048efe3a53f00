"""How R 4.2 reads an interval off a profile of the likelihood: MASS's profile, stats::spline and stats::approx."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

STEPS, MOST_STEPS, POINTS_EACH = 5, 10, 3


def read_likelihood_interval(
    deviance: Callable[[float, float, float, int], float],
    yes: np.ndarray,
    weights: np.ndarray,
    variance: float,
    df: float,
) -> np.ndarray:
    """The 95 % interval of a share as R's ``confint.svyglm(method="likelihood")`` finds it from the likelihood given.

    yes : (n,) 0 or 1. weights : (n,). deviance : of log odds, share, its variance and n, over the design effect.
    """
    n, share = len(yes), float(np.average(yes, weights=weights))
    odds = share * (1 - share)
    cutoff = special.stdtrit(df, 0.975) * np.sqrt(variance / odds**2 * fit_information(yes, weights / weights.mean()))
    beyond = np.sqrt(special.fdtri(1, n - 1, 1 - special.ndtr(-cutoff) / 2))
    step = beyond / STEPS * np.sqrt(variance) / odds
    centre = special.logit(share)
    points = [(0.0, centre)]
    for side in (-1, 1):
        for count in range(1, MOST_STEPS):
            at = centre + side * count * step
            # R counts in deviances of its quasi-binomial; given is that over the design effect.
            points.append((side * np.sqrt(variance * n / odds * deviance(at, share, variance, n)), at))
            if abs(points[-1][0]) >= beyond:
                break
    z, at = np.array(sorted(points)).T
    finer = np.linspace(at[0], at[-1], POINTS_EACH * len(at))
    return special.expit(np.interp([-cutoff, cutoff], spline(at, z, finer), finer))


def fit_information(yes: np.ndarray, weights: np.ndarray) -> float:
    """What R's ``glm`` holds for n p (1 − p): the sum of the weights of its last iteration, one step before its estimate."""
    share, last = (weights * yes + 0.5) / (weights + 1), np.inf
    while True:
        working = weights * share * (1 - share)
        log_odds = np.average(special.logit(share) + (yes - share) / (share * (1 - share)), weights=working)
        share = np.full(len(yes), special.expit(log_odds))
        deviance = -2 * np.sum(weights * (special.xlogy(yes, share) + special.xlog1py(1 - yes, -share)))
        if abs(deviance - last) / (abs(deviance) + 0.1) < 1e-8:
            return float(working.sum())
        last = deviance


def spline(x: np.ndarray, y: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The cubic spline whose third derivative at either end is that of the cubic through the last four points.

    Source: Forsythe, Malcolm and Moler (1977), Computer Methods for Mathematical Computations, ch. 4; R's method "fmm".
    """
    wide, slope = np.diff(x), np.diff(y) / np.diff(x)
    size = len(x)
    system, right = np.zeros((size, size)), np.zeros(size)
    for row in range(1, size - 1):
        system[row, row - 1 : row + 2] = wide[row - 1], 2 * (wide[row - 1] + wide[row]), wide[row]
        right[row] = slope[row] - slope[row - 1]
    system[0, :2], system[-1, -2:] = (-wide[0], wide[0]), (wide[-1], -wide[-1])
    right[0] = wide[0] ** 2 * (right[2] / (x[3] - x[1]) - right[1] / (x[2] - x[0])) / (x[3] - x[0])
    right[-1] = -(wide[-1] ** 2) * (right[-2] / (x[-1] - x[-3]) - right[-3] / (x[-2] - x[-4])) / (x[-1] - x[-4])
    bend = np.linalg.solve(system, right)
    piece = np.clip(np.searchsorted(x, where, side="right") - 1, 0, size - 2)
    t = where - x[piece]
    first = slope - wide * (bend[1:] + 2 * bend[:-1])
    third = np.diff(bend) / wide
    return y[piece] + t * (first[piece] + t * (3 * bend[piece] + t * third[piece]))
