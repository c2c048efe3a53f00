"""Which interviewers' interviews differ from the others', and how much of the variance is the interviewers'.

Everything is computed from sums over interviews, so that no single answer has to be kept with the name of who took it.

Sources: R. D. Cook, S. Weisberg, *Residuals and Influence in Regression* (1982), 2.2 (standardised residuals); B. L. Welch 1947,
*Biometrika* 34, 28-35 (means of two groups); P. E. Shrout, J. L. Fleiss 1979, *Psychological Bulletin* 86, 420-428 (intraclass
correlation and its interval); P. S. R. S. Rao, *Variance Components Estimation* (1997), 2 (unequal groups); L. Kish 1962, *Journal of
the American Statistical Association* 57, 92-115 (interviewers' design effect).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy import special

from surveys.errors import FieldworkError


@dataclass(frozen=True)
class Sums:
    """What is kept of a measure over some interviews: how many, their sum, and the sum of their squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def over(cls, values: Iterable[float]) -> Sums:
        """The sums over values, one per interview."""
        kept = list(values)
        return cls(len(kept), math.fsum(kept), math.fsum(value * value for value in kept))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.count - other.count, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> float:
        """The mean; NaN of nothing."""
        return self.total / self.count if self.count else math.nan

    @property
    def about_mean(self) -> float:
        """The sum of squares about the mean, never below 0; 0 of nothing."""
        return max(0.0, self.squares - self.total * self.total / self.count) if self.count else 0.0

    @property
    def variance(self) -> float:
        """The variance with divisor n − 1; NaN of fewer than two."""
        return self.about_mean / (self.count - 1) if self.count > 1 else math.nan

    @property
    def mean_error(self) -> float:
        """The standard error of the mean, s/√n; NaN of fewer than two."""
        return math.sqrt(self.variance / self.count) if self.count > 1 else math.nan


@dataclass(frozen=True)
class Comparison:
    """One interviewer's mean beside that of all the others.

    error : standard error of the difference ``mean − others``. statistic : the difference over it, NaN where there is none to
    compute. conspicuous : whether it is larger than chance makes the largest of so many.
    """

    count: int
    mean: float
    others: float
    error: float
    statistic: float
    conspicuous: bool


@dataclass(frozen=True)
class Intraclass:
    """The share of variance that lies between interviewers.

    correlation : ρ, may be negative. low, high : its interval at the level asked for. statistic, p_value : F test of ρ = 0.
    design_effect : 1 + (m − 1)·max(0, ρ), by which interviewers multiply the variance of a mean. workload : m, interviews per
    interviewer.
    """

    interviewers: int
    workload: float
    correlation: float
    low: float
    high: float
    statistic: float
    p_value: float
    design_effect: float


def pooled_deviation(strata: Iterable[Sums]) -> float:
    """The standard deviation within strata, s = √(Σ SS_h / Σ(n_h − 1)); NaN where no stratum has two interviews."""
    kept = list(strata)
    freedom = sum(sums.count - 1 for sums in kept if sums.count > 1)
    return math.sqrt(math.fsum(sums.about_mean for sums in kept) / freedom) if freedom else math.nan


def standardized_residual(score: float, stratum: Sums, deviation: float) -> float | None:
    """How far a score lies from its stratum's mean: z = (y − ȳ_h) / (s √(1 − 1/n_h)).

    score : of an interview that is among those summed in ``stratum``. deviation : s by `pooled_deviation`. ``None`` where the
    stratum has fewer than two interviews or nothing varies. An interviewer who alone works a stratum has a mean of 0 there:
    what people say and who asked them cannot be told apart.
    """
    if stratum.count < 2 or not deviation > 0:
        return None
    return (score - stratum.mean) / (deviation * math.sqrt(1 - 1 / stratum.count))


def is_straight_line(values: Sequence[str], *, least: int) -> bool:
    """Whether ``least`` questions or more on one scale were all answered the same."""
    return len(values) >= least and len(set(values)) == 1


