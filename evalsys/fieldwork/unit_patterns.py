"""What is conspicuous about a unit's answers: flags for staff, who look and ask; nothing is ever removed for them.

Computed from answers that were sealed, of units with thirty of them or more. How long an interview took is known of calls only.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Interview, SealedAnswer
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.tallies import SHORT_SHARE, SHOWN_FROM, is_straight, share_dont_know
from surveys.fieldwork.diagnostics import Comparison, Sums, compare_each
from surveys.instrument import Questionnaire

COMPLETE = "1.1"
MEASURES = ("straight", "dont_know", "coached", "short")


@dataclass(frozen=True)
class UnitPatterns:
    """A unit beside all others: shares of interviews with one answer throughout, of don't knows, of people who were told what to
    answer, and of calls far shorter than most. ``flags``: those higher than chance makes the highest of so many units.
    """

    unit_code: str
    answers: int
    measures: dict[str, Comparison]

    @property
    def flags(self) -> tuple[str, ...]:
        """What is conspicuously frequent."""
        return tuple(name for name, one in self.measures.items() if one.conspicuous and one.mean > one.others)


@dataclass(frozen=True)
class PatternReport:
    """The units of which enough is known, and how many have too few sealed answers. ``are_shares_shown``: after the close only."""

    rows: tuple[UnitPatterns, ...]
    too_few: int
    are_shares_shown: bool


def describe_patterns(session: Session, round_: Round) -> PatternReport:
    """Every unit with thirty sealed complete interviews or more, beside the others of them; of no other unit anything is said."""
    questionnaire = rules_of(round_.configuration).questionnaire
    probes = _list_probes(questionnaire)
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    rows = session.execute(
        select(SealedAnswer.unit_code, SealedAnswer.answers).where(
            SealedAnswer.round_id == round_.id, SealedAnswer.outcome == COMPLETE, SealedAnswer.voided.is_(False)
        )
    )
    for unit, answers in rows:
        found[unit].append(answers)
    shown = sorted(unit for unit, answers in found.items() if len(answers) >= SHOWN_FROM)
    lengths = _list_call_lengths(session, round_)
    median = statistics.median([length for unit in shown for length in lengths[unit]] or [0])
    sums = {
        "straight": [Sums.over(is_straight(questionnaire, one) for one in found[unit]) for unit in shown],
        "dont_know": [Sums.over(share_dont_know(questionnaire, one) for one in found[unit]) for unit in shown],
        "coached": [
            Sums.over(any(one.get(code) == yes for code, yes in probes) for one in found[unit]) for unit in shown
        ],
        "short": [Sums.over(length < SHORT_SHARE * median for length in lengths[unit]) for unit in shown],
    }
    compared = {name: compare_each(of_units) for name, of_units in sums.items()}
    return PatternReport(
        tuple(
            UnitPatterns(unit, len(found[unit]), {name: compared[name][place] for name in MEASURES})
            for place, unit in enumerate(shown)
        ),
        sum(len(answers) < SHOWN_FROM for answers in found.values()),
        are_shares_shown=round_.state not in ("open", "paused"),
    )


def _list_probes(questionnaire: Questionnaire) -> list[tuple[str, str]]:
    """The yes-or-no probes with the value of yes, which is the first option: was somebody told how to answer."""
    probes = [questionnaire.question(code) for code in questionnaire.order]
    return [(one.code, one.options[0].value) for one in probes if one.role == "probe" and one.kind == "yes_no"]


def _list_call_lengths(session: Session, round_: Round) -> dict[str, list[int]]:
    """Seconds of the longest call with each person whose complete interview by telephone is sealed, by unit."""
    longest = (
        select(Interview.unit_code, func.max(Attempt.seconds))
        .join(Attempt, Attempt.case_id == Interview.case_id)
        .where(
            Interview.round_id == round_.id,
            Interview.state == "sealed",
            Interview.outcome == COMPLETE,
            Interview.channel.in_(("voice", "interviewer")),
            Attempt.seconds.is_not(None),
        )
        .group_by(Interview.case_id, Interview.unit_code)
    )
    lengths: dict[str, list[int]] = defaultdict(list)
    for unit, seconds in session.execute(longest):
        lengths[unit].append(seconds)
    return lengths
