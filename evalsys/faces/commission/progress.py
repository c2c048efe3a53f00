"""How fieldwork stands, as numbers for one page: outcomes and rates, never answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round, RoundUnit
from evalsys.fieldwork.late_answers import count_late_answers
from evalsys.fieldwork.notices import list_notices
from evalsys.fieldwork.queries import count_attempts, count_by_unit, count_completes_by_channel
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.spending import find_cost
from surveys.fieldwork import Outcome, OutcomeCounts, Rates, find_outcome, rates

COMPLETE = "1.1"
#: the key of cases that are still worked on
OPEN = ""
#: the rates that are shown per unit; the board shows all
RATE_NAMES = ("RR1", "RR3", "COOP1", "REF1", "CON1")


@dataclass(frozen=True)
class UnitProgress:
    """One unit: cases released, still worked on, complete, and its rates over the cases that are final."""

    unit: RoundUnit
    released: int
    open: int
    completes: int
    rates: Rates


@dataclass(frozen=True)
class Progress:
    """A round. ``outcomes``: final outcomes with their counts, by code. ``notices``: what hinders fieldwork, in the reader's language.

    ``late``: interviews in which somebody answered after the close, by channel. ``cost`` of calls and messages so far, ``None``
    where no prices are known.
    """

    notices: tuple[str, ...]
    units: tuple[UnitProgress, ...]
    outcomes: tuple[tuple[Outcome, int], ...]
    open: int
    released: int
    completes: int
    quota: int
    rates: Rates
    attempts: dict[str, int]
    cost: Decimal | None
    budget: Decimal | None
    channels: dict[str, int]
    late: dict[str, int]


def describe_progress(session: Session, runtime: Runtime, round_: Round) -> Progress:
    """The progress of a round that was opened."""
    by_unit = count_by_unit(session, round_)
    units = tuple(_unit_progress(unit, by_unit.get(unit.code, {})) for unit in round_.units)
    total: dict[str, int] = {}
    for counts in by_unit.values():
        for code, count in counts.items():
            total[code] = total.get(code, 0) + count
    final = {code: count for code, count in total.items() if code != OPEN}
    # As text, so that 2.113 stands below 2.11, of which it is a part, and not behind 2.12.
    ordered = sorted(final)
    return Progress(
        notices=tuple(notice.sentence(gettext) for notice in list_notices(session, runtime, round_)),
        units=units,
        outcomes=tuple((find_outcome(code), final[code]) for code in ordered),
        open=total.get(OPEN, 0),
        released=sum(total.values()),
        completes=total.get(COMPLETE, 0),
        quota=sum(unit.quota for unit in round_.units),
        rates=_rates(total),
        attempts=count_attempts(session, round_),
        cost=find_cost(session, round_, runtime.clock.now()),
        budget=rules_of(round_.configuration).costs.budget,
        channels=count_completes_by_channel(session, round_),
        late=count_late_answers(session, round_),
    )


def _unit_progress(unit: RoundUnit, counts: dict[str, int]) -> UnitProgress:
    return UnitProgress(
        unit=unit,
        released=sum(counts.values()),
        open=counts.get(OPEN, 0),
        completes=counts.get(COMPLETE, 0),
        rates=_rates(counts),
    )


def _rates(counts: dict[str, int]) -> Rates:
    return rates(OutcomeCounts.from_code_counts({code: count for code, count in counts.items() if code != OPEN}))
