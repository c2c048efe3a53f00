"""Base weight and nonresponse adjustment by weighting class, with AAPOR's estimate of eligibility.

Source: base weight N_h/n_h of released cases; respondents carry the eligible of their class (Särndal, Swensson and
Wretman 1992, section 15.6, response homogeneity groups); the eligible among cases of unknown eligibility are e =
(I+P+R+NC+O)/(I+P+R+NC+O+NE) of them (AAPOR *Standard Definitions*, response rate 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.errors import DesignError


@dataclass(frozen=True)
class ClassCounts:
    """Outcomes of one class (here a stratum, after small ones were joined).

    population : N_h of the frame. complete : interviews that are scored. eligible_rest : eligible cases without one
    (partial, refusal, non-contact, other). ineligible : found not to belong. unknown : nobody knows. Their sum is the
    number of released cases.
    """

    code: str
    population: int
    complete: int
    eligible_rest: int
    ineligible: int
    unknown: int

    @property
    def released(self) -> int:
        """n_h of the base weight."""
        return self.complete + self.eligible_rest + self.ineligible + self.unknown


@dataclass(frozen=True)
class ClassWeight:
    """The weight of each complete of a class, step by step.

    base : N_h over released. eligible_share : e of the class, 0–1. nonresponse : estimated eligible released cases
    per complete, ≥ 1. final : base × nonresponse.
    """

    code: str
    base: float
    eligible_share: float
    nonresponse: float
    final: float


def weigh_classes(classes: Sequence[ClassCounts]) -> dict[str, ClassWeight]:
    """The weights of every class that has completes.

    A class without completes has nobody to carry its weight: join it to a neighbour first, or leave its group out and
    say so. n = 1 complete gives a weight like any other.

    Raises
    ------
    DesignError
        A negative count, more released cases than entries in the frame, or a class without completes, by name.
    """
    weights = {}
    for part in classes:
        counts: Mapping[str, int] = {k: v for k, v in vars(part).items() if k != "code"}
        for name, value in counts.items():
            if value < 0:
                raise DesignError(
                    "Class %(stratum)s: %(name)s is %(value)s; it cannot be negative.",
                    code="class-count",
                    stratum=part.code,
                    name=name,
                    value=value,
                )
        if part.released > part.population:
            raise DesignError(
                "Class %(stratum)s: %(released)s cases were released of a frame of %(population)s.",
                code="fpc-below-n",
                stratum=part.code,
                released=part.released,
                population=part.population,
            )
        if part.complete == 0:
            raise DesignError(
                "Class %(stratum)s has no complete to carry its weight; join it to a neighbour first.",
                code="class-empty",
                stratum=part.code,
            )
        known = part.complete + part.eligible_rest
        share = known / (known + part.ineligible)
        base = part.population / part.released
        nonresponse = (known + share * part.unknown) / part.complete
        weights[part.code] = ClassWeight(part.code, base, share, nonresponse, base * nonresponse)
    return weights
