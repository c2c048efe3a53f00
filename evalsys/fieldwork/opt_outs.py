"""People who want no more contact: kept for every round to come, their open cases ended in every round there is."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.base.database import keep_once
from evalsys.base.runtime import Runtime
from evalsys.design.models import Configuration, Round
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.rules import find_rules
from evalsys.samples.imports import PERSON
from evalsys.samples.models import Case, OptOut, ServiceRecord
from evalsys.samples.numbers import classify_number
from surveys.fieldwork import asks_to_stop

REFUSED = "2.11"


def opt_out_person(session: Session, runtime: Runtime, person_index: str) -> int:
    """Never contact this person again, in any round; how many open cases ended as refusals (2.11).

    Cases that are released later end at their release, see ``releases``; later frames leave the person out.
    """
    now = runtime.clock.now()
    keep_once(session, OptOut, {"number_index": person_index, "opted_out_at": now})
    own = (
        select(Case.id)
        .join(ServiceRecord, (ServiceRecord.round_id == Case.round_id) & (ServiceRecord.cid == Case.cid))
        .where(ServiceRecord.person_index == person_index)
    )
    ended = session.execute(
        update(Interview)
        .where(Interview.case_id.in_(own), Interview.state.in_(("waiting", "calling")))
        .values(state="ended", outcome=REFUSED, ended_at=now, due_at=None, answers_cipher=None),
        # Of a batch of callbacks other cases of the same person may be in memory already.
        execution_options={"synchronize_session": "fetch"},
    )
    return ended.rowcount


def opt_out_case(session: Session, runtime: Runtime, case_id: int) -> int:
    """Never contact the person of this case again; how many open cases ended."""
    person = select(ServiceRecord.person_index).join(Case, Case.record_id == ServiceRecord.id).where(Case.id == case_id)
    return opt_out_person(session, runtime, session.execute(person).scalar_one())


def receive_message(session: Session, runtime: Runtime, sender: str, text: str) -> bool:
    """Whether what somebody wrote back opts them out; then they have. The text itself is never kept."""
    number, _ = classify_number(sender)
    versions = select(Configuration.sha256).where(Configuration.id.in_(select(Round.configuration_id)))
    words = [word for sha256 in session.scalars(versions).all() for word in find_rules(session, sha256).stop_words]
    if not number or not asks_to_stop(text, words):
        return False
    opt_out_person(session, runtime, runtime.keyring.blind_index(PERSON, number))
    return True
