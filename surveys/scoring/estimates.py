"""What scoring takes from estimation, and the published numbers that every further figure of a round follows from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from surveys.errors import ScoringError
from surveys.scoring.composites import Composite, composite, score_covariance
from surveys.scoring.figures import rounded
from surveys.scoring.hotline import NO_ORDERS, HotlineCounts
from surveys.scoring.schemes import Scheme


@dataclass(frozen=True)
class ScoredUnit:
    """A unit as the round knows it."""

    code: str
    category: str
    is_key: bool


class MeansByDomain(Protocol):
    """What estimation returns: ``surveys.estimation.DomainMeans``."""

    means: np.ndarray
    n: np.ndarray
    df: np.ndarray
    blocks: Mapping[tuple[int, int], np.ndarray]

    def covariance(self, d: int, e: int) -> np.ndarray:
        """(J, J) covariance of the means of two domains."""


@dataclass(frozen=True)
class RoundEstimates:
    """Estimates of a round over unit × group, in the order of the units and of the scheme's groups and indicators.

    Attributes
    ----------
    means : (U, G, J) weighted means, points 0–100; NaN where there is no answer.
    covariance : (U, G, J, G, J) within units, where units have strata of their own; or (U, G, J, U, G, J) with the
        covariance between units too. NaN where it cannot be estimated.
    n : (U, G, J) answers behind each mean. df : (U,) degrees of freedom. completes : (U,) scored interviews.
    dont_know : (U, J) interviews in which the indicator was presented and answered with "don't know".
    satisfied : (U, J) weighted share of the satisfied, 0–1, or ``None`` where it is not reported.
    """

    units: tuple[ScoredUnit, ...]
    means: np.ndarray
    covariance: np.ndarray
    n: np.ndarray
    df: np.ndarray
    completes: np.ndarray
    dont_know: np.ndarray
    satisfied: np.ndarray | None = None

    @classmethod
    def from_domains(
        cls,
        units: Sequence[ScoredUnit],
        groups: Sequence[str],
        domains: Sequence[tuple[str, str]],
        means: np.ndarray,
        covariance: np.ndarray | Callable[[int, int], np.ndarray],
        n: np.ndarray,
        *,
        df: np.ndarray,
        completes: np.ndarray,
        dont_know: np.ndarray,
        satisfied: np.ndarray | None = None,
    ) -> RoundEstimates:
        """Put estimates of D domains, each a (unit, group), into the shape of the round.

        means, n : (D, J). covariance : (D, J, D, J), or a function of two domains of one unit → (J, J) where units are
        independent. A unit × group that is no domain has no answer.
        Raises ``ScoringError`` for a domain whose unit or group is not in the round.
        """
        row = {(unit.code, group): (u, g) for u, unit in enumerate(units) for g, group in enumerate(groups)}
        for domain in domains:
            if tuple(domain) not in row:
                raise ScoringError(
                    "The domain %(domain)r is not a unit and group of this round.",
                    code="domain-unknown",
                    domain=domain,
                )
        place = [row[tuple(domain)] for domain in domains]
        indicators = np.shape(means)[1]
        shape = (len(units), len(groups), indicators)
        all_means, all_n = np.full(shape, np.nan), np.zeros(shape, int)
        blocks = np.full(shape + shape[1:], np.nan)
        for d, (u, g) in enumerate(place):
            all_means[u, g], all_n[u, g] = means[d], n[d]
            for e, (v, h) in enumerate(place):
                if u == v:
                    blocks[u, g, :, h, :] = covariance(d, e) if callable(covariance) else covariance[d, :, e, :]
        if not callable(covariance) and _has_covariance_between(place, covariance):
            blocks = _full_covariance(shape, place, covariance)
        return cls(tuple(units), all_means, blocks, all_n, df, completes, dont_know, satisfied)

    @classmethod
    def from_means(
        cls,
        units: Sequence[ScoredUnit],
        groups: Sequence[str],
        domains: Sequence[tuple[str, str]],
        found: MeansByDomain,
        *,
        completes: np.ndarray,
        dont_know: np.ndarray,
        satisfied: np.ndarray | None = None,
        df: np.ndarray | None = None,
    ) -> RoundEstimates:
        """Take the estimated means of D domains, each a (unit, group), with the covariance of those that share strata.

        df : (U,) degrees of freedom of the units; unless given the sum over a unit's groups, which is right where
        groups have strata of their own. The covariance between units is kept only where some units share a stratum.
        Raises as ``from_domains``, and where groups of a unit share strata and ``df`` is not given.
        """
        pairs = [(d, e) for d, e in found.blocks if d != e]
        within = [(d, e) for d, e in pairs if domains[d][0] == domains[e][0]]
        apart = any(np.any(found.blocks[d, e]) for d, e in pairs if domains[d][0] != domains[e][0])
        if df is None:
            df = _df_of_units(units, domains, found.df, within)
        everything = range(len(domains))
        return cls.from_domains(
            units,
            groups,
            domains,
            found.means,
            np.stack([np.stack([found.covariance(d, e) for e in everything], 1) for d in everything])
            if apart
            else found.covariance,
            found.n,
            df=df,
            completes=completes,
            dont_know=dont_know,
            satisfied=satisfied,
        )

    @property
    def between_units(self) -> bool:
        """Whether covariance between units is given."""
        return np.ndim(self.covariance) == 6

    def block(self, unit: int) -> np.ndarray:
        """(G, J, G, J) covariance of one unit's cells."""
        return self.covariance[unit, :, :, unit] if self.between_units else self.covariance[unit]


