"""What follows for a case when an attempt ends: the outcome of the attempt, then the next one or the case's own end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Configuration, Round
from evalsys.fieldwork.interviews import read_answers
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.opt_outs import REFUSED, opt_out_case
from evalsys.fieldwork.rules import BY_TELEPHONE, FieldRules, find_rules
from evalsys.samples.models import Case, ServiceRecord
from surveys.fieldwork import (
    CallingHours,
    Try,
    call_later_at,
    final_outcome,
    is_soft_refusal,
    message_outcome,
    next_try,
    telephone_outcome,
    tries_exhausted,
)
from surveys.fieldwork.dispositions import TELEPHONE_OUTCOMES, TryOutcome

#: how often a message is handed to the provider before the case goes on without it
MESSAGES = 3
#: what a respondent said by a key → what an interview that has begun and not ended came to
_BY_KEY = {"consented": "broken-off", "call_later": "call-later", "interviewer": "bridged"}
_HISTORY = select(
    Attempt.case_id,
    Attempt.number,
    Attempt.started_at,
    Attempt.planned_at,
    Attempt.outcome,
    Attempt.counts,
    Attempt.channel,
).where(Attempt.state == "ended", Attempt.voided_at.is_(None), Attempt.message != "thanks")


@dataclass
class Dossier:
    """A case as its next step needs it: the interview (locked), the rules and state of its round, and its ended tries by number.

    ``county`` is looked up only where some county has hours of its own. ``papers``: what forms on paper came to, by number among the
    tries: they end a case as any try does, but take no call's turn.
    """

    interview: Interview
    rules: FieldRules
    round_state: str
    field_until: datetime
    county: str = ""
    tries: dict[int, Try] = field(default_factory=dict)
    papers: dict[int, str] = field(default_factory=dict)

    @property
    def hours(self) -> CallingHours:
        """When this case may be called."""
        return self.rules.hours_in(self.county)

    @property
    def history(self) -> list[Try]:
        """The ended tries, oldest first, as the rules of fieldwork want them."""
        return [self.tries[number] for number in sorted(self.tries)]

    @property
    def outcomes(self) -> list[str]:
        """What every ended try came to, forms on paper among them, oldest first."""
        known = {number: entry.outcome for number, entry in self.tries.items()} | self.papers
        return [known[number] for number in sorted(known)]


def open_dossiers(session: Session, case_ids: Iterable[int]) -> dict[int, Dossier]:
    """The dossiers of several cases, read in two queries whatever their number.

    The interviews are locked, since a respondent may be answering at this very moment, and read anew.
    """
    wanted = sorted(set(case_ids))
    rows = session.execute(
        select(Interview, Round.state, Round.field_until, Configuration.sha256)
        .join(Round, Round.id == Interview.round_id)
        .join(Configuration, Configuration.id == Round.configuration_id)
        .where(Interview.case_id.in_(wanted))
        .order_by(Interview.case_id)
        .with_for_update(of=Interview)
        .execution_options(populate_existing=True)
    )
    dossiers = {
        interview.case_id: Dossier(interview, find_rules(session, sha256), state, until)
        for interview, state, until, sha256 in rows
    }
    if any(dossier.rules.hours_by_county for dossier in dossiers.values()):
        places = select(Case.id, ServiceRecord.county).join(ServiceRecord, ServiceRecord.id == Case.record_id)
        for case_id, county in session.execute(places.where(Case.id.in_(dossiers))):
            dossiers[case_id].county = county
    for row in session.execute(_HISTORY.where(Attempt.case_id.in_(wanted))):
        if row.channel == "paper":
            dossiers[row.case_id].papers[row.number] = row.outcome
            continue
        entry = Try(row.started_at or row.planned_at, row.outcome, row.counts, row.channel == "voice")
        dossiers[row.case_id].tries[row.number] = entry
    return dossiers


def call_instead(session: Session, runtime: Runtime, case_id: int) -> datetime | None:
    """Have somebody called, in the next calling hours of their county, who would rather answer by telephone; from when on.

    ``None`` where the round makes no calls, the field period ends before one, or a call or message is under way at this moment.
    """
    dossier = open_dossiers(session, [case_id])[case_id]
    interview = dossier.interview
    due = dossier.hours.next_open(runtime.clock.now(), dossier.field_until)
    if interview.state != "waiting" or due is None or "voice" not in dossier.rules.channels:
        return None
    interview.next_channel, interview.due_at = dossier.rules.next_call(by_person=True), due
    return due


def end_attempt(
    session: Session,
    runtime: Runtime,
    attempt: Attempt,
    dossier: Dossier,
    status: str,
    *,
    answered_by: str = "",
    error_code: str = "",
    seconds: int | None = None,
    at: datetime | None = None,
) -> None:
    """Complete an attempt by the last status that a provider reports of it. Once only.

    Who has unsubscribed at the provider has opted out here too.
    """
    if attempt.state == "ended":
        return
    if attempt.channel == "sms":
        result = message_outcome(status, error_code=error_code)
    else:
        result = _voice_outcome(runtime, attempt, dossier, status, answered_by, error_code)
    conclude_attempt(runtime, attempt, dossier, result, seconds=seconds, at=at)
    if attempt.channel == "sms" and result.outcome == REFUSED:
        opt_out_case(session, runtime, attempt.case_id)


def conclude_attempt(
    runtime: Runtime,
    attempt: Attempt,
    dossier: Dossier,
    result: TryOutcome,
    *,
    seconds: int | None,
    at: datetime | None = None,
    appointment_at: datetime | None = None,
) -> None:
    """Complete the row of an attempt that has not ended with its outcome, and decide what is done about its case next.

    ``appointment_at``: when the respondent agreed to be called again.
    """
    attempt.state, attempt.ended_at = "ended", at or runtime.clock.now()
    attempt.outcome, attempt.counts, attempt.seconds = result.outcome, result.counts_as_try, seconds
    if attempt.message == "thanks":
        attempt.counts = False
        return
    begun = attempt.started_at or attempt.planned_at
    agreed = appointment_at
    if attempt.said == "call_later":
        agreed = call_later_at(dossier.hours, begun, dossier.field_until)
    dossier.tries[attempt.number] = Try(begun, result.outcome, result.counts_as_try, attempt.channel == "voice", agreed)
    if dossier.interview.state == "calling":
        _plan_next(runtime, attempt, dossier)


def _voice_outcome(
    runtime: Runtime, attempt: Attempt, dossier: Dossier, status: str, answered_by: str, error_code: str
) -> TryOutcome:
    interview = dossier.interview
    if interview.state in ("answered", "ended", "sealed") and interview.channel in BY_TELEPHONE and interview.outcome:
        return TryOutcome(interview.outcome, True)
    if attempt.said == "refused":
        return TELEPHONE_OUTCOMES["refused"]
    if attempt.said in _BY_KEY:
        answered_by = ""  # whoever pressed a key is no machine, whatever the provider took them for
    elif attempt.said in ("machine", "fax"):
        answered_by = attempt.said
    known = telephone_outcome(status, answered_by=answered_by, error_code=error_code)
    if known is not None:
        return known
    if attempt.said not in _BY_KEY:
        return TELEPHONE_OUTCOMES["hung-up"]
    screened = dossier.rules.questionnaire.is_eligible(read_answers(runtime, interview))
    return TELEPHONE_OUTCOMES["no-screener" if screened is None else _BY_KEY[attempt.said]]


def _plan_next(runtime: Runtime, attempt: Attempt, dossier: Dossier) -> None:
    interview, rules, history, now = dossier.interview, dossier.rules, dossier.history, runtime.clock.now()
    if dossier.round_state not in ("open", "paused"):
        return settle(runtime, dossier, over=True)
    interview.state = "waiting"
    if attempt.channel == "sms":
        # A dead number and an opt-out hold for the telephone too.
        ended = _is_ended(history)
        interview.next_channel, interview.due_at = ("", None) if ended else _after_message(dossier, attempt, now)
        if interview.next_channel:
            return None
    else:
        interview.due_at = next_try(rules.retry, dossier.hours, history, now, dossier.field_until)
        by_person = rules.next_call(by_person=_is_for_person(attempt))
        interview.next_channel = by_person if interview.due_at else _other_untried(rules, history)
        if interview.due_at:
            return None
        if interview.next_channel and not _is_ended(history):
            interview.due_at = dossier.hours.next_open(now, dossier.field_until)
            return None
    exhausted = attempt.channel == "voice" or attempt.outcome != "3.19"
    return settle(runtime, dossier, over=False, exhausted=exhausted)


def _after_message(dossier: Dossier, attempt: Attempt, now: datetime) -> tuple[str, datetime | None]:
    """After a message the reminders follow, then the telephone, later if it was delivered; in the swapped arm the telephone came before.

    A message that never left is sent again first, so that a busy provider does not turn one mode into the other.
    """
    rules, history = dossier.rules, dossier.history
    if attempt.outcome == "3.16" and _count_failing(history) < MESSAGES:
        due = dossier.hours.next_open(now + rules.retry.delay_after(attempt.outcome), dossier.field_until)
        return ("sms", due) if due else ("", None)
    if attempt.outcome == "3.19" and (due := _remind_at(dossier, now)):
        return "sms", due
    if any(entry.by_phone for entry in history) or not rules.other_channel("sms"):
        return "", None
    wait = rules.phone_after_message if attempt.outcome == "3.19" else timedelta(0)
    due = next_try(rules.retry, dossier.hours, [], now + wait, dossier.field_until)
    return (rules.next_call(), due) if due else ("", None)


def _count_failing(history: list[Try]) -> int:
    """How many messages in a row were not delivered, the last ones."""
    messages = [entry.outcome for entry in history if not entry.by_phone]
    return next((back for back, outcome in enumerate(reversed(messages)) if outcome == "3.19"), len(messages))


def _remind_at(dossier: Dossier, now: datetime) -> datetime | None:
    """When the next reminder is due, in the hours of the case's county; ``None`` where there is none before fieldwork ends."""
    delivered = [entry.at for entry in dossier.history if not entry.by_phone and entry.outcome == "3.19"]
    after = dossier.rules.reminder_after[len(delivered) - 1 :]
    if not after:
        return None
    return dossier.hours.next_open(max(now, delivered[0] + after[0]), dossier.field_until)


