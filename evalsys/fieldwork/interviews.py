"""The one door: whatever the channel, an answer to a question is recorded here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session, defer, joinedload

from evalsys.base.crypto import token_digest
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Configuration, Round, RoundUnit
from evalsys.design.rules import questionnaire_of
from evalsys.fieldwork.models import Interview
from evalsys.samples.models import Case, OptOut, ServiceRecord
from surveys.instrument import Question, Questionnaire

# Built once, since a voice page must not spend its time on composing SQL.
_CONVERSATION = (
    select(Interview, Round, Configuration, RoundUnit, ServiceRecord.served_on)
    .join(Case, Case.id == Interview.case_id)
    .join(ServiceRecord, ServiceRecord.id == Case.record_id)
    .join(Round, Round.id == Interview.round_id)
    .join(Configuration, Configuration.id == Round.configuration_id)
    .join(RoundUnit, (RoundUnit.round_id == Interview.round_id) & (RoundUnit.code == Interview.unit_code))
    .where(Interview.case_id == bindparam("case"))
    .options(defer(Configuration.content))
)
_CASE_BY_TOKEN = select(Interview.case_id).where(Interview.token_digest == bindparam("digest"))
#: while somebody answers on the web, the telephone waits this long
QUIET = timedelta(minutes=30)
ANSWERS = "answers"


@dataclass(frozen=True)
class Conversation:
    """An interview as a channel needs it: what was answered so far, and whom and what it is about. No name, no number."""

    case_id: int
    round: Round
    configuration: Configuration
    questionnaire: Questionnaire
    answers: Mapping[str, str]
    version: int
    state: str
    outcome: str
    language: str
    unit_code: str
    unit_name: Mapping[str, str]
    month: str

    @property
    def is_open(self) -> bool:
        """Whether answers are still taken."""
        return self.state in ("waiting", "calling") and self.round.state in ("open", "paused")

    def next_question(self, channel: str) -> Question | None:
        """The question to ask now; ``None`` when the interview is finished."""
        return self.questionnaire.next_question(self.answers, channel)

    def context(self, language: str) -> dict[str, str]:
        """What is piped into wordings, in ``language`` (zh or en)."""
        return {"unit": self.unit_name[language], "month": self.month}


def find_case_by_token(session: Session, token: str) -> int | None:
    """The case that a web link belongs to."""
    return session.scalar(_CASE_BY_TOKEN, {"digest": token_digest(token)})


def load_conversation(session: Session, runtime: Runtime, case_id: int) -> Conversation:
    """The interview of a case, its answers decrypted."""
    row = session.execute(_CONVERSATION, {"case": case_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such interview.")
    interview, round_, configuration, unit, served_on = row
    return Conversation(
        case_id=case_id,
        round=round_,
        configuration=configuration,
        questionnaire=questionnaire_of(configuration),
        answers=read_answers(runtime, interview),
        version=interview.version,
        state=interview.state,
        outcome=interview.outcome,
        language=interview.language,
        unit_code=interview.unit_code,
        unit_name={"zh": unit.name_zh, "en": unit.name_en},
        month=served_on.strftime("%Y-%m") if served_on else "",
    )


def read_answers(runtime: Runtime, interview: Interview) -> dict[str, str]:
    """The answers on a case; empty once they were sealed."""
    if interview.answers_cipher is None:
        return {}
    place = f"interview:answers:{interview.case_id}"
    return json.loads(runtime.keyring.decrypt(ANSWERS, interview.answers_cipher, place))


def record_answer(
    session: Session, runtime: Runtime, talk: Conversation, code: str, value: str, *, channel: str, language: str = ""
) -> Conversation:
    """Keep one answer, and finish the interview with the last one.

    An answer to an earlier question replaces the one there was; what the new path no longer asks is left out of the outcome but not
    destroyed. Raises ``InstrumentError`` for a value the question does not have, ``Refused`` where the interview takes no answers, or
    where another page or call has answered since ``talk`` was loaded.
    """
    if not talk.is_open:
        raise Refused("This interview takes no more answers.")
    value = talk.questionnaire.validate_answer(code, value)
    answers = {**talk.answers, code: value}
    done = talk.questionnaire.next_question(answers, channel) is None
    return _save(session, runtime, talk, answers, channel=channel, language=language, done=done)


def finish_interview(session: Session, runtime: Runtime, talk: Conversation, *, channel: str) -> Conversation:
    """End an interview with the answers it has (field period over, or the respondent leaves for good)."""
    return _save(session, runtime, talk, dict(talk.answers), channel=channel, language="", done=True)


def _save(
    session: Session, runtime: Runtime, talk: Conversation, answers: dict, *, channel: str, language: str, done: bool
) -> Conversation:
    now = runtime.clock.now()
    outcome = talk.questionnaire.outcome(answers) or ""
    keep = not done or outcome in ("1.1", "1.2")
    sealed = json.dumps(answers, ensure_ascii=False, separators=(",", ":")).encode()
    values: dict = {
        "answers_cipher": runtime.keyring.encrypt(ANSWERS, sealed, f"interview:answers:{talk.case_id}")
        if keep
        else None,
        "version": talk.version + 1,
        "channel": channel,
    }
    if language:
        values["language"] = language
    if done:
        values |= {"state": "answered" if keep else "ended", "outcome": outcome, "due_at": None}
        values |= {"answered_at" if keep else "ended_at": now}
    elif channel == "web":
        # The telephone, where it is still to come, does not ring while somebody answers.
        soon = (Interview.next_channel == "voice") & (Interview.due_at < now + QUIET)
        values["due_at"] = case((soon, now + QUIET), else_=Interview.due_at)
    changed = session.execute(
        update(Interview)
        .where(
            Interview.case_id == talk.case_id,
            Interview.version == talk.version,
            Interview.state.in_(("waiting", "calling")),
        )
        .values(**values),
        execution_options={"synchronize_session": False},
    ).rowcount
    if not changed:
        raise Refused("This question was answered in another place meanwhile; reload to go on from there.")
    return replace(
        talk,
        answers=answers if keep else {},
        version=talk.version + 1,
        state=values.get("state", talk.state),
        outcome=values.get("outcome", talk.outcome),
        language=language or talk.language,
    )


def opt_out(session: Session, runtime: Runtime, case_id: int) -> None:
    """Never contact this person again, in this round or any other."""
    interview = session.get(Interview, case_id, options=[joinedload(Interview.case).joinedload(Case.record)])
    if interview is None:
        raise NotFound("There is no such interview.")
    index = interview.case.record.person_index
    if session.get(OptOut, index) is None:
        session.add(OptOut(number_index=index, opted_out_at=runtime.clock.now()))
    refuse_interview(session, runtime, case_id)


def refuse_interview(session: Session, runtime: Runtime, case_id: int) -> None:
    """End an interview with a refusal (2.11) and forget what was answered before it."""
    session.execute(
        update(Interview)
        .where(Interview.case_id == case_id, Interview.state.in_(("waiting", "calling")))
        .values(state="ended", outcome="2.11", ended_at=runtime.clock.now(), due_at=None, answers_cipher=None),
        execution_options={"synchronize_session": False},
    )
