"""How fieldwork will go on: when completes enough have come, when the released cases are worked out, how precise a unit will be.

Everything follows from outcomes, hours and the plan, never from answers. Sources: D. R. Cox, "Some simple approximate tests for Poisson
variates", Biometrika 40 (1953) 354–360; G. J. Hahn and W. Q. Meeker, *Statistical Intervals* (1991), 6.3 and 7.7 (prediction of a binomial
and of a Poisson count); L. Kish, *Survey Sampling* (1965), 11.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy import special

from surveys.errors import FieldworkError
from surveys.fieldwork.calling_hours import Opening
from surveys.fieldwork.quotas import ReleaseRule, ReplicateProgress, expected_completes, expected_response_share

HOUR = timedelta(hours=1)
#: of every ten forecasts about eight should hold
LEVEL = 0.8


@dataclass(frozen=True)
class Range:
    """What is to be expected: the middle, and the bounds between which it lies at the level asked for."""

    low: float
    middle: float
    high: float


def forecast_hours(missing: int, events: int, hours: float, *, level: float = LEVEL) -> Range | None:
    """Calling hours until ``missing`` more events, from ``events`` in the last ``hours`` calling hours; the middle is the median.

    Events come as a Poisson process of unknown rate. With x of them in h hours, h/(x + ½) · m · F(2m, 2x + 1) is when m more have come
    (Cox 1953; the Gamma(x + ½, h) of Jeffreys' prior gives the same). 0 missing: 0 hours. ``None`` without any event or hour: there is
    no pace to go by. Raises ``FieldworkError`` for negative counts, hours or a level that is none.
    """
    if missing < 0 or events < 0 or hours < 0 or not 0 < level < 1:
        raise FieldworkError(
            "A forecast needs counts and hours of 0 or more, and a level between 0 and 1.", code="forecast"
        )
    if missing == 0:
        return Range(0.0, 0.0, 0.0)
    if events == 0 or hours == 0:
        return None
    scale = hours * missing / (events + 0.5)
    shares = (1 - level) / 2, 0.5, (1 + level) / 2
    return Range(*(float(scale * special.fdtri(2 * missing, 2 * events + 1, share)) for share in shares))


def forecast_completes(released: Sequence[ReplicateProgress], rule: ReleaseRule, *, level: float = LEVEL) -> Range:
    """Completes of a unit once its released cases are worked out: so far, and those of the open ones; the middle is the mean.

    Of m open cases beta-binomially many complete: x + k·p of n + k, the planned share p weighing like k cases, as for releases. Nothing
    released gives 0, no open case what there is.
    """
    completes = sum(part.completes for part in released)
    final = sum(part.final for part in released)
    still_open = sum(part.cases for part in released) - final
    share = expected_response_share(released, rule)
    if not still_open or share in (0, 1):
        sure = completes + still_open * share
        return Range(sure, sure, sure)
    weight = final + rule.prior_cases
    low, high = _beta_binomial_bounds(still_open, share * weight, (1 - share) * weight, level)
    return Range(completes + low, expected_completes(released, rule), completes + high)


def _beta_binomial_bounds(cases: int, a: float, b: float, level: float) -> tuple[float, float]:
    k = np.arange(cases + 1)
    log_choose = -np.log(cases + 1) - special.betaln(cases - k + 1, k + 1)
    below = np.cumsum(np.exp(log_choose + special.betaln(k + a, cases - k + b) - special.betaln(a, b)))
    low, high = np.searchsorted(below, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(min(high, cases))


def allocation_deff(shares: Sequence[float], sizes: Sequence[int]) -> float:
    """The design effect that an allocation promises before anybody answers: 1 + cv²(w) = n Σ W_h²/n_h / (ΣW_h)², w_h = W_h/n_h.

    shares : W_h, what each stratum counts in the estimate, in any unit. sizes : n_h. Strata without a case are left out; with none left
    it is 1. In proportion it is 1, and never less.
    """
    strata = [(share, size) for share, size in zip(shares, sizes, strict=True) if size > 0]
    whole = sum(share for share, _ in strata)
    if not whole > 0:
        return 1.0
    return sum(size for _, size in strata) * sum(share**2 / size for share, size in strata) / whole**2


def total_hours(openings: Iterable[Opening]) -> float:
    """How many hours the stretches last in which calls may ring."""
    return sum(((opening.end - opening.start) / HOUR for opening in openings), 0.0)


def moment_after(openings: Iterable[Opening], needed: float) -> datetime | None:
    """When ``needed`` calling hours of the stretches have passed; ``None`` where they are not so many, or there is none."""
    left = needed * HOUR
    for opening in openings:
        if left <= opening.end - opening.start:
            return opening.start + left
        left -= opening.end - opening.start
    return None


def moment_before(openings: Sequence[Opening], wanted: float) -> datetime | None:
    """The moment from which on the stretches hold ``wanted`` calling hours: the beginning where they are fewer, ``None`` without any."""
    left = wanted * HOUR
    for opening in reversed(openings):
        if left <= opening.end - opening.start:
            return opening.end - left
        left -= opening.end - opening.start
    return openings[0].start if openings else None
