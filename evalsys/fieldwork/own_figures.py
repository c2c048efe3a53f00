"""What an interviewer has done: calls and what they came to. Outcomes only, never answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.fieldwork.models import Attempt
from surveys.fieldwork import OutcomeCounts, rates


@dataclass(frozen=True)
class OwnFigures:
    """Calls that have an outcome.

    ``contacts``: somebody was talked to. ``cooperation_share``: completes over contacts with people who may be asked (AAPOR COOP1, of
    calls), ``None`` without any. ``mean_seconds`` of complete interviews, ``None`` without any.
    """

    calls: int
    contacts: int
    completes: int
    cooperation_share: float | None
    mean_seconds: float | None


def find_own_figures(session: Session, round_id: int, interviewer: str, since: datetime) -> OwnFigures:
    """The figures of an interviewer's calls in a round, planned since a moment."""
    rows = session.execute(
        select(Attempt.outcome, Attempt.seconds).where(
            Attempt.round_id == round_id,
            Attempt.channel == "voice",
            Attempt.planned_at >= since,
            Attempt.interviewer == interviewer,
            Attempt.state == "ended",
        )
    ).all()
    counts = OutcomeCounts.from_code_counts(Counter(outcome for outcome, _ in rows))
    lengths = [seconds for outcome, seconds in rows if outcome == "1.1" and seconds is not None]
    return OwnFigures(
        calls=len(rows),
        contacts=int(counts.I + counts.P + counts.R + counts.O),
        completes=int(counts.I),
        cooperation_share=rates(counts).COOP1,
        mean_seconds=sum(lengths) / len(lengths) if lengths else None,
    )
