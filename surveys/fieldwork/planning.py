"""Planning a round: how many interviews, over which strata, how many calls, and what change could be seen.

Sources: W. G. Cochran, *Sampling Techniques* (3rd ed., 1977), sections 4.4–4.6 (sample size) and 5.5–5.9 (optimum
allocation); M. D. Bankier, "Power allocations", The American Statistician 42 (1988) 174–177; J. L. Fleiss, *Statistical
Methods for Rates and Proportions* (2nd ed., 1981), section 3.2 (two proportions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from surveys.errors import FieldworkError, Phrase


def sample_size(
    margin: float, deviation: float, *, level: float = 0.95, population: float = math.inf, deff: float = 1.0
) -> float:
    """Completes for a margin of error: n0 = (z s/e)²·deff, n = n0/(1 + n0/N). Not rounded.

    margin : half the width of the interval wanted, in the units of ``deviation`` (points, or shares with s = √(p(1 −
    p))). population : N, ∞ for none; N = 0 gives 0. s = 0 gives 0. Raises ``FieldworkError`` for a margin, deff or
    level that cannot be.
    """
    _positive(Phrase("margin"), margin)
    _positive(Phrase("deff"), deff)
    _not_negative(Phrase("deviation"), deviation)
    _not_negative(Phrase("population"), population)
    n0 = (_z(level) * deviation / margin) ** 2 * deff
    if population == 0:
        return 0.0
    return n0 / (1 + n0 / population)


def margin_of_error(
    n: float, deviation: float, *, level: float = 0.95, population: float = math.inf, deff: float = 1.0
) -> float:
    """Half the width of the interval that n completes promise, by the *planned* deviation: for boards before the close.

    e = z s √(deff (1/n − 1/N)). n = 0 gives ∞, a census 0.
    """
    _not_negative("n", n)
    _positive(Phrase("deff"), deff)
    if n == 0:
        return math.inf
    if population < n:
        raise FieldworkError(
            "%(n)s completes cannot come from a population of %(population)s.",
            code="n-above-population",
            n=n,
            population=population,
        )
    shortfall = max(0.0, 1 / n - 1 / population)
    return _z(level) * deviation * math.sqrt(deff * shortfall)


def cases_needed(completes: float, *, contact: float, cooperation: float, eligibility: float = 1.0) -> float:
    """Cases to release for so many completes: n / (contact × cooperation × eligibility), each a share in (0, 1]."""
    _not_negative(Phrase("completes"), completes)
    for name, share in (
        (Phrase("contact"), contact),
        (Phrase("cooperation"), cooperation),
        (Phrase("eligibility"), eligibility),
    ):
        if not 0 < share <= 1:
            raise FieldworkError(
                "The %(name)s rate is %(share)s; it must lie above 0 and at most at 1.",
                code="rate-range",
                name=name,
                share=share,
            )
    return completes / (contact * cooperation * eligibility)


def calls_needed(cases: float, *, final_per_try: float, max_tries: int) -> float:
    """Calls to expect for so many cases, when each try ends a case with probability p: cases · (1 − (1 − p)^m)/p."""
    _not_negative(Phrase("cases"), cases)
    if not 0 < final_per_try <= 1 or max_tries < 1:
        raise FieldworkError("A try ends a case with a probability in (0, 1], and there is at least one.", code="tries")
    return cases * (1 - (1 - final_per_try) ** max_tries) / final_per_try


def allocate(
    n: float, scores: Sequence[float], *, low: Sequence[float] | float = 0.0, high: Sequence[float] | float = math.inf
) -> np.ndarray:
    """Share n over strata as n_h = clip(c · score_h, low_h, high_h), with the c that makes them sum to n. Not rounded.

    What a bound takes or leaves is shared again among the others. Raises ``FieldworkError`` where the bounds cannot
    hold n, or cross, or a score is negative or not a number.
    """
    scores = np.asarray(scores, float)
    low = np.broadcast_to(np.asarray(low, float), scores.shape)
    high = np.broadcast_to(np.asarray(high, float), scores.shape)
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise FieldworkError("A stratum's share in the allocation is negative or missing.", code="allocation-score")
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        raise FieldworkError(
            "Stratum %(stratum)s has bounds %(low)g and %(high)g; the lower is above the upper one.",
            code="allocation-bounds",
            stratum=int(crossed[0]) + 1,
            low=low[crossed[0]],
            high=high[crossed[0]],
        )
    most = np.where(scores > 0, high, low).sum()
    if not low.sum() <= n <= most:
        raise FieldworkError(
            "A sample of %(n)g does not fit between the bounds %(least)g and %(most)g.",
            code="allocation-size",
            n=n,
            least=low.sum(),
            most=most,
        )
    return np.clip(_scale(n, scores, low, high) * scores, low, high)


def _scale(n: float, scores: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The c with Σ clip(c·score, low, high) = n: that sum rises in straight pieces, broken where a bound is met."""
    used = scores > 0
    ends = np.concatenate([low[used] / scores[used], high[used] / scores[used]])
    breaks = np.unique(np.concatenate([[0.0], ends[np.isfinite(ends)]]))
    totals = np.array([np.clip(c * scores, low, high).sum() for c in breaks])
    at = int(np.searchsorted(totals, n, side="right")) - 1
    if at < 0 or totals[at] == n:
        return float(breaks[max(at, 0)])
    # Which strata still move is read in the middle of the piece, where no rounding of its ends can confuse it.
    middle = (breaks[at] + breaks[at + 1]) / 2 if at + 1 < breaks.size else breaks[at] * 2 + 1.0
    free = used & (middle * scores > low) & (middle * scores < high)
    return float(breaks[at] + (n - totals[at]) / scores[free].sum()) if free.any() else float(breaks[at])


