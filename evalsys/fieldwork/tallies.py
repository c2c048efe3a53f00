"""Sums per interviewer: made as answers leave their cases, and all that quality control ever sees of answers."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.fieldwork.models import InterviewerTally, SealedAnswer
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.taken import list_taken
from surveys.fieldwork.diagnostics import (
    Comparison,
    Intraclass,
    Sums,
    compare_each,
    intraclass_correlation,
    is_straight_line,
    pooled_deviation,
    standardized_residual,
)
from surveys.instrument import Questionnaire
from surveys.instrument.scales import DONT_KNOW

#: so many interviews an interviewer must have before anything about them is shown
SHOWN_FROM = 30
#: an interview is short below this share of the median length
SHORT_SHARE = 0.5
_COMPLETE = "1.1"
_NORMAL = 1.959964
_SUMS = (
    "interviews",
    "scored",
    "z_total",
    "z_squares",
    "dont_know_total",
    "dont_know_squares",
    "straight",
)


@dataclass(frozen=True)
class InterviewerRow:
    """One interviewer beside the others.

    ``z``: how far scores lie from their strata, with the standard error of its mean; ``seconds`` of a call; ``short``, ``dont_know``
    and ``straight`` are shares, of interviews and of indicators.
    """

    interviewer: str
    interviews: int
    z: Comparison
    z_error: float
    seconds: Comparison
    short: Comparison
    dont_know: Comparison
    straight: Comparison

    @property
    def z_interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean z, by the normal distribution."""
        return self.z.mean - _NORMAL * self.z_error, self.z.mean + _NORMAL * self.z_error

    @property
    def flags(self) -> tuple[str, ...]:
        """What is conspicuous."""
        names = ("z", "seconds", "short", "dont_know", "straight")
        return tuple(name for name in names if getattr(self, name).conspicuous)


@dataclass(frozen=True)
class InterviewerReport:
    """All interviewers of whom enough is known, the correlation within them, and how many have too few interviews as yet."""

    rows: tuple[InterviewerRow, ...]
    intraclass: Intraclass | None
    too_few: int


def add_to_tallies(
    session: Session, round_: Round, taken: Sequence[tuple[str, str, Mapping[str, str]]], *, least: int
) -> None:
    """Add complete interviews that were just sealed to the sums of who took them.

    taken : interviewer, stratum as sealed, and answers. least : of an interviewer with fewer of them nothing is added, now or
    later: their difference would tell about single people.
    """
    questionnaire = rules_of(round_.configuration).questionnaire
    strata = _sum_strata(session, round_, questionnaire)
    deviation = pooled_deviation(strata.values())
    by_interviewer: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for interviewer, stratum, answers in taken:
        by_interviewer[interviewer].append((stratum, answers))
    for interviewer, interviews in sorted(by_interviewer.items()):
        if len(interviews) < least:
            continue
        scores = [(stratum, _score(questionnaire, answers)) for stratum, answers in interviews]
        residuals = [
            standardized_residual(score, strata[stratum], deviation) for stratum, score in scores if score is not None
        ]
        z = Sums.over(value for value in residuals if value is not None)
        dont_know = Sums.over(share_dont_know(questionnaire, answers) for _, answers in interviews)
        straight = sum(is_straight(questionnaire, answers) for _, answers in interviews)
        sums = (len(interviews), z.count, z.total, z.squares, dont_know.total, dont_know.squares, straight)
        _add(session, round_, interviewer, dict(zip(_SUMS, sums, strict=True)))


def describe_interviewers(session: Session, round_: Round) -> InterviewerReport:
    """Everybody with thirty sealed interviews or more beside the others of them; of nobody else anything is computed."""
    tallies = session.scalars(
        select(InterviewerTally)
        .where(InterviewerTally.round_id == round_.id)
        .order_by(InterviewerTally.interviewer)
        .execution_options(populate_existing=True)
    ).all()
    lengths: dict[str, list[int]] = defaultdict(list)
    for one in list_taken(session, round_, "sealed").values():
        if one.outcome == _COMPLETE and one.seconds is not None:
            lengths[one.interviewer].append(one.seconds)
    everybody = {one.interviewer for one in list_taken(session, round_).values()} | {one.interviewer for one in tallies}
    shown = [tally for tally in tallies if tally.interviews >= SHOWN_FROM]
    seconds = [lengths[tally.interviewer] for tally in shown]
    median = statistics.median([length for own in seconds for length in own] or [0])
    z = [Sums(tally.scored, tally.z_total, tally.z_squares) for tally in shown]
    measures = {
        "z": z,
        "seconds": [Sums.over(own) for own in seconds],
        "short": [Sums.over(length < SHORT_SHARE * median for length in own) for own in seconds],
        "dont_know": [Sums(one.interviews, one.dont_know_total, one.dont_know_squares) for one in shown],
        "straight": [Sums(one.interviews, one.straight, one.straight) for one in shown],
    }
    compared = {name: compare_each(sums) for name, sums in measures.items()}
    rows = tuple(
        InterviewerRow(
            interviewer=tally.interviewer,
            interviews=tally.interviews,
            z_error=z[place].mean_error,
            **{name: comparisons[place] for name, comparisons in compared.items()},
        )
        for place, tally in enumerate(shown)
    )
    return InterviewerReport(rows, intraclass_correlation(z), len(everybody) - len(shown))


def _sum_strata(session: Session, round_: Round, questionnaire: Questionnaire) -> dict[str, Sums]:
    """What the strata give: the scores of all complete interviews sealed so far, whoever took them."""
    rows = session.execute(
        select(SealedAnswer.stratum, SealedAnswer.answers).where(
            SealedAnswer.round_id == round_.id, SealedAnswer.outcome == _COMPLETE, SealedAnswer.voided.is_(False)
        )
    )
    scores: dict[str, list[float]] = defaultdict(list)
    for stratum, answers in rows:
        score = _score(questionnaire, answers)
        if score is not None:
            scores[stratum].append(score)
    return {stratum: Sums.over(values) for stratum, values in scores.items()}


def _score(questionnaire: Questionnaire, answers: Mapping[str, str]) -> float | None:
    """The mean points, 0–100, of the scored indicators of one interview; ``None`` where none has points."""
    options = _options(questionnaire, answers)
    points = [option.points for option in options if option.points is not None]
    return statistics.fmean(points) if points else None


def share_dont_know(questionnaire: Questionnaire, answers: Mapping[str, str]) -> float:
    """The share of the scored indicators answered with don't know."""
    kinds = [option.kind for option in _options(questionnaire, answers)]
    return kinds.count(DONT_KNOW) / len(kinds) if kinds else 0.0


def is_straight(questionnaire: Questionnaire, answers: Mapping[str, str]) -> bool:
    values = [option.value for option in _options(questionnaire, answers)]
    return is_straight_line(values, least=questionnaire.complete_at_least)


def _options(questionnaire: Questionnaire, answers: Mapping[str, str]) -> list:
    """The options chosen at the scored indicators on the path."""
    return [questionnaire.question(code).scale.option(answers[code]) for code in questionnaire.presented(answers)]


def _add(session: Session, round_: Round, interviewer: str, sums: Mapping[str, float]) -> None:
    table = InterviewerTally.__table__
    more = {name: table.c[name] + value for name, value in sums.items()}
    same = table.c.round_id == round_.id, table.c.interviewer == interviewer
    if not session.execute(update(table).where(*same).values(more)).rowcount:
        session.execute(insert(table), {"round_id": round_.id, "interviewer": interviewer, **sums})
