"""Status callbacks: kept once each however often they come, then applied in batches; no final state goes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from evalsys.base.database import insert_once
from evalsys.base.runtime import Runtime
from evalsys.design.models import Configuration, Round
from evalsys.design.rules import questionnaire_of
from evalsys.fieldwork.interviews import read_answers
from evalsys.fieldwork.models import Attempt, Interview, StatusReceipt
from evalsys.fieldwork.rules import FieldRules, rules_of
from surveys.fieldwork import Try, final_outcome, message_outcome, next_try, telephone_outcome, tries_exhausted
from surveys.fieldwork.dispositions import TELEPHONE_OUTCOMES, TryOutcome

FINAL = {
    "voice": ("completed", "busy", "failed", "no-answer", "canceled"),
    "sms": ("delivered", "undelivered", "failed"),
}
#: SIP answers that say something about the number: not found, gone, incomplete address
_DEAD_NUMBER = ("404", "410", "484", "604")

#: how often a message is handed to the provider before the case goes on without it
MESSAGES = 3


def receive_status(session: Session, runtime: Runtime, attempt_key: str, form: Mapping[str, str]) -> bool:
    """Keep a status callback under its own key; whether it was new."""
    status = form.get("CallStatus") or form.get("MessageStatus") or ""
    seconds = form.get("CallDuration", "")
    dead = form.get("SipResponseCode", "") in _DEAD_NUMBER
    return insert_once(
        session,
        StatusReceipt,
        {
            "attempt_key": attempt_key,
            "status": status[:20],
            "provider_sid": (form.get("CallSid") or form.get("MessageSid") or "")[:40],
            "answered_by": form.get("AnsweredBy", "")[:30],
            "seconds": int(seconds) if seconds.isdigit() else None,
            "error_code": "21211" if dead else form.get("ErrorCode", "")[:10],
            "received_at": runtime.clock.now(),
            "applied": False,
        },
    )


def apply_receipts(session: Session, runtime: Runtime, round_: Round, limit: int = 500) -> int:
    """Bring attempts up to what the callbacks kept so far say, and plan what follows; how many callbacks were applied."""
    receipts = list(
        session.scalars(
            select(StatusReceipt).where(StatusReceipt.applied.is_(False)).order_by(StatusReceipt.id).limit(limit)
        )
    )
    if not receipts:
        return 0
    by_key: dict[str, list[StatusReceipt]] = defaultdict(list)
    for receipt in receipts:
        by_key[receipt.attempt_key].append(receipt)
        receipt.applied = True
    for attempt in session.scalars(select(Attempt).where(Attempt.key.in_(by_key))):
        for receipt in by_key[attempt.key]:
            _apply(session, runtime, attempt, receipt)
    session.flush()
    return len(receipts)


def _apply(session: Session, runtime: Runtime, attempt: Attempt, receipt: StatusReceipt) -> None:
    if receipt.status in ("in-progress", "answered"):
        # Also when it comes after the last status: that a call connected must not depend on the order of callbacks.
        attempt.connected_at = attempt.connected_at or receipt.received_at
    if attempt.state == "ended":
        return
    attempt.provider_sid = attempt.provider_sid or receipt.provider_sid
    attempt.started_at = attempt.started_at or receipt.received_at
    if receipt.status in FINAL[attempt.channel]:
        end_attempt(
            session,
            runtime,
            attempt,
            receipt.status,
            answered_by=receipt.answered_by,
            error_code=receipt.error_code,
            seconds=receipt.seconds,
            at=receipt.received_at,
        )
    else:
        attempt.state = "placed"


def end_attempt(
    session: Session,
    runtime: Runtime,
    attempt: Attempt,
    status: str,
    *,
    answered_by: str = "",
    error_code: str = "",
    seconds: int | None = None,
    at=None,
) -> None:
    """Complete an attempt's row with its outcome, and decide what is done about its case next. Once only."""
    if attempt.state == "ended":
        return
    interview, round_, configuration = session.execute(
        select(Interview, Round, Configuration)
        .join(Round, Round.id == Interview.round_id)
        .join(Configuration, Configuration.id == Round.configuration_id)
        .where(Interview.case_id == attempt.case_id)
        .options(defer(Configuration.content))
        # Locked, since the respondent may be answering on the web at this very moment.
        .with_for_update(of=Interview)
        .execution_options(populate_existing=True)
    ).one()
    if attempt.channel == "sms":
        result = message_outcome(status, error_code=error_code)
    else:
        result = _voice_outcome(runtime, attempt, interview, configuration, status, answered_by, error_code)
    attempt.state, attempt.ended_at = "ended", at or runtime.clock.now()
    attempt.outcome, attempt.counts, attempt.seconds = result.outcome, result.counts_as_try, seconds
    session.flush()
    if interview.state == "calling":
        _plan_next(session, runtime, attempt, interview, round_, configuration)