def neyman_allocation(
    n: float,
    sizes: Sequence[float],
    deviations: Sequence[float],
    *,
    costs: Sequence[float] | float = 1.0,
    low: Sequence[float] | float = 0.0,
    high: Sequence[float] | float | None = None,
) -> np.ndarray:
    """n_h ∝ N_h S_h/√cost_h within bounds; the upper one is N_h unless given. Equal costs give Neyman's allocation."""
    sizes, deviations = np.asarray(sizes, float), np.asarray(deviations, float)
    scores = sizes * deviations / np.sqrt(np.asarray(costs, float))
    return allocate(n, scores, low=low, high=sizes if high is None else high)


def power_allocation(
    n: float,
    sizes: Sequence[float],
    deviations: Sequence[float],
    *,
    power: float = 0.5,
    low: Sequence[float] | float = 0.0,
    high: Sequence[float] | float | None = None,
) -> np.ndarray:
    """n_h ∝ N_h^a S_h within bounds, 0 ≤ a ≤ 1: between equal shares (0) and Neyman's (1)."""
    if not 0 <= power <= 1:
        raise FieldworkError(
            "The power of the allocation is %(power)s; it lies between 0 and 1.", code="allocation-power", power=power
        )
    sizes = np.asarray(sizes, float)
    return allocate(n, sizes**power * np.asarray(deviations, float), low=low, high=sizes if high is None else high)


def proportional_allocation(
    n: float,
    sizes: Sequence[float],
    *,
    low: Sequence[float] | float = 0.0,
    high: Sequence[float] | float | None = None,
) -> np.ndarray:
    """n_h ∝ N_h within bounds."""
    return allocate(n, sizes, low=low, high=np.asarray(sizes, float) if high is None else high)


def whole_numbers(allocation: Sequence[float]) -> np.ndarray:
    """An allocation in whole numbers with the same sum: the largest remainders go up, ties to the first stratum."""
    allocation = np.asarray(allocation, float)
    down = np.floor(allocation + 1e-9).astype(int)
    missing = round(float(allocation.sum())) - int(down.sum())
    order = np.argsort(-(allocation - down), kind="stable")
    down[order[:missing]] += 1
    return down


