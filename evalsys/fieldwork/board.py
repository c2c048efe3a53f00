"""How a round stands in the field, whole: outcomes, calls, provider, cost and what is to be expected. Reads only, and never an answer.

The sums are taken by the database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round, RoundUnit
from evalsys.fieldwork.call_times import CallTimes, count_calls
from evalsys.fieldwork.capacity import IN_FLIGHT
from evalsys.fieldwork.circuits import find_circuit, find_faults
from evalsys.fieldwork.models import Attempt, Interview, StatusReceipt
from evalsys.fieldwork.queries import count_by_unit
from evalsys.fieldwork.releases import FINAL_STATES, find_progress
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.fieldwork.spending import find_cost
from evalsys.samples.models import Stratum
from surveys.fieldwork import (
    Circuit,
    Opening,
    OutcomeCounts,
    Rates,
    rates,
)
from surveys.fieldwork.forecast import (
    Range,
    allocation_deff,
    forecast_completes,
    forecast_hours,
    moment_after,
    moment_before,
    total_hours,
)
from surveys.fieldwork.planning import margin_of_error

#: the pace is that of so many calling hours
RECENT_HOURS = 10.0
#: the provider's faults of so long are shown
FAULTS_WITHIN = timedelta(minutes=15)
#: calls are counted over so long to tell the pace of now
PACE_WITHIN = timedelta(seconds=60)
#: the standard deviation of a person's score, in points, where the programme plans no other
PLANNED_DEVIATION = 25.0
COMPLETE = "1.1"
#: outcomes that come of what somebody answered
_ANSWERED = ("1.1", "1.2", "4.10")


@dataclass(frozen=True)
class Finish:
    """When something will be reached: at ``middle``, between ``low`` and ``high`` in about eight of ten cases.

    ``reason``: ``reached``, ``foretold``, ``late`` (not within the field period at this pace; ``low`` may still be), ``no_pace``
    (nothing came in the recent calling hours) or ``over``. A time that lies beyond the field period is ``None``.
    """

    reason: str
    low: datetime | None = None
    middle: datetime | None = None
    high: datetime | None = None


@dataclass(frozen=True)
class Worked:
    """Cases released: ``final`` with an outcome, ``open``, ``completes``, and the rates over the final ones."""

    final: int
    open: int
    completes: int
    rates: Rates

    @property
    def released(self) -> int:
        return self.final + self.open


@dataclass(frozen=True)
class UnitRow:
    """A unit. ``margin``: half the width of the 95 % interval of its score, in points, by the planned deviation and ``deff``; ``None``
    without a complete. ``expected``: completes once the released cases are worked out.
    """

    unit: RoundUnit
    worked: Worked
    margin: float | None
    deff: float
    expected: Range
    finish: Finish


@dataclass(frozen=True)
class ProviderHealth:
    """How the provider fares on a channel. ``faults``: what it said in the last quarter of an hour, with how often. ``pace``: attempts
    per second over the last minute; ``allowed``: at most.
    """

    channel: str
    circuit: Circuit
    faults: Mapping[str, int]
    in_flight: int
    unknown: int
    pace: float
    allowed: float


@dataclass(frozen=True)
class Board:
    """A round at a moment.

    ``by_channel`` and ``by_interviewer``: every released case once, under the channel that its answers came by, or else that of the
    last attempt (``""``: none yet), and under the interviewer of the last attempt, if it had one. ``callbacks_waiting``: received and
    not applied yet, over all rounds. ``recent_hours``: the calling hours that the pace is taken from; ``pace``: completes in each of
    them, ``None`` before the first has begun.
    """

    at: datetime
    whole: Worked
    quota: int
    units: tuple[UnitRow, ...]
    by_channel: Mapping[str, Worked]
    by_interviewer: Mapping[str, Worked]
    calls: CallTimes
    providers: tuple[ProviderHealth, ...]
    callbacks_waiting: int
    cost: Decimal | None
    budget: Decimal | None
    planned_deviation: float
    recent_hours: float
    pace: float | None
    quotas_met: Finish
    worked_out: Finish

    @property
    def cost_per_complete(self) -> Decimal | None:
        """Cost of calls and messages over completes; ``None`` without either."""
        return self.cost / self.whole.completes if self.cost is not None and self.whole.completes else None


def describe_board(session: Session, runtime: Runtime, round_: Round) -> Board:
    """The board of a round that was opened, at the clock's time."""
    now = runtime.clock.now()
    rules = rules_of(round_.configuration)
    by_unit = count_by_unit(session, round_)
    by_channel, by_interviewer = _count_by_worker(session, round_)
    outlook = _look_ahead(session, round_, rules, now)
    units = tuple(_list_units(session, round_, rules, by_unit, outlook))
    whole = _worked(sum(map(Counter, by_unit.values()), Counter()))
    missing = {row.unit.code: max(0, row.unit.quota - row.worked.completes) for row in units}
    short = [code for code, number in missing.items() if number]
    return Board(
        at=now,
        whole=whole,
        quota=sum(unit.quota for unit in round_.units),
        units=units,
        by_channel=_worked_by(by_channel),
        by_interviewer=_worked_by(by_interviewer),
        calls=count_calls(session, runtime, round_),
        providers=tuple(_find_health(session, runtime, round_, rules, now)),
        callbacks_waiting=session.scalar(
            select(func.count()).select_from(StatusReceipt).where(StatusReceipt.applied.is_(False))
        ),
        cost=find_cost(session, round_, now),
        budget=rules.costs.budget,
        planned_deviation=_planned_deviation(round_),
        recent_hours=outlook.hours,
        pace=sum(outlook.completes.values()) / outlook.hours if outlook.hours else None,
        quotas_met=outlook.finish(sum(missing.values()), sum(outlook.completes[code] for code in short)),
        worked_out=outlook.finish(whole.open, sum(outlook.finals.values())),
    )