def _is_for_person(attempt: Attempt) -> bool:
    """Whether after this call a person is wanted rather than a machine: one made it, was asked for, or has somebody to win over."""
    wished = attempt.said in ("call_later", "interviewer")
    return bool(attempt.interviewer) or wished or is_soft_refusal(attempt.outcome)


def _other_untried(rules: FieldRules, history: list[Try]) -> str:
    other = rules.other_channel("voice")
    return other if other and all(entry.by_phone for entry in history) else ""


def _is_ended(history: list[Try]) -> bool:
    return (
        final_outcome([entry.outcome for entry in history], tries_exhausted=False, field_period_over=False) is not None
    )


def give_back(runtime: Runtime, dossier: Dossier) -> None:
    """Give a case back from where it was on paper: ended by what that came to, or due again as it was before, in calling hours."""
    interview, now = dossier.interview, runtime.clock.now()
    over = dossier.round_state not in ("open", "paused")
    if over or final_outcome(dossier.outcomes, tries_exhausted=False, field_period_over=False) is not None:
        return settle(runtime, dossier, over=over, exhausted=False)
    interview.state = "waiting"
    if interview.due_at is not None:
        interview.due_at = dossier.hours.next_open(max(now, interview.due_at), dossier.field_until)


def settle(runtime: Runtime, dossier: Dossier, *, over: bool, exhausted: bool | None = None) -> None:
    """Give a case its final outcome where there is one: answers that make a complete or partial interview stand, else the tries decide.

    over : the field period has ended. exhausted : whether the tries are used up, by default what the retry rule says.
    """
    interview, history = dossier.interview, dossier.history
    reached = dossier.rules.questionnaire.outcome(read_answers(runtime, interview))
    done = tries_exhausted(dossier.rules.retry, history) if exhausted is None else exhausted
    final = final_outcome(dossier.outcomes, tries_exhausted=done, field_period_over=over)
    if final is None and not (reached and over):
        interview.next_channel, interview.due_at = "", None
        return
    if reached in ("1.1", "1.2"):
        interview.state, interview.outcome, interview.answered_at = "answered", reached, runtime.clock.now()
    else:
        interview.state, interview.outcome, interview.ended_at = "ended", final or reached, runtime.clock.now()
        interview.answers_cipher = None
    interview.due_at = None
