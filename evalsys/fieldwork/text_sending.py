"""Sending the answers to text messages: once each. The row says so first, then the provider is called, then its answer is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.base.database import transaction
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.design.queries import get_round
from evalsys.fieldwork.circuits import find_circuit
from evalsys.fieldwork.dialling import LOST_AFTER, TOO_LATE, list_known_sids
from evalsys.fieldwork.interviews import load_conversation
from evalsys.fieldwork.messages import link_to
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.opt_outs import opt_out_case
from evalsys.fieldwork.rules import rules_of
from evalsys.fieldwork.spending import find_use, is_spent
from evalsys.fieldwork.text_conversations import write_reply
from evalsys.fieldwork.text_models import TextReply
from evalsys.gateways.port import MessageRequest, ProviderError, ProviderRefused, ProviderUnknown
from evalsys.outbox.actions import Claim, hold_claim
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, OptOut
from surveys.fieldwork import OPEN
from surveys.instrument.segments import measure_message

#: an answer that the provider was too busy for is tried again after so long
LATER = timedelta(minutes=1)
#: one that the provider does not list was not taken, once so long has passed
NOT_TAKEN_AFTER = timedelta(minutes=5)
_AT_ONCE = 40
UNSUBSCRIBED = "21610"


@dataclass(frozen=True)
class PlannedReply:
    """An answer that is about to be sent."""

    reply_id: int
    request: MessageRequest
    planned_at: datetime


def answer_replies(runtime: Runtime, code: str, claim: Claim) -> None:
    """Answer those who have written, at any hour, since they are at it themselves; not while the round is paused or the provider fails."""
    while True:
        with transaction() as session:
            round_ = get_round(session, code)
            if round_.state != "open" or not hold_claim(session, runtime.clock, claim):
                return
            planned = _plan(session, runtime, round_, claim.fence)
        if not planned:
            return
        for one in planned:
            values = _send(runtime, one)
            with transaction() as session:
                _keep(session, runtime, one.reply_id, claim.fence, values)


def _plan(session: Session, runtime: Runtime, round_: Round, fence: int) -> list[PlannedReply]:
    now, rules = runtime.clock.now(), rules_of(round_.configuration)
    due = session.scalars(
        select(TextReply)
        .where(
            TextReply.round_id == round_.id,
            TextReply.state == "due",
            TextReply.due_at <= now,
            # Two messages of open fate to one number could not be told apart in the provider's list.
            ~select(Attempt.id)
            .where(
                Attempt.case_id == TextReply.case_id,
                Attempt.channel == "sms",
                Attempt.state.in_(("dialling", "unknown")),
            )
            .exists(),
        )
        .order_by(TextReply.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not due or find_circuit(session, round_, "sms", now).state == OPEN:
        return []
    if rules.costs.budget is not None and is_spent(rules, "sms", find_use(session, round_, now)):
        return []
    planned = []
    for reply in due:
        case = session.get(Case, reply.case_id)
        left = session.get(OptOut, case.record.person_index) is not None
        body = (
            "" if left else write_reply(load_conversation(session, runtime, case.id), reply, link_to(runtime, case.cid))
        )
        if not body:
            reply.state = "failed"
            continue
        reply.state, reply.fence, reply.due_at = "sending", fence, now
        reply.segments = measure_message(body).segments
        request = MessageRequest(f"reply-{reply.id}", read_phone(runtime, case.record), reply.caller_id, body, "")
        planned.append(PlannedReply(reply.id, request, now))
    session.flush()
    return planned


def _send(runtime: Runtime, planned: PlannedReply) -> dict:
    """What becomes of the row; called with no transaction open."""
    if runtime.clock.now() - planned.planned_at > TOO_LATE:
        return {"state": "unknown"}
    try:
        return {"state": "sent", "provider_sid": runtime.telephone.send_message(planned.request)}
    except ProviderRefused as refusal:
        if refusal.retry_later:
            return {"state": "due", "due_at": runtime.clock.now() + LATER}
        return {"state": "refused" if str(refusal.code) == UNSUBSCRIBED else "failed"}
    except ProviderUnknown:
        return {"state": "unknown"}


def _keep(session: Session, runtime: Runtime, reply_id: int, fence: int, values: dict) -> None:
    """Keep what the provider said, unless the row was settled otherwise meanwhile."""
    if values["state"] == "refused":
        values = {"state": "failed"}
        opt_out_case(session, runtime, session.get(TextReply, reply_id).case_id)
    session.execute(
        update(TextReply)
        .where(TextReply.id == reply_id, TextReply.state == "sending", TextReply.fence == fence)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def reconcile_replies(runtime: Runtime, code: str) -> None:
    """Find out from the provider which answers of unknown fate it took; one that it certainly did not is sent after all."""
    with transaction() as session:
        before = runtime.clock.now() - LOST_AFTER
        lost = session.scalars(
            select(TextReply).where(
                TextReply.round_id == get_round(session, code).id,
                TextReply.state.in_(("sending", "unknown")),
                TextReply.due_at < before,
            )
        ).all()
        asked = [(r.id, r.due_at, read_phone(runtime, session.get(Case, r.case_id).record)) for r in lost]
    for reply_id, planned_at, phone in asked:
        try:
            found = runtime.telephone.find_messages(phone, planned_at - LOST_AFTER)
        except ProviderError:
            continue
        with transaction() as session:
            taken = list_known_sids(session, [message.sid for message in found])
            own = next((message.sid for message in found if message.sid not in taken), None)
            if own:
                values = {"state": "sent", "provider_sid": own}
            elif runtime.clock.now() - planned_at > NOT_TAKEN_AFTER:
                values = {"state": "due", "due_at": runtime.clock.now()}
            else:
                continue
            open_fate = TextReply.id == reply_id, TextReply.state.in_(("sending", "unknown"))
            session.execute(update(TextReply).where(*open_fate).values(**values))