#: outcomes with how many cases have them, ``""`` for those still worked on
_Outcomes = Mapping[str, int]


def _count_by_worker(session: Session, round_: Round) -> tuple[dict[str, _Outcomes], dict[str, _Outcomes]]:
    """Cases by outcome per channel, and per interviewer."""
    other = aliased(Attempt)
    newest = (
        select(other.id).where(other.case_id == Interview.case_id).order_by(other.number.desc()).limit(1)
    ).scalar_subquery()
    keys = (
        case((Interview.outcome.in_(_ANSWERED), Interview.channel), else_=""),
        func.coalesce(Attempt.channel, ""),
        func.coalesce(Attempt.interviewer, ""),
        Interview.outcome,
    )
    rows = session.execute(
        select(*keys, func.count())
        .outerjoin(Attempt, Attempt.id == newest)
        .where(Interview.round_id == round_.id)
        .group_by(*keys)
    )
    by_channel, by_interviewer = defaultdict(Counter), defaultdict(Counter)
    for answered_by, tried_by, interviewer, outcome, count in rows:
        last = "interviewer" if interviewer else tried_by
        by_channel[answered_by or last][outcome] += count
        if interviewer:
            by_interviewer[interviewer][outcome] += count
    return by_channel, by_interviewer


def _worked(outcomes: _Outcomes) -> Worked:
    final = {code: count for code, count in outcomes.items() if code}
    return Worked(
        final=sum(final.values()),
        open=outcomes.get("", 0),
        completes=final.get(COMPLETE, 0),
        rates=rates(OutcomeCounts.from_code_counts(final)),
    )


def _worked_by(groups: Mapping[str, _Outcomes]) -> dict[str, Worked]:
    return {name: _worked(groups[name]) for name in sorted(groups)}


@dataclass(frozen=True)
class _Outlook:
    """The recent calling hours with what came in them per unit, and the calling hours that are left."""

    hours: float
    completes: Mapping[str, int]
    finals: Mapping[str, int]
    left: Sequence[Opening]
    is_over: bool

    def finish(self, missing: int, events: int) -> Finish:
        if not missing:
            return Finish("reached")
        if self.is_over:
            return Finish("over")
        found = forecast_hours(missing, events, self.hours)
        if found is None:
            return Finish("no_pace")
        low, middle, high = (moment_after(self.left, hours) for hours in (found.low, found.middle, found.high))
        return Finish("late" if middle is None else "foretold", low, middle, high)


def _look_ahead(session: Session, round_: Round, rules: FieldRules, now: datetime) -> _Outlook:
    """By the programme's own calling hours; counties with other hours count as if they had these."""
    begun = max(round_.opened_at, round_.field_from)
    past = tuple(rules.hours.openings(begun, max(begun, min(now, round_.field_until))))
    since = moment_before(past, RECENT_HOURS)
    completes, finals = _count_recent(session, round_, rules, since, now) if since else (Counter(), Counter())
    return _Outlook(
        hours=min(RECENT_HOURS, total_hours(past)),
        completes=completes,
        finals=finals,
        left=tuple(rules.hours.openings(max(now, round_.field_from), round_.field_until)),
        is_over=round_.state not in ("open", "paused") or now >= round_.field_until,
    )


