"""A round's scores: one pure function from estimates, hotline counts, scheme and seed to every figure of the table.

It works in two steps. ``unit_inputs`` rounds the estimates to what is published of them; ``derive`` computes everything
else from those published numbers alone. So whoever has the published table can run the second step again and must get
the same bytes; only the simulated quantiles of the rank sets are taken as stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from scipy import special

from surveys.scoring.annual import grade_of, round_score
from surveys.scoring.breakdowns import GroupScore, group_scores
from surveys.scoring.composites import survey_score
from surveys.scoring.estimates import RoundEstimates, UnitInput, unit_inputs
from surveys.scoring.figures import MEAN_PLACES, rounded
from surveys.scoring.gates import may_tell_orders
from surveys.scoring.hotline import RATES, HotlineCounts, HotlineScore, category_rates, hotline_score
from surveys.scoring.schemes import Scheme
from surveys.scoring.standings import RANK_DRAWS, CategoryStandings, Standing, compare_category


@dataclass(frozen=True)
class UnitScore:
    """One row of the score table. Scores 0–100, shares 0–1; ``None`` where there is none or it may not be given.

    n : smallest number of answers to an indicator that enters the score (the n of the gates). survey_low, survey_high :
    the interval of the survey score. score : the round's, of survey and hotline. grade : of ``score``, where every gate
    is passed.
    """

    inputs: UnitInput
    n: int
    awareness_share: Decimal | None
    survey_score: Decimal | None
    survey_low: Decimal | None
    survey_high: Decimal | None
    hotline: HotlineScore
    score: Decimal | None
    grade: str | None
    standing: Standing
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CategoryScores:
    """What the units of a category share; unit codes instead of positions.

    covariance : of the survey scores of ``ranked``, six decimals, where units share some; else ``None``.
    """

    category: str
    hotline_rates: Mapping[str, Decimal | None]
    compared: tuple[str, ...]
    ranked: tuple[str, ...]
    worst_set: tuple[str, ...]
    target: Decimal | None
    phi: Decimal | None
    tau2: Decimal | None
    critical_values: tuple[Decimal, ...]
    covariance: tuple[tuple[Decimal, ...], ...] | None


@dataclass(frozen=True)
class RoundScores:
    """All figures of a round, in the order of its units and of the first unit of each category.

    groups : each unit's score within each evaluator group, unit by unit; empty where the round was derived from a table.
    """

    scheme: Scheme
    units: tuple[UnitScore, ...]
    categories: tuple[CategoryScores, ...]
    groups: tuple[GroupScore, ...] = ()

    def of(self, unit: str) -> UnitScore:
        """The row of a unit. Raises ``KeyError`` for a unit that is not in the round."""
        return {row.inputs.unit.code: row for row in self.units}[unit]


def score_round(
    scheme: Scheme,
    estimates: RoundEstimates,
    hotline: Mapping[str, HotlineCounts],
    seed: str,
    *,
    draws: int = RANK_DRAWS,
) -> RoundScores:
    """Score a round: the same arguments give the same figures on every machine.

    seed : the round's, as text; each category's quantiles are drawn once from it. Units of a category without any
    hotline order are scored by the survey alone, units without survey answers by nothing: their notes say so.
    """
    inputs, covariance = unit_inputs(scheme, estimates, hotline)
    rates = {category: _shared_rates(scheme, inputs, category) for category in _categories(inputs)}
    scores = derive(scheme, inputs, rates, covariance=covariance, seed=seed, draws=draws)
    return replace(scores, groups=tuple(group_scores(scheme, estimates)))


def derive(
    scheme: Scheme,
    inputs: Sequence[UnitInput],
    hotline_rates: Mapping[str, Mapping[str, Decimal | None]],
    *,
    covariance: np.ndarray | None = None,
    seed: str = "",
    draws: int = RANK_DRAWS,
    critical_values: Mapping[str, Sequence[Decimal]] | None = None,
    hotline: Mapping[str, HotlineScore] | None = None,
) -> RoundScores:
    """Compute every figure of a round from its published numbers.

    hotline_rates : category → rate → r. covariance : (U, U) of the survey scores where units share some.
    critical_values : category → stored quantiles; with them nothing is drawn. hotline : unit → hotline result where its
    counts are too small to be published.
    """
    rows: dict[str, UnitScore] = {}
    categories = []
    for category in _categories(inputs):
        at = [k for k, entry in enumerate(inputs) if entry.unit.category == category]
        members = [inputs[k] for k in at]
        surveys = [survey_score(scheme, _means(entry)) for entry in members]
        shared = None if covariance is None else _published(covariance[np.ix_(at, at)])
        standings = compare_category(
            scheme,
            surveys,
            [entry.survey_std_error for entry in members],
            [smallest_n(scheme, entry) for entry in members],
            _generator(seed, category),
            covariance=shared,
            critical_values=None if critical_values is None else critical_values[category],
            draws=draws,
        )
        for entry, survey, standing in zip(members, surveys, standings.standings, strict=True):
            given = (hotline or {}).get(entry.unit.code)
            result = given or hotline_score(
                entry.hotline, hotline_rates[category], scheme.hotline, scheme.rounding.scores
            )
            borrowed = given is None and entry.hotline.orders == 0
            rows[entry.unit.code] = _row(scheme, entry, survey, result, standing, borrowed)
        categories.append(_shared(category, members, hotline_rates[category], standings, shared))
    return RoundScores(scheme, tuple(rows[entry.unit.code] for entry in inputs), tuple(categories))


def _shared_rates(scheme: Scheme, inputs: Sequence[UnitInput], category: str) -> dict[str, Decimal | None]:
    """The rates of a category over the units whose counts are told, so that they give no other unit's counts away.

    Where no unit's counts are told they are those of all, and are not published (``public_figures``).
    """
    members = [entry for entry in inputs if entry.unit.category == category]
    told = [entry for entry in members if _tells_orders(scheme, entry)]
    return category_rates(entry.hotline for entry in told or members)


def _tells_orders(scheme: Scheme, entry: UnitInput) -> bool:
    """Whether the unit's score is shown, as ``compare_category`` decides it, and its counts of orders with it."""
    compared = bool(entry.survey_std_error) and smallest_n(scheme, entry) >= scheme.gates.internal_below
    return compared and may_tell_orders(scheme.gates, (entry.hotline.of(rate)[1] for rate in RATES))


