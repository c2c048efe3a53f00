"""The beats of fieldwork, as jobs: apply callbacks, send, dial, release, reconcile, seal."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from evalsys.base.database import db, erase_remains, transaction
from evalsys.base.runtime import Runtime
from evalsys.design.queries import get_round
from evalsys.fieldwork.callbacks import FINAL, apply_receipts
from evalsys.fieldwork.capacity import find_capacity
from evalsys.fieldwork.cases import Dossier, end_attempt, open_dossiers
from evalsys.fieldwork.circuits import watch_provider
from evalsys.fieldwork.dialling import (
    LOST_AFTER,
    chunks,
    find_lost_attempts,
    keep_answers,
    list_known_sids,
    make_attempts,
    plan_attempts,
)
from evalsys.fieldwork.interviewing import conclude_abandoned_calls
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.purging import may_purge, purge_round
from evalsys.fieldwork.releases import release_where_needed
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.sealing import seal_answers
from evalsys.fieldwork.spending import note_spent
from evalsys.fieldwork.text_sending import answer_replies, reconcile_replies
from evalsys.gateways.port import ProviderCall, ProviderError
from evalsys.outbox.actions import Claim, end_job, hold_claim
from evalsys.outbox.worker import job_kind
from evalsys.samples.imports import read_phone
from evalsys.samples.retention import PURGE

#: an attempt that the provider does not know is given up after so long
GIVEN_UP_AFTER = timedelta(minutes=5)


@job_kind("field.apply")
def apply_callbacks(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Apply every callback received so far, some hundreds per transaction."""
    applied = 1
    while applied:
        with transaction() as session:
            applied = apply_receipts(session, runtime)


@job_kind("field.send")
def send_messages(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Send the messages that are due, and thank those who have answered."""
    answer_replies(runtime, payload["round"], claim)
    _make_due(runtime, payload["round"], "sms", claim)


@job_kind("field.dial")
def dial_numbers(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Place the calls that are due, as many as pace and capacity allow."""
    _make_due(runtime, payload["round"], "voice", claim)


def _make_due(runtime: Runtime, code: str, channel: str, claim: Claim) -> None:
    if runtime.settings.by_call_centre:
        return  # what is due waits for the next work list
    with transaction() as session:
        round_ = get_round(session, code)
        capacity = find_capacity(session, runtime, round_, channel)
        if capacity.spent:
            note_spent(session, runtime.clock, round_, channel)
    for size in chunks(capacity.attempts):
        with transaction() as session:
            # Looked at again for every chunk: staff may have paused the round, another worker may have taken the job over.
            round_ = get_round(session, code)
            if round_.state != "open" or not hold_claim(session, runtime.clock, claim):
                return
            rules = rules_of(round_.configuration)
            planned = plan_attempts(
                session,
                runtime,
                round_,
                channel,
                size,
                fence=claim.fence,
                numbers=capacity.numbers,
                probing=capacity.probing,
            )
        if not planned:
            return
        answers = make_attempts(runtime, rules, planned)
        with transaction() as session:
            keep_answers(session, runtime, answers)
            if not watch_provider(session, runtime.clock, round_, channel, probing=capacity.probing):
                return


@job_kind("field.release")
def release_replicates(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Release what is needed."""
    with transaction() as session:
        round_ = get_round(session, payload["round"])
        if round_.state == "open":
            release_where_needed(session, runtime, round_)


@job_kind("field.seal")
def seal_ready_answers(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Seal what quality control has let go."""
    with transaction() as session:
        seal_answers(session, runtime, get_round(session, payload["round"]))


@job_kind("field.erase")
def erase_originals(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Once answers have left their cases: leave nothing of them in older pages or rows of the database's files."""
    erase_remains(db.engine, payload["tables"], anew=payload.get("anew", False))


@job_kind(PURGE)
def purge_when_due(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Destroy the contacts of a round once its day has come; a round that is still in the field is looked at again the next day."""
    with transaction() as session:
        found = get_round(session, payload["round"])
        if may_purge(runtime, found):
            purge_round(session, runtime, found, actor="retention")
        if found.purged_at is not None:
            end_job(session, runtime.clock, f"{PURGE}:{found.code}")


@job_kind("field.reconcile")
def reconcile_attempts(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Find out from the provider what became of attempts that nobody knows of; none is made again while the provider does not answer."""
    if runtime.settings.by_call_centre:
        return  # there is no provider to ask; a work list is out until its results come
    with transaction() as session:
        conclude_abandoned_calls(session, runtime, get_round(session, payload["round"]).id)
    with transaction() as session:
        lost = find_lost_attempts(session, runtime.clock, get_round(session, payload["round"]))
        questions = [(a.id, a.channel, a.planned_at, a.provider_sid, read_phone(runtime, record)) for a, record in lost]
    reconcile_replies(runtime, payload["round"])
    for attempt_id, channel, planned_at, sid, phone in questions:
        try:
            found = _ask_provider(runtime, channel, phone, planned_at - LOST_AFTER)
        except ProviderError:
            continue
        with transaction() as session:
            # Read anew: a callback may have ended it while the provider was asked, and no final state goes back.
            attempt = session.get(Attempt, attempt_id, populate_existing=True)
            _settle_lost(session, runtime, attempt, sid, found)


def _settle_lost(
    session: Session, runtime: Runtime, attempt: Attempt, sid: str | None, found: list[ProviderCall]
) -> None:
    """Bring an attempt up to what the provider lists of it. Another attempt's call to the same number is not taken for this one's."""
    sid = attempt.provider_sid or sid  # a callback may have brought it while the provider was asked
    taken = list_known_sids(session, [call.sid for call in found])
    own = next((call for call in found if call.sid == sid or (not sid and call.sid not in taken)), None)
    if own is None:
        if not sid and runtime.clock.now() - attempt.planned_at > GIVEN_UP_AFTER:
            end_attempt(session, runtime, attempt, _dossier(session, attempt), "failed")
        return
    if attempt.state in ("dialling", "unknown"):
        attempt.state, attempt.provider_sid = "placed", own.sid
    if own.status in FINAL[attempt.channel]:
        end_attempt(
            session,
            runtime,
            attempt,
            _dossier(session, attempt),
            own.status,
            answered_by=own.answered_by,
            error_code=own.error_code,
            seconds=own.seconds,
        )


def _dossier(session: Session, attempt: Attempt) -> Dossier:
    return open_dossiers(session, [attempt.case_id])[attempt.case_id]


def _ask_provider(runtime: Runtime, channel: str, phone: str, since: datetime) -> list[ProviderCall]:
    """What the provider lists of a number; raises ``ProviderError`` where it does not answer."""
    find = runtime.telephone.find_calls if channel == "voice" else runtime.telephone.find_messages
    return find(phone, since)
