"""Interviews by text message: what somebody writes back, read as an answer, and what is to be answered to it.

Of what came only the provider's id is kept, of what is answered only what kind of message it is: its text follows from the interview.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.interviews import Conversation, load_conversation, opt_out, record_answer, refuse_interview
from evalsys.fieldwork.late_answers import is_late, note_late_answer
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.text_models import TextCost, TextReply
from evalsys.samples.imports import PERSON
from evalsys.samples.models import Case, OptOut, ServiceRecord
from evalsys.samples.numbers import classify_number
from surveys.errors import InstrumentError
from surveys.instrument import CONSENT
from surveys.instrument.replies import BACK, BEGIN, HELP, REPEAT, find_wish, read_reply

CHANNEL = "sms"
#: not understood so often in a row, somebody is told so and asked again; then comes the goodbye, and then nothing
PATIENCE = 2
ENDINGS = {"1.1": "complete", "1.2": "complete", "4.10": "ineligible"}


def take_reply(session: Session, runtime: Runtime, sender: str, text: str, *, sid: str, to: str) -> None:
    """Take a message that opts nobody out. What is not about a round's messages, or came before, changes nothing."""
    number, _ = classify_number(sender)
    found = _find_case(session, runtime.keyring.blind_index(PERSON, number)) if number and sid else None
    if found is None or session.scalar(select(TextReply.id).where(TextReply.inbound_sid == sid)):
        return
    case_id, caller_id, messaged_at = found
    session.execute(select(Interview.case_id).where(Interview.case_id == case_id).with_for_update())
    talk = load_conversation(session, runtime, case_id)
    newest = select(TextReply).where(TextReply.case_id == case_id).order_by(TextReply.id.desc()).limit(1)
    last = session.scalars(newest).first()
    says, asked, missed = _respond(
        session, runtime, talk, text, last, begun=bool(last and last.received_at >= messaged_at)
    )
    now = runtime.clock.now()
    session.add(
        TextReply(
            round_id=session.scalar(select(Interview.round_id).where(Interview.case_id == case_id)),
            case_id=case_id,
            inbound_sid=sid[:40],
            caller_id=to if to in talk.rules.caller_ids else caller_id,
            received_at=now,
            says=says,
            asked=asked,
            missed=missed,
            state="due" if says else "failed",
            due_at=now,
        )
    )


def _find_case(session: Session, person: str) -> tuple | None:
    """The case of a person that was last sent a message, from which number and when; nobody's who has opted out."""
    return session.execute(
        select(Attempt.case_id, Attempt.caller_id, Attempt.planned_at)
        .join(Case, Case.id == Attempt.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .where(
            ServiceRecord.person_index == person,
            Attempt.channel == CHANNEL,
            Attempt.message != "thanks",
            ~select(OptOut.number_index).where(OptOut.number_index == person).exists(),
        )
        .order_by(Attempt.planned_at.desc(), Attempt.id.desc())
        .limit(1)
    ).first()


def _respond(
    session: Session, runtime: Runtime, talk: Conversation, text: str, last: TextReply | None, *, begun: bool
) -> tuple[str, str, int]:
    """What is answered, about which question, and how often in a row nothing was understood.

    begun : the last message sent was a question, and no invitation or reminder, to which ``1`` would mean something else.
    """
    wish, asked, missed = find_wish(text), last.asked if last else "", last.missed if last else 0
    if wish == HELP:
        return "identity" if "identity" in talk.rules.texts else "", asked, missed
    if not talk.rules.two_way:
        return "", "", 0
    if is_late(talk):
        note_late_answer(session, talk, channel=CHANNEL)
    if not talk.is_open:
        return "", "", 0
    if not (begun and asked):
        return _begin(session, runtime, talk, text, wish, asked)
    questionnaire = talk.questionnaire
    if asked not in questionnaire.path(talk.answers, CHANNEL):
        return _ask_next(talk)
    bare = text.strip()
    if wish == BACK or bare == questionnaire.back_key:
        before = questionnaire.previous_question(talk.answers, CHANNEL, asked)
        return "question", before.code if before else asked, 0
    if wish in (BEGIN, REPEAT) or bare == questionnaire.repeat_key:
        return "question", asked, 0
    try:
        value = read_reply(questionnaire.question(asked), text)
    except InstrumentError:
        says = "again" if missed < PATIENCE else "goodbye" if missed == PATIENCE else ""
        return says, asked, missed + 1
    language = talk.language or talk.rules.language
    return _ask_next(record_answer(session, runtime, talk, asked, value, channel=CHANNEL, language=language))


def _begin(
    session: Session, runtime: Runtime, talk: Conversation, text: str, wish: str, asked: str
) -> tuple[str, str, int]:
    """The answer to an invitation or a reminder: whether somebody takes part."""
    if wish == BEGIN:
        return _ask_next(talk)
    try:
        choice = read_reply(talk.questionnaire.question(CONSENT), text)
    except InstrumentError:
        return ("again", asked, 1) if asked else ("", "", 0)
    if choice == "1":
        return _ask_next(talk)
    if choice == "3":
        opt_out(session, runtime, talk.case_id)
        return "", "", 0
    refuse_interview(session, runtime, talk.case_id)
    return "refused", "", 0


def _ask_next(talk: Conversation) -> tuple[str, str, int]:
    question = talk.next_question(CHANNEL) if talk.is_open else None
    return "question", question.code if question else "", 0


def write_reply(talk: Conversation, reply: TextReply, link: str) -> str:
    """The text of an answer, from the interview as it stands; ``""`` where there is nothing more to say."""
    language = talk.language or talk.rules.language
    context = {**talk.context(language), "link": link}
    questionnaire = talk.questionnaire
    if reply.says in ("identity", "goodbye"):
        return talk.rules.text_message(reply.says, language, context)
    if reply.says == "refused":
        return questionnaire.message("refused", language, CHANNEL, context)
    if talk.is_open and reply.asked:
        question = questionnaire.written(reply.asked, language, context)
        unclear = talk.rules.text_message("unclear", language, context) + "\n" if reply.says == "again" else ""
        return unclear + question
    ending = ENDINGS.get(talk.outcome, "")
    return questionnaire.message(ending, language, CHANNEL, context) if ending and not reply.asked else ""


def forget_conversations(session: Session, round_: Round, case_ids: Sequence[int] | None = None) -> None:
    """Forget how conversations went, of some cases or the whole round; what they cost stays, in one sum."""
    which = [TextReply.round_id == round_.id]
    if case_ids is not None:
        which.append(TextReply.case_id.in_(case_ids))
    paid = session.scalar(select(func.sum(TextReply.segments)).where(*which, TextReply.provider_sid.is_not(None)))
    if paid:
        known = update(TextCost).where(TextCost.round_id == round_.id).values(segments=TextCost.segments + paid)
        if not session.execute(known).rowcount:
            session.execute(insert(TextCost).values(round_id=round_.id, segments=paid))
    session.execute(delete(TextReply).where(*which).execution_options(synchronize_session=False))