def _voice_outcome(
    runtime: Runtime,
    attempt: Attempt,
    interview: Interview,
    configuration: Configuration,
    status: str,
    answered_by: str,
    error_code: str,
) -> TryOutcome:
    if interview.state in ("answered", "ended", "sealed") and interview.channel == "voice" and interview.outcome:
        return TryOutcome(interview.outcome, True)
    if attempt.said == "refused":
        return TELEPHONE_OUTCOMES["refused"]
    known = telephone_outcome(
        status, answered_by="machine" if attempt.said == "machine" else answered_by, error_code=error_code
    )
    if known is not None:
        return known
    if attempt.said != "consented":
        return TELEPHONE_OUTCOMES["hung-up"]
    screened = questionnaire_of(configuration).is_eligible(read_answers(runtime, interview))
    return TELEPHONE_OUTCOMES["no-screener" if screened is None else "broken-off"]


def list_tries(session: Session, case_id: int) -> list[Try]:
    """The ended tries of a case, oldest first, as the rules of fieldwork want them."""
    rows = session.execute(
        select(Attempt.started_at, Attempt.planned_at, Attempt.outcome, Attempt.counts, Attempt.channel)
        .where(Attempt.case_id == case_id, Attempt.state == "ended")
        .order_by(Attempt.number)
    )
    return [
        Try(started or planned, outcome, counts, channel == "voice")
        for started, planned, outcome, counts, channel in rows
    ]


def _plan_next(
    session: Session,
    runtime: Runtime,
    attempt: Attempt,
    interview: Interview,
    round_: Round,
    configuration: Configuration,
) -> None:
    rules = rules_of(configuration)
    now = runtime.clock.now()
    history = list_tries(session, attempt.case_id)
    if round_.state not in ("open", "paused"):
        return settle(session, runtime, interview, configuration, history, rules, over=True)
    interview.state = "waiting"
    if attempt.channel == "sms":
        # A dead number and an opt-out hold for the telephone too.
        ended = _is_ended(history)
        interview.next_channel, interview.due_at = (
            ("", None) if ended else _after_message(rules, round_, history, attempt, now)
        )
        if interview.next_channel:
            return None
    else:
        interview.due_at = next_try(rules.retry, rules.hours, history, now, round_.field_until)
        interview.next_channel = "voice" if interview.due_at else _other_untried(rules, history)
        if interview.due_at:
            return None
        if interview.next_channel and not _is_ended(history):
            interview.due_at = rules.hours.next_open(now, round_.field_until)
            return None
    exhausted = attempt.channel == "voice" or attempt.outcome != "3.19"
    return settle(session, runtime, interview, configuration, history, rules, over=False, exhausted=exhausted)


def _after_message(rules: FieldRules, round_: Round, history: list[Try], attempt: Attempt, now):
    """After a message the telephone follows, later if it was delivered; in the swapped arm the telephone came before.

    A message that never left is sent again first, so that a busy provider does not turn one mode into the other.
    """
    if attempt.outcome == "3.16" and sum(not entry.by_phone for entry in history) < MESSAGES:
        due = rules.hours.next_open(now + rules.retry.delay_after(attempt.outcome), round_.field_until)
        return ("sms", due) if due else ("", None)
    if any(entry.by_phone for entry in history) or not rules.other_channel("sms"):
        return "", None
    wait = rules.phone_after_message if attempt.outcome == "3.19" else timedelta(0)
    due = next_try(rules.retry, rules.hours, [], now + wait, round_.field_until)
    return ("voice", due) if due else ("", None)


def _other_untried(rules: FieldRules, history: list[Try]) -> str:
    other = rules.other_channel("voice")
    return other if other and all(entry.by_phone for entry in history) else ""


def _is_ended(history: list[Try]) -> bool:
    return (
        final_outcome([entry.outcome for entry in history], tries_exhausted=False, field_period_over=False) is not None
    )


def settle(
    session: Session,
    runtime: Runtime,
    interview: Interview,
    configuration: Configuration,
    history: list[Try],
    rules: FieldRules,
    *,
    over: bool,
    exhausted: bool | None = None,
) -> None:
    """Give a case its final outcome where there is one: answers that make a complete or partial interview stand, else the tries decide."""
    answers = read_answers(runtime, interview)
    reached = questionnaire_of(configuration).outcome(answers)
    done = tries_exhausted(rules.retry, history) if exhausted is None else exhausted
    final = final_outcome([entry.outcome for entry in history], tries_exhausted=done, field_period_over=over)
    if final is None and not (reached and over):
        interview.next_channel, interview.due_at = "", None
        return
    if reached in ("1.1", "1.2"):
        interview.state, interview.outcome, interview.answered_at = "answered", reached, runtime.clock.now()
    else:
        interview.state, interview.outcome, interview.ended_at = "ended", final or reached, runtime.clock.now()
        interview.answers_cipher = None
    interview.due_at = None
