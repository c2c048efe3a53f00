"""The one door: whatever the channel, an answer to a question is recorded here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from sqlalchemy import Row, Select, Update, bindparam, case, join, select, update
from sqlalchemy.orm import Session

from evalsys.base.crypto import token_digest
from evalsys.base.errors import NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Configuration, Round, RoundUnit
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.opt_outs import opt_out_case
from evalsys.fieldwork.rules import BY_TELEPHONE, FieldRules, find_rules
from evalsys.samples.models import Case, ServiceRecord
from surveys.instrument import Question, Questionnaire

_HELD = select(
    Interview.case_id,
    Interview.answers_cipher,
    Interview.version,
    Interview.state,
    Interview.outcome,
    Interview.language,
    Interview.unit_code,
    Case.ticket,
    Round.state.label("round_state"),
    Configuration.sha256,
    RoundUnit.name_zh,
    RoundUnit.name_en,
    ServiceRecord.served_on,
    ServiceRecord.county,
).select_from(
    join(Interview, Case, Case.id == Interview.case_id)
    .join(ServiceRecord, ServiceRecord.id == Case.record_id)
    .join(Round, Round.id == Interview.round_id)
    .join(Configuration, Configuration.id == Round.configuration_id)
    .join(RoundUnit, (RoundUnit.round_id == Interview.round_id) & (RoundUnit.code == Interview.unit_code))
)
# Built once, since a page must not spend its time on composing SQL.
_BY_CASE = _HELD.where(Interview.case_id == bindparam("case"))
_BY_TOKEN = _HELD.where(Interview.token_digest == bindparam("digest"))
_BY_CALL = _HELD.join(Attempt, Attempt.case_id == Interview.case_id).where(
    Attempt.key == bindparam("key"), Attempt.channel == "voice"
)
#: while somebody answers on the web or by text message, the telephone and reminders wait this long
QUIET = {"web": timedelta(minutes=30), "sms": timedelta(hours=12)}
ANSWERS = "answers"


@dataclass(frozen=True)
class Conversation:
    """An interview as a channel needs it: what was answered so far, and whom and what it is about. No name, no number."""

    case_id: int
    round_state: str
    rules: FieldRules
    answers: Mapping[str, str]
    version: int
    state: str
    outcome: str
    language: str
    unit_code: str
    unit_name: Mapping[str, str]
    month: str
    county: str
    ticket: str

    @property
    def questionnaire(self) -> Questionnaire:
        """What is asked, in the order of this case."""
        return self.rules.questionnaire.arranged(self.ticket)

    @property
    def is_open(self) -> bool:
        """Whether answers are still taken."""
        return self.state in ("waiting", "calling") and self.round_state in ("open", "paused")

    def next_question(self, channel: str) -> Question | None:
        """The question to ask now; ``None`` when the interview is finished."""
        return self.questionnaire.next_question(self.answers, channel)

    def context(self, language: str) -> dict[str, str]:
        """What is piped into wordings, in ``language`` (zh or en)."""
        return {"unit": self.unit_name[language], "month": self.month}


def load_conversation(session: Session, runtime: Runtime, case_id: int) -> Conversation:
    """The interview of a case, its answers decrypted."""
    talk = _load(session, runtime, _BY_CASE, case=case_id)
    if talk is None:
        raise NotFound("There is no such interview.")
    return talk


def find_by_token(session: Session, runtime: Runtime, token: str) -> Conversation | None:
    """The interview that a web link leads to."""
    return _load(session, runtime, _BY_TOKEN, digest=token_digest(token))


def load_call(session: Session, runtime: Runtime, attempt_key: str) -> Conversation:
    """The interview that a call is about; raises ``NotFound`` for a key that no call has."""
    talk = _load(session, runtime, _BY_CALL, key=attempt_key)
    if talk is None:
        raise NotFound("There is no such call.")
    return talk


def _load(session: Session, runtime: Runtime, statement: Select, **place: int | str) -> Conversation | None:
    row = session.execute(statement, place).one_or_none()
    if row is None:
        return None
    return Conversation(
        case_id=row.case_id,
        round_state=row.round_state,
        rules=find_rules(session, row.sha256),
        answers=read_answers(runtime, row),
        version=row.version,
        state=row.state,
        outcome=row.outcome,
        language=row.language,
        unit_code=row.unit_code,
        unit_name={"zh": row.name_zh, "en": row.name_en},
        county=row.county,
        ticket=row.ticket,
        month=row.served_on.strftime("%Y-%m") if row.served_on else "",
    )


def read_answers(runtime: Runtime, interview: Interview | Row) -> dict[str, str]:
    """The answers on a case (``case_id``, ``answers_cipher``); empty once they were sealed."""
    if interview.answers_cipher is None:
        return {}
    place = f"interview:answers:{interview.case_id}"
    return json.loads(runtime.keyring.decrypt(ANSWERS, interview.answers_cipher, place))


def record_answer(
    session: Session,
    runtime: Runtime,
    talk: Conversation,
    code: str,
    value: str,
    *,
    channel: str,
    language: str = "",
    to_review: bool = False,
) -> Conversation:
    """Keep one answer, and finish the interview with the last one, unless the respondent is to review them all (``to_review``).

    An answer to an earlier question replaces the one there was; what the new path no longer asks is left out of the outcome but not
    destroyed. Raises ``InstrumentError`` for a value the question does not have, ``Refused`` where the interview takes no answers, or
    where another page or call has answered since ``talk`` was loaded.
    """
    if not talk.is_open:
        raise Refused("This interview takes no more answers.")
    value = talk.questionnaire.validate_answer(code, value)
    answers = {**talk.answers, code: value}
    done = not to_review and talk.questionnaire.next_question(answers, channel) is None
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
    # Sorted, since the order in which they were asked may follow from the ticket.
    sealed = json.dumps(answers, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    values = {
        "case": talk.case_id,
        "seen": talk.version,
        "answers_cipher": runtime.keyring.encrypt(ANSWERS, sealed, f"interview:answers:{talk.case_id}")
        if keep
        else None,
        "version": talk.version + 1,
        "channel": channel,
        "language": language or talk.language,
    }
    if done:
        values |= {"state": "answered" if keep else "ended", "outcome": outcome}
        values |= {"answered_at": now if keep else None, "ended_at": None if keep else now}
    elif channel in QUIET:
        values["quiet_until"] = now + QUIET[channel]
    changed = session.execute(_saving(done, channel in QUIET), values).rowcount
    if not changed:
        raise Refused("This question was answered in another place meanwhile; reload to go on from there.")
    return replace(
        talk,
        answers=answers if keep else {},
        version=talk.version + 1,
        state=values.get("state", talk.state),
        outcome=values.get("outcome", talk.outcome),
        language=values["language"],
    )


@cache
def _saving(done: bool, undisturbed: bool) -> Update:
    """The statement that keeps an answer unless another was kept meanwhile; of the columns only what depends on the row itself."""
    table = Interview.__table__.c
    held = table.state.in_(("waiting", "calling"))
    saving = update(Interview.__table__).where(
        table.case_id == bindparam("case"), table.version == bindparam("seen"), held
    )
    if done:
        return saving.values(due_at=None)
    if not undisturbed:
        return saving
    # The telephone, where it is still to come, does not ring while somebody answers.
    quiet_until = bindparam("quiet_until", type_=table.due_at.type)
    soon = table.next_channel.in_((*BY_TELEPHONE, "sms")) & (table.due_at < quiet_until)
    return saving.values(due_at=case((soon, quiet_until), else_=table.due_at))


def opt_out(session: Session, runtime: Runtime, case_id: int) -> None:
    """Never contact this person again, in this round or any other."""
    if session.get(Interview, case_id) is None:
        raise NotFound("There is no such interview.")
    opt_out_case(session, runtime, case_id)


def refuse_interview(session: Session, runtime: Runtime, case_id: int, outcome: str = "2.11") -> None:
    """End an interview with a refusal and forget what was answered before it."""
    table = Interview.__table__
    session.execute(
        update(table)
        .where(table.c.case_id == case_id, table.c.state.in_(("waiting", "calling")))
        .values(state="ended", outcome=outcome, ended_at=runtime.clock.now(), due_at=None, answers_cipher=None)
    )
