"""Reading fieldwork: progress, and who was asked earlier in the year."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from evalsys.base.errors import Refused
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.samples.frames import Earlier
from evalsys.samples.models import Case, ServiceRecord


def find_earlier(session: Session, round_: Round) -> Earlier:
    """Who answered in the year's earlier rounds, and how often everybody was drawn in them.

    Raises ``Refused`` where the contacts of one of them are destroyed: nobody can be left out any more who answered in it.
    """
    of_the_year = (Round.programme_id == round_.programme_id, Round.id != round_.id)
    if session.scalar(select(Round.id).where(*of_the_year, Round.purged_at.is_not(None)).limit(1)):
        raise Refused(
            "The contacts of an earlier round of the year are destroyed; whoever answered in it cannot be left out."
        )
    rows = session.execute(
        select(ServiceRecord.person_index, Interview.outcome)
        .join(Case, Case.record_id == ServiceRecord.id)
        .join(Interview, Interview.case_id == Case.id)
        .join(Round, Round.id == Case.round_id)
        .where(*of_the_year)
    ).all()
    answered = frozenset(person for person, outcome in rows if outcome in ("1.1", "1.2"))
    return Earlier(answered, Counter(person for person, _ in rows))


def count_by_unit(session: Session, round_: Round) -> dict[str, dict[str, int]]:
    """Per unit: cases by outcome, those still worked on under ``""``."""
    rows = session.execute(
        select(Interview.unit_code, Interview.outcome, func.count())
        .where(Interview.round_id == round_.id)
        .group_by(Interview.unit_code, Interview.outcome)
    )
    counts: dict[str, dict[str, int]] = {}
    for unit, outcome, number in rows:
        counts.setdefault(unit, {})[outcome] = number
    return counts


def count_completes_by_channel(session: Session, round_: Round) -> dict[str, int]:
    """Complete interviews per channel."""
    rows = session.execute(
        select(Interview.channel, func.count())
        .where(Interview.round_id == round_.id, Interview.outcome == "1.1")
        .group_by(Interview.channel)
        .order_by(Interview.channel)
    )
    return dict(rows.all())


def count_attempts(session: Session, round_: Round) -> dict[str, int]:
    """Calls placed, calls that connected, and messages sent."""
    calls, connected, messages = session.execute(
        select(
            func.sum(case((Attempt.channel == "voice", 1), else_=0)),
            func.sum(case(((Attempt.channel == "voice") & Attempt.connected_at.is_not(None), 1), else_=0)),
            func.sum(case((Attempt.channel == "sms", 1), else_=0)),
        ).where(Attempt.round_id == round_.id, Attempt.provider_sid.is_not(None))
    ).one()
    return {"calls": calls or 0, "connected": connected or 0, "messages": messages or 0}


def is_worked_out(session: Session, round_: Round) -> bool:
    """Whether nothing is due any more, nor under way: the field period can only wait for late answers."""
    active = session.scalar(
        select(func.count())
        .select_from(Interview)
        .where(
            Interview.round_id == round_.id,
            (Interview.state == "calling") | ((Interview.state == "waiting") & Interview.due_at.is_not(None)),
        )
    )
    return not active
