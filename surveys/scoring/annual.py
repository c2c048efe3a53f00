"""From rounds to the year.

Methods joined within a round, rounds within a year, adjustments beside it, and the grade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from surveys.errors import ScoringError
from surveys.scoring.figures import MEAN_PLACES, figure, rounded
from surveys.scoring.schemes import AnnualWeights, Grade, Scheme


@dataclass(frozen=True)
class Joined:
    """A weighted mean of parts: the score, the weights that were really used, and the parts that were missing."""

    score: Decimal | None
    weights: Mapping[str, Fraction]
    missing: tuple[str, ...]


def join_scores(parts: Mapping[str, Decimal | None], weights: Mapping[str, Decimal], places: int = 2) -> Joined:
    """Σ w_i s_i / Σ w_i over the parts that exist, rounded. A part of weight 0 neither counts nor is missed."""
    kept = {name: Fraction(weights[name]) for name, score in parts.items() if score is not None and weights[name] > 0}
    missing = tuple(name for name, score in parts.items() if score is None and weights[name] > 0)
    total = sum(kept.values(), Fraction(0))
    if not kept:
        return Joined(None, {}, missing)
    score = sum((weight * Fraction(parts[name]) for name, weight in kept.items()), Fraction(0)) / total
    return Joined(rounded(score, places), {name: weight / total for name, weight in kept.items()}, missing)


def round_score(scheme: Scheme, survey: Decimal | None, hotline: Decimal | None) -> Joined:
    """A round's score from its published survey and hotline scores; a missing method's weight goes to the other."""
    return join_scores(
        {"survey": survey, "hotline": hotline},
        {"survey": scheme.survey_weight, "hotline": scheme.hotline_weight},
        scheme.rounding.scores,
    )


def year_score(weights: AnnualWeights, mid_year: Decimal | None, year_end: Decimal | None, places: int = 2) -> Joined:
    """A year's score from its published round scores; without a year-end score there is none."""
    if year_end is None:
        return Joined(None, {}, ("year_end",))
    return join_scores(
        {"mid_year": mid_year, "year_end": year_end},
        {"mid_year": weights.mid_year, "year_end": weights.year_end},
        places,
    )


@dataclass(frozen=True)
class Adjustment:
    """A bonus (above 0) or deduction (below 0) in points, with its reason, evidence, and who approved it."""

    points: Decimal
    reason: str
    evidence: str
    approved_by: tuple[str, ...]


def adjustment_total(scheme: Scheme, adjustments: Sequence[Adjustment]) -> Decimal:
    """The sum of a unit's adjustments, held within ± the cap.

    Raises ``ScoringError`` for one without reason, evidence or enough different approvers: it must not count half.
    """
    for number, adjustment in enumerate(adjustments, 1):
        if not adjustment.reason.strip() or not adjustment.evidence.strip():
            raise ScoringError(
                "Adjustment %(number)s has no reason or no evidence; give both.",
                code="adjustment-evidence",
                number=number,
            )
        if len(set(adjustment.approved_by)) < scheme.approvers:
            raise ScoringError(
                "Adjustment %(number)s is approved by %(people)s people; it takes %(approvers)s different ones.",
                code="adjustment-approvers",
                number=number,
                people=len(set(adjustment.approved_by)),
                approvers=scheme.approvers,
            )
    total = sum((adjustment.points for adjustment in adjustments), Decimal(0))
    capped = max(-scheme.adjustment_cap, min(scheme.adjustment_cap, total))
    return rounded(capped, scheme.rounding.scores)


@dataclass(frozen=True)
class AnnualResult:
    """A unit's year.

    ``base`` is the score of the rounds, ``adjustment`` stands in a column of its own, ``total`` is both. A veto
    (一票否决) makes the grade the lowest one and leaves every score as it is. ``grade`` is ``None`` where none may be
    given.
    """

    base: Decimal | None
    weights: Mapping[str, Fraction]
    missing: tuple[str, ...]
    adjustment: Decimal
    total: Decimal | None
    grade: str | None
    vetoed: bool

    def figures(self) -> dict:
        """The year as it stands in a table, ready for ``canonical_json``; weights to six decimals."""
        return {
            "base": figure(self.base),
            "weights": {name: figure(rounded(weight, MEAN_PLACES)) for name, weight in self.weights.items()},
            "missing": list(self.missing),
            "adjustment": figure(self.adjustment),
            "total": figure(self.total),
            "grade": self.grade,
            "vetoed": self.vetoed,
        }


def annual_result(
    scheme: Scheme,
    *,
    is_key: bool,
    mid_year: Decimal | None,
    year_end: Decimal | None,
    adjustments: Sequence[Adjustment] = (),
    vetoed: bool = False,
    may_grade: bool = True,
) -> AnnualResult:
    """Join a unit's year.

    ``may_grade``: whether n and reliability of the year's survey allow a grade. A veto is an administrative decision
    and not an estimate, so it grades a unit also where the survey alone could not.
    """
    year = year_score(scheme.annual_weights(is_key), mid_year, year_end, scheme.rounding.scores)
    adjustment = adjustment_total(scheme, adjustments)
    total = None if year.score is None else year.score + adjustment
    grade = grade_of(scheme.grades, total) if may_grade else None
    if vetoed:
        grade = scheme.grades[-1].code
    return AnnualResult(year.score, year.weights, year.missing, adjustment, total, grade, vetoed)


def grade_of(grades: Sequence[Grade], score: Decimal | None) -> str | None:
    """The grade of a published score: the first whose limit it reaches; the last one below every limit."""
    if score is None:
        return None
    return next((grade.code for grade in grades if score >= grade.at_least), grades[-1].code)