def compare_each(sums: Sequence[Sums], *, level: float = 0.95) -> list[Comparison]:
    """Each interviewer's mean against that of all others together, by Welch's t with its degrees of freedom.

    sums : of one measure, one per interviewer. level : how often, if all were alike, nobody at all is called conspicuous; what is
    left of 1 is shared out among the interviewers (Bonferroni). Nobody is where there is one interviewer only, or fewer than two
    interviews on a side; where neither side varies at all, any difference is.

    Raises ``FieldworkError`` for a level outside (0, 1).
    """
    _require_level(level)
    alone = (1 - level) / max(1, len(sums))
    return [_compare(own, _all_but(sums, place), alone) for place, own in enumerate(sums)]


def _all_but(sums: Sequence[Sums], place: int) -> Sums:
    # Added up anew, since a difference of large sums would lose what few interviews say.
    return sum((other for here, other in enumerate(sums) if here != place), Sums())


def _compare(own: Sums, others: Sums, error_rate: float) -> Comparison:
    if own.count < 2 or others.count < 2:
        return Comparison(own.count, own.mean, others.mean, math.nan, math.nan, False)
    parts = own.variance / own.count, others.variance / others.count
    error, difference = math.sqrt(sum(parts)), own.mean - others.mean
    if error == 0:
        same = math.isclose(own.mean, others.mean, abs_tol=1e-12)
        statistic = 0.0 if same else math.copysign(math.inf, difference)
        return Comparison(own.count, own.mean, others.mean, 0.0, statistic, not same)
    shares = parts[0] / sum(parts), parts[1] / sum(parts)
    freedom = 1 / (shares[0] ** 2 / (own.count - 1) + shares[1] ** 2 / (others.count - 1))
    statistic = difference / error
    conspicuous = bool(2 * special.stdtr(freedom, -abs(statistic)) < error_rate)
    return Comparison(own.count, own.mean, others.mean, error, statistic, conspicuous)


def intraclass_correlation(sums: Sequence[Sums], *, level: float = 0.95) -> Intraclass | None:
    """The correlation of two interviews of one interviewer, by one-way analysis of variance.

    ρ = (MSB − MSW) / (MSB + (m₀ − 1) MSW) with m₀ = (N − Σn_k²/N)/(K − 1). The interval is Shrout and Fleiss', exact where all
    interviewers took equally many and residuals are normal, otherwise with m₀ in the place of m.

    sums : of one measure (mean z: what is left after the strata), one per interviewer; those without interviews are left out.
    ``None`` where there are fewer than two interviewers, no interviewer with two interviews, or nothing varies.

    Raises ``FieldworkError`` for a level outside (0, 1).
    """
    _require_level(level)
    groups = [one for one in sums if one.count]
    number, interviews = len(groups), sum(one.count for one in groups)
    if number < 2 or interviews <= number:
        return None
    mean = math.fsum(one.total for one in groups) / interviews
    between = math.fsum(one.count * (one.mean - mean) ** 2 for one in groups) / (number - 1)
    within = math.fsum(one.about_mean for one in groups) / (interviews - number)
    if between == within == 0:
        return None
    size = (interviews - sum(one.count**2 for one in groups) / interviews) / (number - 1)
    statistic = between / within if within > 0 else math.inf
    freedom = number - 1, interviews - number
    tail = (1 - level) / 2
    correlation = _correlation(statistic, size)
    workload = interviews / number
    return Intraclass(
        interviewers=number,
        workload=workload,
        correlation=correlation,
        low=_correlation(statistic / float(special.fdtri(*freedom, 1 - tail)), size),
        high=_correlation(statistic / float(special.fdtri(*freedom, tail)), size),
        statistic=statistic,
        p_value=float(special.fdtrc(*freedom, statistic)),
        design_effect=1 + (workload - 1) * max(0.0, correlation),
    )


def _correlation(ratio: float, size: float) -> float:
    """ρ of a ratio of mean squares; 1 of an infinite one."""
    return 1.0 if math.isinf(ratio) else (ratio - 1) / (ratio + size - 1)


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise FieldworkError(
            "A level of %(level)s is no confidence level; give one between 0 and 1.", code="bad_level", level=level
        )
