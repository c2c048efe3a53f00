"""Interviews that people took: the ledger and the answers as a console or a call centre would leave them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from evalsys.design.queries import get_round
from evalsys.fieldwork.interviews import load_conversation, record_answer
from evalsys.fieldwork.models import Attempt
from tests.evalsys.installation import ROUND, Installation


def take_interviews(
    place: Installation,
    cases: Iterable[int],
    interviewer: str,
    *,
    value: Callable[[int, str], str] = lambda case_id, code: "1",
    questions: int = 20,
    seconds: int | None = 300,
) -> None:
    """Have an interviewer take interviews; ``value(case, question)`` is what is answered at a scored indicator."""

    def take(session, runtime):
        round_id, now = get_round(session, ROUND).id, runtime.clock.now()
        for case_id in cases:
            talk = load_conversation(session, runtime, case_id)
            for _ in range(questions):
                question = talk.next_question("interviewer") if talk.is_open else None
                if question is None:
                    break
                given = "1" if question.options else ""
                if question.code in talk.questionnaire.scored:
                    given = value(case_id, question.code)
                talk = record_answer(session, runtime, talk, question.code, given, channel="interviewer")
            session.add(
                Attempt(
                    round_id=round_id,
                    case_id=case_id,
                    number=1,
                    key=secrets.token_hex(16),
                    channel="voice",
                    fence=0,
                    state="ended",
                    planned_at=now,
                    started_at=now,
                    ended_at=now,
                    outcome=talk.questionnaire.outcome(talk.answers) or "2.12",
                    interviewer=interviewer,
                    seconds=seconds,
                )
            )

    place.act(take)
