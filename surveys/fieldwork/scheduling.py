"""When a case is tried next: delays per outcome, days and slots in rotation, appointments, and the end of its tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from surveys.errors import FieldworkError
from surveys.fieldwork.calling_hours import CallingHours
from surveys.fieldwork.outcomes import find_outcome

#: the configuration's words for a delay, by outcome code; a code with no entry waits like ``no_answer``
DELAY_KIND_BY_OUTCOME: Mapping[str, str] = {
    "3.12": "busy",
    "3.13": "no_answer",
    "3.14": "machine",
    "2.22": "machine",
    "2.10": "soft_refusal",
    "2.111": "soft_refusal",
    "2.113": "soft_refusal",
    "2.12": "soft_refusal",
    "3.15": "technical",
    "3.16": "technical",
    "3.19": "after_message",
    "3.30": "now",
}

DEFAULT_DELAYS: Mapping[str, timedelta] = {
    "busy": timedelta(minutes=60),
    "no_answer": timedelta(minutes=240),
    "machine": timedelta(minutes=240),
    "soft_refusal": timedelta(days=7),
    "technical": timedelta(minutes=60),
    "after_message": timedelta(hours=48),
    "now": timedelta(0),
}


def is_soft_refusal(outcome: str) -> bool:
    """Whether an outcome is a refusal that may not be the last word: somebody may still be won over, after a rest."""
    return DELAY_KIND_BY_OUTCOME.get(outcome) == "soft_refusal"


@dataclass(frozen=True)
class Try:
    """One try as the ledger has it.

    ``counts``: the phone rang or a message was delivered; queue expiry, provider errors and rate limits do not count.
    ``by_phone``: a text message takes neither a slot nor the day's call. ``appointment_at``: what was agreed in it, if
    anything.
    """

    at: datetime
    outcome: str
    counts: bool = True
    by_phone: bool = True
    appointment_at: datetime | None = None


@dataclass(frozen=True)
class RetryRule:
    """How often and how soon a case is tried again.

    ``max_tries`` and ``tries_per_day`` are of tries that count, by phone.
    """

    max_tries: int = 5
    tries_per_day: int = 1
    delays: Mapping[str, timedelta] = field(default_factory=lambda: DEFAULT_DELAYS)
    appointment_early: timedelta = timedelta(minutes=15)

    def __post_init__(self) -> None:
        if self.max_tries < 1 or self.tries_per_day < 1:
            raise FieldworkError(
                "max_tries is %(max_tries)s and tries_per_day %(tries_per_day)s; both must be at least 1.",
                code="tries-below-one",
                max_tries=self.max_tries,
                tries_per_day=self.tries_per_day,
            )
        for kind, delay in self.delays.items():
            if delay < timedelta(0):
                raise FieldworkError("The delay %(kind)s is negative.", code="delay-negative", kind=kind)

    @classmethod
    def from_configuration(cls, fieldwork: Mapping) -> RetryRule:
        """Read the rule from the configuration's fieldwork part; a delay it does not name keeps its default."""
        given = {kind: timedelta(minutes=minutes) for kind, minutes in fieldwork.get("delays_minutes", {}).items()}
        if "phone_after_sms_hours" in fieldwork:
            given["after_message"] = timedelta(hours=fieldwork["phone_after_sms_hours"])
        return cls(
            max_tries=fieldwork.get("max_tries", 5),
            tries_per_day=fieldwork.get("tries_per_day", 1),
            delays={**DEFAULT_DELAYS, **given},
            appointment_early=timedelta(minutes=fieldwork.get("appointment_early_minutes", 15)),
        )

    def delay_after(self, outcome: str) -> timedelta:
        """How long a case rests after an outcome."""
        find_outcome(outcome)
        return self.delays[DELAY_KIND_BY_OUTCOME.get(outcome, "no_answer")]

    def offered_from(self, appointment_at: datetime) -> datetime:
        """From when an appointment stands on an interviewer's list."""
        return appointment_at - self.appointment_early


def tries_exhausted(rule: RetryRule, history: Sequence[Try]) -> bool:
    """Whether the case has used up its tries."""
    return sum(1 for entry in history if entry.counts and entry.by_phone) >= rule.max_tries


def next_try(
    rule: RetryRule, hours: CallingHours, history: Sequence[Try], now: datetime, field_until: datetime
) -> datetime | None:
    """The moment of the next call to a case.

    ``None`` when there is none (ended, tries used up, field period too short).

    history : tries, oldest first; empty for a case not yet tried, which may be called at the next opening.

    1. An appointment of the last try is kept to the minute, even where the tries are used up: the respondent asked for
       it. Missed, or outside calling hours, it is kept at the next opening.
    2. Otherwise the case rests for the delay of its last outcome, and is called at most ``tries_per_day`` times a day.
    3. The slot that failed last is left alone while another slot is still to open before ``field_until``.

    The result is never before ``now``, always inside calling hours, before ``field_until``, and in the zone of
    ``hours``.
    """
    last = history[-1] if history else None
    if last is not None and last.appointment_at is not None:
        return hours.next_open(max(now, last.appointment_at), field_until)
    if last is not None and find_outcome(last.outcome).ends_case or tries_exhausted(rule, history):
        return None
    earliest = now if last is None else max(now, last.at + rule.delay_after(last.outcome))
    full = _full_days(rule, hours, history)
    openings = (o for o in hours.openings(earliest, field_until) if o.start.date() not in full)
    failed_slot = _failed_slot(hours, history)
    fallback = None
    for opening in openings:
        if opening.slot != failed_slot:
            return opening.start
        fallback = fallback or opening.start
    return fallback


def call_later_at(hours: CallingHours, asked_at: datetime, field_until: datetime) -> datetime | None:
    """When to call somebody who said at ``asked_at`` only that they be called later.

    The same time on the next day at the earliest, and in another slot, since this one did not suit them; in the same slot where no other
    is open before ``field_until``; ``None`` where none is open at all.
    """
    next_day = asked_at.astimezone(hours.zone) + timedelta(days=1)
    openings = list(hours.openings(next_day, field_until))
    slot = hours.slot_of(asked_at)
    return next(
        (opening.start for opening in openings if opening.slot != slot), openings[0].start if openings else None
    )


def _calls(history: Sequence[Try]) -> list[Try]:
    return [entry for entry in history if entry.counts and entry.by_phone]


def _full_days(rule: RetryRule, hours: CallingHours, history: Sequence[Try]) -> set[date]:
    days = [entry.at.astimezone(hours.zone).date() for entry in _calls(history)]
    return {day for day in days if days.count(day) >= rule.tries_per_day}


def _failed_slot(hours: CallingHours, history: Sequence[Try]) -> str | None:
    calls = _calls(history)
    return hours.slot_of(calls[-1].at) if calls else None