def smallest_n(scheme: Scheme, entry: UnitInput) -> int:
    """The smallest number of answers to an indicator that enters a unit's score; 0 where none does.

    An indicator that nobody answered does not enter: its weight is with the others, and the notes say so.
    """
    used = [entry.indicators[part.code] for part in scheme.indicators if part.is_scored]
    return min((part.n for part in used if part.mean is not None), default=0)


def _row(
    scheme: Scheme, entry: UnitInput, survey: Decimal | None, hotline: HotlineScore, standing: Standing, borrowed: bool
) -> UnitScore:
    joined = round_score(scheme, survey, hotline.score)
    # A round is an evaluation by the people served: without a survey score the hotline alone does not make one.
    score = None if survey is None else joined.score
    low, high = _interval(scheme, survey, entry)
    notes = list(entry.notes)
    notes += ["no-survey"] if survey is None else []
    notes += ["no-hotline"] if hotline.score is None and scheme.hotline_weight > 0 else []
    notes += [f"missing-rate:{rate}" for rate in hotline.missing] if hotline.score is not None else []
    notes += ["hotline-of-category"] if hotline.score is not None and borrowed else []
    return UnitScore(
        inputs=entry,
        n=smallest_n(scheme, entry),
        awareness_share=_awareness(scheme, entry),
        survey_score=survey,
        survey_low=low,
        survey_high=high,
        hotline=hotline,
        score=score,
        grade=grade_of(scheme.grades, score) if standing.visibility == "full" else None,
        standing=standing,
        notes=tuple(notes),
    )


def _interval(scheme: Scheme, survey: Decimal | None, entry: UnitInput) -> tuple[Decimal | None, Decimal | None]:
    """Score ± t·s, the margin rounded first, within the range of points."""
    if survey is None or entry.survey_std_error is None:
        return None, None
    t = float(special.stdtrit(entry.df, (1 + float(scheme.confidence_level)) / 2))
    margin = rounded(t * float(entry.survey_std_error), scheme.rounding.scores)
    return max(survey - margin, Decimal(0)), min(survey + margin, Decimal(100))


def _awareness(scheme: Scheme, entry: UnitInput) -> Decimal | None:
    """了解率: answers that rate over all answers to the scored indicators, don't know among them."""
    parts = [entry.indicators[part.code] for part in scheme.indicators if part.is_scored]
    rated, asked = sum(p.n for p in parts), sum(p.n + p.dont_know for p in parts)
    return rounded(rated / asked, scheme.rounding.shares) if asked else None


def _shared(
    category: str,
    members: Sequence[UnitInput],
    rates: Mapping[str, Decimal | None],
    standings: CategoryStandings,
    covariance: np.ndarray | None,
) -> CategoryScores:
    def codes(positions: Sequence[int]) -> tuple[str, ...]:
        return tuple(members[k].unit.code for k in positions)

    ranked = list(standings.ranked)
    return CategoryScores(
        category=category,
        hotline_rates=rates,
        compared=codes(standings.compared),
        ranked=codes(ranked),
        worst_set=codes(standings.worst_set),
        target=standings.target,
        phi=standings.phi,
        tau2=standings.tau2,
        critical_values=standings.critical_values,
        covariance=None
        if covariance is None
        else tuple(tuple(rounded(v, MEAN_PLACES) for v in row) for row in covariance[np.ix_(ranked, ranked)].tolist()),
    )


def _published(covariance: np.ndarray) -> np.ndarray:
    """What is used is what is published: six decimals; missing values stay missing."""
    return np.round(covariance, MEAN_PLACES)


def _means(entry: UnitInput) -> dict[str, Decimal | None]:
    return {code: part.mean for code, part in entry.indicators.items()}


def _categories(inputs: Sequence[UnitInput]) -> list[str]:
    return list(dict.fromkeys(entry.unit.category for entry in inputs))


def _generator(seed: str, category: str) -> np.random.Generator:
    """A stream of its own per category, so that a category does not depend on what else the round covers."""
    digest = hashlib.sha256(f"evalsys-rank-sets-v1\n{seed}\n{category}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
