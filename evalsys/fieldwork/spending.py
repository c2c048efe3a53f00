"""What a round's calls and messages have cost so far, from the ledger of attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.audit.models import AuditEntry
from evalsys.base.clock import Clock
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, StaffCall
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.fieldwork.text_models import TextCost, TextReply

#: a call is paid by the minute begun
_MINUTES = case((Attempt.channel == "voice", (func.coalesce(Attempt.seconds, 0) + 59) // 60), else_=0)
#: a message by its segments
_MESSAGES = case(
    ((Attempt.channel == "sms") & Attempt.provider_sid.is_not(None), func.coalesce(Attempt.segments, 1)), else_=0
)
_STAFF_MINUTES = (func.coalesce(StaffCall.seconds, 0) + 59) // 60
_STAFF_UNDER_WAY = case((StaffCall.state != "ended", 1), else_=0)
_UNDER_WAY = case(((Attempt.channel == "voice") & (Attempt.state != "ended"), 1), else_=0)
#: an attempt planned so long ago was committed
_COMMITTED = timedelta(minutes=5)
_SPENT = "budget spent"


@dataclass(frozen=True)
class Use:
    """Minutes begun of calls that have ended, segments of messages that the provider took, and calls still under way."""

    minutes: int = 0
    messages: int = 0
    under_way: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(self.minutes + other.minutes, self.messages + other.messages, self.under_way + other.under_way)


@dataclass
class _Settled:
    """The use by every attempt planned before ``until``: all have ended, so it never changes."""

    until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    use: Use = field(default_factory=Use)


#: by database and round. What has ended is added up once, since a large round is looked at every second.
_settled: WeakKeyDictionary[Engine, dict[int, _Settled]] = WeakKeyDictionary()


def find_use(session: Session, round_: Round, now: datetime) -> Use:
    """What a round has used so far."""
    known = _settled.setdefault(session.get_bind(), {}).get(round_.id, _Settled())
    oldest = session.scalar(
        select(func.min(Attempt.planned_at)).where(
            Attempt.round_id == round_.id, Attempt.state.in_(("dialling", "placed", "unknown"))
        )
    )
    until = max(known.until, min(now - _COMMITTED, oldest or now))
    known = _Settled(until, known.use + _add_up(session, round_, known.until, until))
    _settled[session.get_bind()][round_.id] = known
    return (
        known.use
        + _add_up(session, round_, until, None)
        + _add_up_staff(session, round_)
        + _add_up_replies(session, round_)
    )


def _add_up(session: Session, round_: Round, since: datetime, before: datetime | None) -> Use:
    # Both channels are named, so that the index by time is used.
    which = [Attempt.round_id == round_.id, Attempt.channel.in_(("voice", "sms")), Attempt.planned_at >= since]
    if before is not None:
        which.append(Attempt.planned_at < before)
    sums = session.execute(select(func.sum(_MINUTES), func.sum(_MESSAGES), func.sum(_UNDER_WAY)).where(*which)).one()
    return Use(*(int(value or 0) for value in sums))


def _add_up_staff(session: Session, round_: Round) -> Use:
    sums = session.execute(
        select(func.sum(_STAFF_MINUTES), func.sum(_STAFF_UNDER_WAY)).where(StaffCall.round_id == round_.id)
    ).one()
    return Use(minutes=int(sums[0] or 0), under_way=int(sums[1] or 0))


def _add_up_replies(session: Session, round_: Round) -> Use:
    own = select(func.sum(TextReply.segments)).where(
        TextReply.round_id == round_.id, TextReply.provider_sid.is_not(None)
    )
    gone = select(TextCost.segments).where(TextCost.round_id == round_.id)
    return Use(messages=int(session.scalar(own) or 0) + int(session.scalar(gone) or 0))


def find_cost(session: Session, round_: Round, now: datetime) -> Decimal | None:
    """What a round has cost so far; ``None`` where its configuration names no cost."""
    costs = rules_of(round_.configuration).costs
    if not (costs.per_minute or costs.per_message):
        return None
    use = find_use(session, round_, now)
    return costs.spent(use.minutes, use.messages)


def count_affordable(rules: FieldRules, channel: str, use: Use) -> int | None:
    """How many more attempts of a channel the budget allows, a minute being set aside for each call under way; ``None``: any.

    A message is taken to be as long as the round's longest.
    """
    spent = rules.costs.spent(use.minutes + use.under_way, use.messages)
    count = rules.costs.affordable(by_phone=channel == "voice", spent=spent)
    return count if count is None or channel == "voice" else count // rules.segments_at_most


def is_spent(rules: FieldRules, channel: str, use: Use) -> bool:
    """Whether the budget allows no further attempt of a channel, whatever becomes of the calls under way."""
    spent = rules.costs.spent(use.minutes, use.messages)
    count = rules.costs.affordable(by_phone=channel == "voice", spent=spent)
    return count is not None and count < (1 if channel == "voice" else rules.segments_at_most)


def note_spent(session: Session, clock: Clock, round_: Round, channel: str) -> None:
    """Keep in the trail, once, that a channel has stopped because the budget is spent."""
    entries = select(AuditEntry.details).where(AuditEntry.chain == round_.code, AuditEntry.action == _SPENT)
    if all(details["channel"] != channel for details in session.scalars(entries)):
        record_act(session, clock, round_.code, "dialler", _SPENT, channel=channel)