def _count_recent(
    session: Session, round_: Round, rules: FieldRules, since: datetime, now: datetime
) -> tuple[Counter[str], Counter[str]]:
    """Completes, and cases that became final, per unit since a moment. Of a sealed answer no time is kept: the last attempt's counts."""
    settled = [Interview.answered_at >= since, Interview.ended_at >= since]
    if now - rules.quality_hold > since:  # else what is sealed was answered before
        tried = select(Attempt.case_id).where(
            Attempt.round_id == round_.id, Attempt.channel.in_(("voice", "sms")), Attempt.planned_at >= since
        )
        settled.append(and_(Interview.state == "sealed", Interview.case_id.in_(tried)))
    rows = session.execute(
        select(Interview.unit_code, func.count(), func.sum(case((Interview.outcome == COMPLETE, 1), else_=0)))
        .where(Interview.round_id == round_.id, Interview.state.in_(FINAL_STATES), or_(*settled))
        .group_by(Interview.unit_code)
    ).all()
    return Counter({unit: n for unit, _, n in rows}), Counter({unit: n for unit, n, _ in rows})


def _list_units(
    session: Session, round_: Round, rules: FieldRules, by_unit: Mapping[str, _Outcomes], outlook: _Outlook
) -> Iterator[UnitRow]:
    progress = find_progress(session, round_)
    designs = _find_designs(session, round_)
    deviation = _planned_deviation(round_)
    for unit in round_.units:
        worked = _worked(by_unit.get(unit.code, {}))
        population, deff = designs.get(unit.code, (0, 1.0))
        margin = None
        if 0 < worked.completes <= population:
            margin = margin_of_error(worked.completes, deviation, population=population, deff=deff)
        yield UnitRow(
            unit=unit,
            worked=worked,
            margin=margin,
            deff=deff,
            expected=forecast_completes(progress.get(unit.code, []), rules.release),
            finish=outlook.finish(max(0, unit.quota - worked.completes), outlook.completes[unit.code]),
        )


def _find_designs(session: Session, round_: Round) -> dict[str, tuple[int, float]]:
    """Per unit its population and the design effect of its allocation; a stratum counts as its group does, by its part of the group."""
    group_weight = {group["code"]: group["weight"] for group in round_.configuration.content["groups"]}
    rows = session.execute(
        select(Stratum.unit_code, Stratum.group, Stratum.size, Stratum.sample_size).where(Stratum.round_id == round_.id)
    ).all()
    in_group: Counter[tuple[str, str]] = Counter()
    by_unit = defaultdict(list)
    for row in rows:
        in_group[row.unit_code, row.group] += row.size
        by_unit[row.unit_code].append(row)
    return {
        unit: (
            sum(row.size for row in strata),
            allocation_deff(
                [group_weight[row.group] * row.size / in_group[unit, row.group] for row in strata],
                [row.sample_size for row in strata],
            ),
        )
        for unit, strata in by_unit.items()
    }


def _planned_deviation(round_: Round) -> float:
    return round_.configuration.content["fieldwork"].get("planned_deviation") or PLANNED_DEVIATION


def _find_health(
    session: Session, runtime: Runtime, round_: Round, rules: FieldRules, now: datetime
) -> Iterator[ProviderHealth]:
    # As rows: the index by state holds few, while a count by channel would walk through all.
    in_flight = select(Attempt.channel, Attempt.state).where(
        Attempt.round_id == round_.id, Attempt.state.in_(IN_FLIGHT)
    )
    under_way = Counter((channel, state) for channel, state in session.execute(in_flight))
    for channel in rules.channels:
        recent = session.scalar(
            select(func.count()).where(
                Attempt.round_id == round_.id, Attempt.channel == channel, Attempt.planned_at > now - PACE_WITHIN
            )
        )
        yield ProviderHealth(
            channel=channel,
            circuit=find_circuit(session, round_, channel, now),
            faults=find_faults(session, round_, channel, since=now - FAULTS_WITHIN),
            in_flight=sum(under_way[channel, state] for state in IN_FLIGHT),
            unknown=under_way[channel, "unknown"],
            pace=recent / PACE_WITHIN.total_seconds(),
            allowed=rules.calls_per_second,
        )
