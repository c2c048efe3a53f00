"""Confidence intervals of proportions, by seven methods.

Source: R's ``svyciprop``; Korn and Graubard (1998), *Confidence intervals for proportions with small expected number
of positive counts estimated from survey data*, Survey Methodology 24 (beta); Wilson (1927) with the effective sample
size; Rao and Scott (1984) for the scaled likelihood.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from surveys.errors import DesignError
from surveys.estimation.intervals import require_level

METHODS = ("logit", "xlogit", "likelihood", "asin", "beta", "mean", "wilson")


def proportion_interval(
    share: float, variance: float, n: int, df: float, method: str = "logit", level: float = 0.95
) -> tuple[float, float]:
    """Lower and upper bound for one estimated proportion.

    Parameters
    ----------
    share : estimate, 0–1. variance : of it, ≥ 0. n : rows of the design (for "beta", "wilson" and "likelihood").
    df : degrees of freedom of the design. method : "logit" and "xlogit" are the same interval on the log odds.

    With a share of 0 or 1, or a variance of 0, nothing is known of the spread: "mean" gives the share twice, every
    other method takes n as the effective sample size where it has one ("beta", "wilson"), else gives NaN. NaN for df
    < 1 or n < 2. "mean" may leave 0–1, as in R.
    """
    require_level(level)
    if method not in METHODS:
        raise DesignError(
            "The interval's method is %(method)r; use one of %(known)s.",
            code="interval-method",
            method=method,
            known=", ".join(METHODS),
        )
    if not (df >= 1 and n >= 2 and np.isfinite(share) and np.isfinite(variance)):
        return float("nan"), float("nan")
    t = special.stdtrit(df, (1 + level) / 2)
    if method == "mean":
        half = t * np.sqrt(max(variance, 0))
        return float(share - half), float(share + half)
    if method in ("beta", "wilson"):
        return _by_effective_size(share, variance, n, t, method, level)
    if not 0 < share < 1 or variance <= 0:
        return float("nan"), float("nan")
    if method == "asin":
        centre, half = np.arcsin(np.sqrt(share)), t * np.sqrt(variance / (4 * share * (1 - share)))
        # Not cut off where the arc passes 0: R does not either, and the sine's square stays within 0 to 1.
        return float(np.sin(centre - half) ** 2), float(np.sin(centre + half) ** 2)
    if method == "likelihood":
        return _by_likelihood(share, variance, n, t)
    centre, half = special.logit(share), t * np.sqrt(variance) / (share * (1 - share))
    return float(special.expit(centre - half)), float(special.expit(centre + half))


def _by_effective_size(share, variance, n, t, method, level) -> tuple[float, float]:
    known = variance > 0 and 0 < share < 1
    size = share * (1 - share) / variance if known else float(n)
    if method == "beta":
        size *= (special.stdtrit(n - 1, (1 + level) / 2) / t) ** 2
        tail = (1 - level) / 2
        low = special.betaincinv(size * share, size * (1 - share) + 1, tail) if share > 0 else 0.0
        high = special.betaincinv(size * share + 1, size * (1 - share), 1 - tail) if share < 1 else 1.0
        return float(low), float(high)
    ratio = t**2 / size
    centre = (share + ratio / 2) / (1 + ratio)
    half = np.sqrt(ratio * share * (1 - share) + ratio**2 / 4) / (1 + ratio)
    return float(centre - half), float(centre + half)


def scaled_deviance(log_odds: float, share: float, variance: float, n: int) -> float:
    """How much worse these log odds fit n rows than the share does: the binomial deviance over the design effect.

    n/(n − 1) is the dispersion of R's quasi-binomial. Source: Rao and Scott (1984).
    """
    deff = variance * n / (share * (1 - share)) * n / (n - 1)
    yes, no = np.log(share) - special.log_expit(log_odds), np.log1p(-share) - special.log_expit(-log_odds)
    return float(2 * n * (share * yes + (1 - share) * no) / deff)


def _by_likelihood(share: float, variance: float, n: int, t: float) -> tuple[float, float]:
    """Where the scaled deviance reaches t²."""

    def beyond(log_odds: float) -> float:
        return scaled_deviance(log_odds, share, variance, n) - t**2

    centre = special.logit(share)
    low = optimize.brentq(beyond, centre - 500, centre, xtol=1e-13)
    high = optimize.brentq(beyond, centre, centre + 500, xtol=1e-13)
    return float(special.expit(low)), float(special.expit(high))
