"""Text messages of a case: which one is its next, what it says, and who is thanked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Row, exists, func, select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.rules import FieldRules
from evalsys.samples.models import OptOut, ServiceRecord

#: the messages of a case, one after the other as they are delivered
SEQUENCE = ("invitation", "reminder_1", "reminder_2")
DELIVERED = (Attempt.channel == "sms") & (Attempt.outcome == "3.19")


def is_thankable() -> tuple[ColumnElement[bool], ...]:
    """Of an interview with its service record: complete, invited by a message, not thanked, nothing under way, not opted out since."""
    own = Attempt.case_id == Interview.case_id
    return (
        Interview.state == "answered",
        Interview.outcome == "1.1",
        exists().where(own, Attempt.message == "invitation", DELIVERED),
        ~exists().where(own, (Attempt.message == "thanks") | (Attempt.state != "ended")),
        ~exists().where(OptOut.number_index == ServiceRecord.person_index),
    )


def name_messages(session: Session, case_ids: Sequence[int]) -> dict[int, str]:
    """Which message is each case's next: the invitation until one was delivered, then the reminders."""
    delivered = select(Attempt.case_id, func.count()).where(
        Attempt.case_id.in_(case_ids), DELIVERED, Attempt.message != "thanks", Attempt.voided_at.is_(None)
    )
    counts = dict(session.execute(delivered.group_by(Attempt.case_id)).all())
    return {case_id: SEQUENCE[min(counts.get(case_id, 0), len(SEQUENCE) - 1)] for case_id in case_ids}


def write_messages(
    runtime: Runtime, rules: FieldRules, round_: Round, due: Sequence[Row], messages: Mapping[int, str]
) -> dict[int, str]:
    """The text of each case's message, by case."""
    names = {unit.code: {"zh": unit.name_zh, "en": unit.name_en} for unit in round_.units}
    bodies = {}
    for case_id, _, unit, cid, record, chosen in due:
        if case_id not in messages:
            continue
        language = chosen or rules.language
        context = {"unit": names[unit][language], "link": link_to(runtime, cid), "month": month_of(record)}
        bodies[case_id] = rules.text_message(messages[case_id], language, context)
    return bodies


def link_to(runtime: Runtime, cid: str) -> str:
    """The web address at which a case answers."""
    return f"{runtime.settings.public_base_url}/q/{runtime.keyring.link_token(cid)}"


def month_of(record: ServiceRecord) -> str:
    """The month of service as wordings name it; ``""`` where it is not known."""
    return record.served_on.strftime("%Y-%m") if record.served_on else ""