@dataclass(frozen=True)
class IndicatorInput:
    """Published facts about one indicator of a unit."""

    mean: Decimal | None
    std_error: Decimal | None
    n: int
    dont_know: int
    satisfied_share: Decimal | None


@dataclass(frozen=True)
class UnitInput:
    """Published facts about one unit: all its further figures follow from these and the scheme."""

    unit: ScoredUnit
    completes: int
    indicators: Mapping[str, IndicatorInput]
    survey_std_error: Decimal | None
    df: int
    hotline: HotlineCounts
    notes: tuple[str, ...]


def unit_inputs(
    scheme: Scheme, estimates: RoundEstimates, hotline: Mapping[str, HotlineCounts]
) -> tuple[list[UnitInput], np.ndarray | None]:
    """Round estimates to what is published of them.

    Returns the inputs per unit, and the (U, U) covariance of the survey scores where units share some (else ``None``).
    Raises ``ScoringError`` where hotline orders or a unit's code do not belong to the round.
    """
    _check(estimates, hotline)
    parts = [
        composite(scheme, estimates.means[u], estimates.block(u), estimates.n[u]) for u in range(len(estimates.units))
    ]
    inputs = [_unit_input(scheme, estimates, u, part, hotline) for u, part in enumerate(parts)]
    if not estimates.between_units:
        return inputs, None
    return inputs, score_covariance(np.stack([part.coefficients for part in parts]), estimates.covariance)


def _unit_input(
    scheme: Scheme, estimates: RoundEstimates, u: int, part: Composite, hotline: Mapping[str, HotlineCounts]
) -> UnitInput:
    unit = estimates.units[u]
    df = estimates.df[u]
    whole_df = int(df) if np.isfinite(df) and df >= 1 else 0
    error = _std_error(part.variance, whole_df, scheme.rounding.errors)
    notes = [f"missing-group:{group}" for group in part.missing_groups]
    notes += [f"missing-indicator:{code}" for code in part.missing_indicators]
    notes += [f"missing-cell:{group}:{code}" for group, code in part.missing_cells]
    if part.score is not None and error is None:
        notes.append("no-error")
    return UnitInput(
        unit=unit,
        completes=int(estimates.completes[u]),
        indicators={
            code: IndicatorInput(
                mean=part.indicators[code],
                std_error=_std_error(part.indicator_variances[j], whole_df, scheme.rounding.errors),
                n=int(estimates.n[u, :, j].sum()),
                dont_know=int(estimates.dont_know[u, j]),
                satisfied_share=None
                if estimates.satisfied is None
                else rounded(float(estimates.satisfied[u, j]), scheme.rounding.shares),
            )
            for j, code in enumerate(scheme.indicator_codes)
        },
        survey_std_error=error,
        df=whole_df,
        hotline=hotline.get(unit.code, NO_ORDERS),
        notes=tuple(notes),
    )


def _std_error(variance: float, df: int, places: int) -> Decimal | None:
    """No standard error without a degree of freedom: an estimate from one answer is not a certain one."""
    if df < 1 or not np.isfinite(variance) or variance < 0:
        return None
    return rounded(float(np.sqrt(variance)), places)


def _check(estimates: RoundEstimates, hotline: Mapping[str, HotlineCounts]) -> None:
    codes = [unit.code for unit in estimates.units]
    if len(set(codes)) < len(codes):
        raise ScoringError("A unit stands twice among the estimates.", code="unit-twice")
    for code in hotline:
        if code not in codes:
            raise ScoringError(
                "The hotline orders name %(unit)r, which is not a unit of this round.", code="hotline-unit", unit=code
            )


def _df_of_units(
    units: Sequence[ScoredUnit],
    domains: Sequence[tuple[str, str]],
    df: np.ndarray,
    within: Sequence[tuple[int, int]],
) -> np.ndarray:
    if within:
        raise ScoringError(
            "The groups of unit %(unit)r share strata; give each unit's degrees of freedom.",
            code="df-shared",
            unit=domains[within[0][0]][0],
        )
    return np.array([sum(df[d] for d, (code, _) in enumerate(domains) if code == unit.code) for unit in units])


def _has_covariance_between(place: Sequence[tuple[int, int]], covariance: np.ndarray) -> bool:
    units = np.array([u for u, _ in place])
    apart = units[:, None] != units[None, :]
    return bool(np.nan_to_num(covariance).any(axis=(1, 3))[apart].any())


def _full_covariance(
    shape: tuple[int, int, int], place: Sequence[tuple[int, int]], covariance: np.ndarray
) -> np.ndarray:
    full = np.full(shape + shape, np.nan)
    for d, (u, g) in enumerate(place):
        for e, (v, h) in enumerate(place):
            full[u, g, :, v, h, :] = covariance[d, :, e, :]
    return full