def variance_of_mean(allocation: Sequence[float], sizes: Sequence[float], deviations: Sequence[float]) -> float:
    """Variance of the stratified mean: Σ W_h² S_h²/n_h (1 − n_h/N_h), W_h = N_h/N; ∞ where a stratum gets none."""
    n, sizes, s = (np.asarray(values, float) for values in (allocation, sizes, deviations))
    if ((n == 0) & (sizes > 0) & (s > 0)).any():
        return math.inf
    used = n > 0
    w = sizes[used] / sizes.sum()
    return float((w**2 * s[used] ** 2 / n[used] * (1 - n[used] / sizes[used])).sum())


def power_of_difference(difference: float, std_error: float, *, df: float = math.inf, level: float = 0.95) -> float:
    """Chance that a true difference is found significant (both sides' test, the far tail left out).

    std_error : of the difference, such as √(s₁² + s₂²) for two independent rounds. 0 difference gives (1 − level)/2.
    """
    _positive(Phrase("standard error"), std_error)
    shift, tail = abs(difference) / std_error, (1 + level) / 2
    if math.isinf(df):
        return float(special.ndtr(shift - special.ndtri(tail)))
    return float(1 - special.nctdtr(df, shift, special.stdtrit(df, tail)))


def two_sample_power(n: float, difference: float, deviation: float, *, level: float = 0.95, deff: float = 1.0) -> float:
    """Power of the t test for two independent samples of n completes each, 2(n − 1) degrees of freedom; n > 1."""
    if not n > 1:
        raise FieldworkError("A test of two samples of %(n)s each has no degree of freedom.", code="n-too-small", n=n)
    return power_of_difference(difference, deviation * math.sqrt(2 * deff / n), df=2 * (n - 1), level=level)


def two_sample_size(
    difference: float, deviation: float, *, power: float = 0.8, level: float = 0.95, deff: float = 1.0
) -> float:
    """Completes per round and unit by which a change of ``difference`` is seen with chance ``power``. Not rounded."""
    _positive(Phrase("difference"), abs(difference))
    _positive(Phrase("deviation"), deviation)
    if not (1 - level) / 2 < power < 1:
        raise FieldworkError("A power of %(power)s cannot be planned for.", code="power-range", power=power)

    def shortfall(n: float) -> float:
        return two_sample_power(n, difference, deviation, level=level, deff=deff) - power

    above = 4.0
    while shortfall(above) < 0:
        above *= 2
    return float(optimize.brentq(shortfall, 1 + 1e-9, above, xtol=1e-12, rtol=1e-14))


def two_share_size(
    share1: float, share2: float, *, power: float = 0.8, level: float = 0.95, deff: float = 1.0
) -> float:
    """Completes per sample by which a change from one share to another is seen with chance ``power``. Not rounded.

    n = [z_{α/2} √(2 p̄ q̄) + z_β √(p₁q₁ + p₂q₂)]² / (p₁ − p₂)², Fleiss 3.2 without continuity correction.
    """
    if not (0 <= share1 <= 1 and 0 <= share2 <= 1 and share1 != share2 and 0 < power < 1):
        raise FieldworkError("Give two different shares between 0 and 1 and a power between them.", code="share-range")
    mean = (share1 + share2) / 2
    null = math.sqrt(2 * mean * (1 - mean))
    alternative = math.sqrt(share1 * (1 - share1) + share2 * (1 - share2))
    return deff * ((_z(level) * null + special.ndtri(power) * alternative) / (share1 - share2)) ** 2


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise FieldworkError("The level is %(level)s; it lies between 0 and 1.", code="level", level=level)
    return float(special.ndtri((1 + level) / 2))


def _positive(name: Phrase | str, value: float) -> None:
    if not value > 0:
        raise FieldworkError(
            "The %(name)s is %(value)s; it must be above 0.", code="not-positive", name=name, value=value
        )


def _not_negative(name: Phrase | str, value: float) -> None:
    if not value >= 0:
        raise FieldworkError(
            "The %(name)s is %(value)s; it cannot be negative.", code="negative", name=name, value=value
        )
