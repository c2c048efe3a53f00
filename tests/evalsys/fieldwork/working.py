"""Working a round in tests: one case at a time, its calls, its callbacks and its answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.calls import keep_said
from evalsys.fieldwork.interviews import Conversation, load_conversation, record_answer
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, send_messages
from evalsys.fieldwork.models import Attempt, Interview
from tests.evalsys.installation import Installation

JOB_BY_CHANNEL = {"voice": dial_numbers, "sms": send_messages}


def keep_one(place: Installation, channel: str) -> int:
    """Leave one case of a channel due and no other; its id."""
    ((case_id,),) = place.sql("SELECT min(case_id) FROM interview WHERE next_channel = :channel", channel=channel)
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_id)
    return case_id


def contact(place: Installation, channel: str) -> str:
    """Make what is due on a channel; the key of the newest attempt."""
    place.do_job(JOB_BY_CHANNEL[channel])
    return place.sql("SELECT key FROM attempt ORDER BY id DESC LIMIT 1")[0][0]


def report(place: Installation, key: str, status: str, **form: str) -> bool:
    """A status callback arrives; whether it was new."""
    name = "CallStatus" if status in ("completed", "busy", "no-answer", "in-progress", "ringing") else "MessageStatus"
    with place.app.app_context():
        return receive_status(place.runtime, key, {name: status, **form})


def end(place: Installation, key: str, status: str, *, said: str = "", **form: str) -> None:
    """What was said on an attempt, its last callback, and the applying of it."""
    if said:
        place.act(lambda s, r: keep_said(s, key, said))
    report(place, key, status, **form)
    place.do_job(apply_callbacks)


def interview(place: Installation, case_id: int) -> Interview:
    """The interview of a case."""
    return place.act(lambda s, r: s.get(Interview, case_id, populate_existing=True))


def attempts(place: Installation, case_id: int) -> list[Attempt]:
    """The ledger of a case, oldest first."""
    return place.act(
        lambda s, r: list(
            s.query(Attempt).filter_by(case_id=case_id).order_by(Attempt.number).populate_existing().all()
        )
    )


def talk_to(place: Installation, case_id: int) -> Conversation:
    """The conversation with a case as it stands."""
    return place.act(lambda s, r: load_conversation(s, r, case_id))


def answer(place: Installation, case_id: int, channel: str, questions: int = 20, *, value: str = "1") -> Conversation:
    """Answer up to so many questions the same way, comments left empty."""
    talk = talk_to(place, case_id)
    for _ in range(questions):
        question = talk.next_question(channel) if talk.is_open else None
        if question is None:
            break
        given = value if question.options else ""
        talk = place.act(lambda s, r, t=talk, c=question.code, v=given: record_answer(s, r, t, c, v, channel=channel))
    return talk


def go_to_due(place: Installation, case_id: int) -> datetime:
    """Let the clock run until the case is due; when that is."""
    due = interview(place, case_id).due_at
    assert due is not None, "nothing is due for this case"
    place.clock.at = max(due, place.clock.at + timedelta(seconds=1))
    return due
