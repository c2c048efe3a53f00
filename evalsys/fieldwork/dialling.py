"""Placing calls and messages, at most once each.

The attempt is kept first, then the provider is called with no transaction open, then its answer is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from evalsys.base.clock import Clock
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.cases import end_attempt, open_dossiers
from evalsys.fieldwork.messages import is_thankable, name_messages, write_messages
from evalsys.fieldwork.models import Attempt, Interview
from evalsys.fieldwork.rules import INTERVIEWER, FieldRules, rules_of
from evalsys.fieldwork.text_models import TextReply
from evalsys.gateways.port import CallRequest, MessageRequest, ProviderRefused, ProviderUnknown
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord
from surveys.fieldwork import provider_failed
from surveys.instrument.segments import measure_message

#: an attempt of which nothing was heard for so long is looked up at the provider
LOST_AFTER = timedelta(minutes=1)
#: and one that the provider took, when no last callback has come for so long
SILENT_AFTER = timedelta(hours=1)
#: a worker that stood still for so long makes no attempt any more, since others may soon give it up and make the next one
TOO_LATE = timedelta(minutes=3)
_CHUNK = 40
_THREADS = 4


_DUE = (
    select(Interview.case_id, Interview.tries, Interview.unit_code, Case.cid, ServiceRecord, Interview.language)
    .join(Case, Case.id == Interview.case_id)
    .join(ServiceRecord, ServiceRecord.id == Case.record_id)
)


@dataclass(frozen=True)
class Planned:
    """An attempt that was kept and is about to be made. ``by_person``: whoever answers is joined to the interviewer who asked for it.

    ``body``: of a text message.
    """

    attempt_id: int
    key: str
    channel: str
    phone: str
    caller_id: str
    planned_at: datetime
    body: str = ""
    by_person: bool = False


@dataclass(frozen=True)
class Answer:
    """What the provider said: its id, or that it refused (``code``, and whether later may be better), or nothing (unknown).

    ``asked``: whether it was asked at all.
    """

    attempt_id: int
    sid: str = ""
    refused: str = ""
    retry_later: bool = False
    asked: bool = True


def plan_attempts(
    session: Session,
    runtime: Runtime,
    round_: Round,
    channel: str,
    limit: int,
    *,
    fence: int,
    numbers: dict[str, int] | None = None,
    probing: bool = False,
) -> list[Planned]:
    """Keep the next ``limit`` due attempts of a channel before anybody is contacted.

    ``fence``: that of the worker's claim. ``numbers``: how many attempts each caller id may make, lessened by those planned; they
    allow ``limit`` in all. ``probing``: they are made to see whether the provider works again. After the messages that are due come
    those that thank.
    """
    rules, now = rules_of(round_.configuration), runtime.clock.now()
    due = list(_take_due(session, rules, round_, channel, limit, now))
    messages = {}
    if channel == "sms":
        messages = name_messages(session, [row.case_id for row in due])
        thankable = _take_thankable(session, rules, round_, limit - len(due), now)
        due += thankable
        messages |= {row.case_id: "thanks" for row in thankable}
    if not due:
        return []
    return _keep_planned(session, runtime, round_, channel, due, fence, numbers, probing, messages=messages)


def _take_thankable(session: Session, rules: FieldRules, round_: Round, limit: int, now: datetime) -> Sequence[Row]:
    """At most ``limit`` cases whose complete interview is to be thanked for, in whose county it is the hour.

    Thanks say nothing of the answers, are no try of the case and change nothing of it.
    """
    if "thanks" not in rules.texts or limit < 1:
        return []
    thankable = _DUE.where(Interview.round_id == round_.id, *is_thankable())
    waiting = thankable.order_by(Interview.answered_at, Interview.case_id).limit(limit)
    found = session.execute(waiting.with_for_update(of=Interview, skip_locked=True)).all()
    return [row for row in found if rules.hours_in(row.ServiceRecord.county).is_open(now)]


def plan_bridged_call(
    session: Session,
    runtime: Runtime,
    round_: Round,
    case_id: int,
    *,
    interviewer: str,
    fence: int,
    numbers: dict[str, int] | None = None,
    probing: bool = False,
) -> Planned | None:
    """Keep a call that an interviewer asks for, ``fence`` being that of their lease; ``None`` where the case may not be called now.

    The person is called only within the hours of their county, and while nothing else is under way with them.
    """
    due = session.execute(
        _DUE.where(
            Interview.case_id == case_id,
            Interview.round_id == round_.id,
            Interview.state == "waiting",
            Interview.next_channel == INTERVIEWER,
        ).with_for_update(of=Interview)
    ).all()
    hours = rules_of(round_.configuration).hours_in
    if not due or not hours(due[0].ServiceRecord.county).is_open(runtime.clock.now()):
        return None
    (planned,) = _keep_planned(session, runtime, round_, "voice", due, fence, numbers, probing, interviewer)
    return planned


def _keep_planned(
    session: Session,
    runtime: Runtime,
    round_: Round,
    channel: str,
    due: Sequence[Row],
    fence: int,
    numbers: dict[str, int] | None,
    probing: bool,
    interviewer: str = "",
    messages: Mapping[int, str] | None = None,
) -> list[Planned]:
    now = runtime.clock.now()
    rules = rules_of(round_.configuration)
    callers = _pick_callers(session, rules.caller_ids, {case_id: tries for case_id, tries, *_ in due}, numbers)
    messages = messages or {}
    bodies = write_messages(runtime, rules, round_, due, messages)
    rows = [
        {
            "round_id": round_.id,
            "case_id": case_id,
            "number": tries + 1,
            "key": secrets.token_hex(16),
            "channel": channel,
            "caller_id": callers[case_id],
            "fence": fence,
            "state": "dialling",
            "planned_at": now,
            "outcome": "",
            # Until the interviewer states what a call came to, all that is known of it is that it was theirs.
            "said": "interviewer" if interviewer else "",
            "counts": True,
            "fault": "",
            "probe": probing,
            "interviewer": interviewer,
            "message": messages.get(case_id, ""),
            "segments": measure_message(bodies[case_id]).segments if case_id in bodies else None,
        }
        for case_id, tries, *_ in due
    ]
    session.execute(insert(Attempt), rows)
    keys = [row["key"] for row in rows]
    ids = {key: row for key, row in session.execute(select(Attempt.key, Attempt.id).where(Attempt.key.in_(keys)))}
    session.execute(
        update(Interview)
        .where(Interview.case_id.in_([row["case_id"] for row in rows]))
        # Whoever is thanked has answered, and is not worked on any more.
        .values(
            state=case((Interview.state == "waiting", "calling"), else_=Interview.state), tries=Interview.tries + 1
        ),
        execution_options={"synchronize_session": False},
    )
    return [
        Planned(
            ids[row["key"]],
            row["key"],
            channel,
            read_phone(runtime, record),
            row["caller_id"],
            now,
            bodies.get(row["case_id"], ""),
            by_person=bool(interviewer),
        )
        for row, (_, _, _, _, record, _) in zip(rows, due, strict=True)
    ]


def _take_due(
    session: Session, rules: FieldRules, round_: Round, channel: str, limit: int, now: datetime
) -> Sequence[Row]:
    """The next cases that are due, at most ``limit``; those in whose county it is not the hour rest until it is."""
    while True:
        due = session.execute(
            _DUE.where(
                Interview.round_id == round_.id,
                Interview.state == "waiting",
                Interview.next_channel == channel,
                Interview.due_at <= now,
            )
            .order_by(Interview.due_at, Interview.case_id)
            .limit(limit)
            .with_for_update(of=Interview, skip_locked=True)
        ).all()
        if not rules.hours_by_county:
            return due
        closed = {
            county for county in {row.ServiceRecord.county for row in due} if not rules.hours_in(county).is_open(now)
        }
        for county in closed:
            resting = [row.case_id for row in due if row.ServiceRecord.county == county]
            opening = rules.hours_in(county).next_open(now, round_.field_until)
            session.execute(
                update(Interview).where(Interview.case_id.in_(resting)).values(due_at=opening),
                execution_options={"synchronize_session": False},
            )
        callable_now = [row for row in due if row.ServiceRecord.county not in closed]
        if callable_now or not due:
            return callable_now


def make_attempts(runtime: Runtime, rules: FieldRules, planned: Iterable[Planned]) -> list[Answer]:
    """Call the provider for each planned attempt; called with no transaction open."""
    base = runtime.settings.public_base_url

    def make(attempt: Planned) -> Answer:
        if runtime.clock.now() - attempt.planned_at > TOO_LATE:
            return Answer(attempt.attempt_id, asked=False)
        status_url = f"{base}/provider/status/{attempt.key}"
        try:
            if attempt.channel == "voice":
                voice_url = f"{base}/voice/{attempt.key}" + ("/join" if attempt.by_person else "")
                detection = "off" if attempt.by_person else rules.machine_detection
                machine_url = f"{base}/provider/machine/{attempt.key}"
                call = CallRequest(
                    attempt.key,
                    attempt.phone,
                    attempt.caller_id,
                    voice_url,
                    status_url,
                    detection,
                    machine_url if detection == "async" else "",
                )
                return Answer(attempt.attempt_id, runtime.telephone.place_call(call))
            message = MessageRequest(attempt.key, attempt.phone, attempt.caller_id, attempt.body, status_url)
            return Answer(attempt.attempt_id, runtime.telephone.send_message(message))
        except ProviderRefused as refusal:
            return Answer(attempt.attempt_id, refused=str(refusal.code) or "refused", retry_later=refusal.retry_later)
        except ProviderUnknown:
            return Answer(attempt.attempt_id)

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(make, planned))


def keep_answers(session: Session, runtime: Runtime, answers: Iterable[Answer]) -> None:
    """Keep what the provider said of each attempt; an attempt that a callback has already moved on keeps its state."""
    now = runtime.clock.now()
    taken, unheard = [], []
    for answer in answers:
        if answer.refused:
            attempt = session.get(Attempt, answer.attempt_id, populate_existing=True)
            dossier = open_dossiers(session, [attempt.case_id])[attempt.case_id]
            status = "rate-limited" if answer.retry_later else "failed"
            end_attempt(session, runtime, attempt, dossier, status, error_code=answer.refused)
            attempt.fault = answer.refused[:20] if provider_failed(answer.refused) else ""
            continue
        if not answer.sid and answer.asked:
            unheard.append(answer.attempt_id)
        state = "placed" if answer.sid else "unknown"
        taken.append({"attempt": answer.attempt_id, "state": state, "provider_sid": answer.sid or None})
    table = Attempt.__table__
    if taken:
        untouched = (table.c.id == bindparam("attempt")) & (table.c.state == "dialling")
        session.connection().execute(update(table).where(untouched).values(started_at=now), taken)
    if unheard:
        session.execute(update(table).where(table.c.id.in_(unheard)).values(fault="unknown"))


def chunks(limit: int) -> Iterable[int]:
    """``limit`` in parts, so that a crash leaves few attempts unknown."""
    for start in range(0, limit, _CHUNK):
        yield min(_CHUNK, limit - start)


def find_lost_attempts(session: Session, clock: Clock, round_: Round) -> list[tuple[Attempt, ServiceRecord]]:
    """Attempts that may be lost, with the record that was to be reached: nobody knows whether the provider has them, or it took them
    long ago and no last callback came."""
    now = clock.now()
    unknown = Attempt.state.in_(("dialling", "unknown")) & (Attempt.planned_at < now - LOST_AFTER)
    silent = (Attempt.state == "placed") & (Attempt.planned_at < now - SILENT_AFTER)
    return list(
        session.execute(
            select(Attempt, ServiceRecord)
            .join(Case, Case.id == Attempt.case_id)
            .join(ServiceRecord, ServiceRecord.id == Case.record_id)
            .where(Attempt.round_id == round_.id, unknown | silent)
        )
    )


def list_known_sids(session: Session, sids: list[str]) -> set[str]:
    """Those of the provider's ids that an attempt, or an answer to a text message, has already."""
    replies = select(TextReply.provider_sid).where(TextReply.provider_sid.in_(sids))
    return set(session.scalars(select(Attempt.provider_sid).where(Attempt.provider_sid.in_(sids)).union(replies)))


def _pick_callers(
    session: Session, pool: tuple[str, ...], tries: Mapping[int, int], left: dict[str, int] | None
) -> dict[int, str]:
    """The number that each case is contacted from: the pool in rotation, so that it differs from try to try.

    tries : tries so far, by case. left : what each number may still do; one that may nothing gives its turn to the next that is not
    the number of the case's last try, and to that one only where no other is left.
    """
    if left is None:
        return {case_id: pool[(case_id + number) % len(pool)] for case_id, number in tries.items()}
    again = [case_id for case_id, number in tries.items() if number]
    before = select(Attempt.case_id, Attempt.number, Attempt.caller_id).where(Attempt.case_id.in_(again))
    last = {case_id: caller for case_id, number, caller in session.execute(before) if number == tries[case_id]}
    callers = {}
    for case_id, number in tries.items():
        turn = (case_id + number) % len(pool)
        free = [caller for caller in (*pool[turn:], *pool[:turn]) if left[caller] > 0]
        callers[case_id] = next((caller for caller in free if caller != last.get(case_id)), free[0])
        left[callers[case_id]] -= 1
    return callers
