"""Sealing answers in batches without case, time or order, and closing a round so that every answer is accounted for."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.call_results import forget_digests
from evalsys.fieldwork.cases import open_dossiers, settle
from evalsys.fieldwork.interviews import read_answers
from evalsys.fieldwork.models import Interview, SealedAnswer
from evalsys.fieldwork.rules import rules_of
from evalsys.outbox.actions import end_jobs
from evalsys.samples.models import Case

#: the least number of answers that is sealed at once, of one unit
BATCH = 10
#: the least number of answers of one weighting class in a batch
CLASS = 5
#: so many cases are settled at a time at close
_AT_ONCE = 500


def seal_answers(session: Session, runtime: Runtime, round_: Round, *, leftovers: bool = False) -> int:
    """Seal the answers whose quality control is over: per unit, at least ten at once, five of each class; how many were.

    ``leftovers``: at close, whatever is left goes with the last batch.
    """
    held_until = runtime.clock.now() - rules_of(round_.configuration).quality_hold
    ready = select(Interview, Case).join(Case, Case.id == Interview.case_id)
    ready = ready.where(Interview.round_id == round_.id, Interview.state == "answered")
    if not leftovers:
        ready = ready.where(Interview.answered_at <= held_until)
    by_unit: dict[str, list[tuple[Interview, Case]]] = defaultdict(list)
    for interview, case in session.execute(ready.order_by(Interview.case_id)):
        by_unit[interview.unit_code].append((interview, case))
    sealed = 0
    for waiting in by_unit.values():
        batch = waiting if leftovers else _choose_batch(waiting)
        if batch:
            _seal_batch(session, runtime, batch)
            forget_digests(session, round_, [interview.case_id for interview, _ in batch])
            sealed += len(batch)
    return sealed


def _choose_batch(waiting: list[tuple[Interview, Case]]) -> list[tuple[Interview, Case]]:
    per_class = Counter(case.stratum for _, case in waiting)
    batch = [(interview, case) for interview, case in waiting if per_class[case.stratum] >= CLASS]
    return batch if len(batch) >= BATCH else []


def _seal_batch(session: Session, runtime: Runtime, batch: list[tuple[Interview, Case]]) -> None:
    """Move a batch of answers out of their cases: shuffled, under fresh random keys, without time."""
    block = secrets.token_hex(8)
    rows = [
        {
            "key": secrets.token_hex(16),
            "round_id": interview.round_id,
            "unit_code": interview.unit_code,
            "stratum": case.stratum,
            "channel": interview.channel,
            "arm": case.arm,
            "block": block,
            "outcome": interview.outcome,
            "answers": dict(sorted(read_answers(runtime, interview).items())),
            "voided": False,
        }
        for interview, case in batch
    ]
    # Keys are random, so their order is a shuffle that no clock or case number can undo.
    session.execute(insert(SealedAnswer), sorted(rows, key=lambda row: row["key"]))
    session.execute(
        update(Interview)
        .where(Interview.case_id.in_([interview.case_id for interview, _ in batch]))
        .values(state="sealed", answers_cipher=None, answered_at=None, version=0, language=""),
        execution_options={"synchronize_session": False},
    )


def close_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> dict[str, int]:
    """End fieldwork: no more calls, every case gets its final outcome, every answer is sealed; counts of final outcomes."""
    refuse_unless(round_, "open", "paused", doing="closing")
    open_ones = session.scalars(
        select(Interview.case_id).where(Interview.round_id == round_.id, Interview.state.in_(("waiting", "calling")))
    ).all()
    for start in range(0, len(open_ones), _AT_ONCE):
        for dossier in open_dossiers(session, open_ones[start : start + _AT_ONCE]).values():
            settle(runtime, dossier, over=True)
        session.flush()
    round_.closed_at = runtime.clock.now()
    seal_answers(session, runtime, round_, leftovers=True)
    forget_digests(session, round_)
    for kind in ("field.send", "field.dial", "field.release", "field.seal"):
        end_jobs(session, runtime.clock, f"{kind}:{round_.code}")
    outcomes = count_outcomes(session, round_)
    record_act(session, runtime.clock, round_.code, actor, "round closed", outcomes=outcomes)
    return outcomes


def count_outcomes(session: Session, round_: Round) -> dict[str, int]:
    """Cases by outcome so far; ``""`` for those still worked on."""
    rows = session.execute(
        select(Interview.outcome, func.count()).where(Interview.round_id == round_.id).group_by(Interview.outcome)
    )
    return dict(sorted(rows.all()))


def balance_answers(session: Session, round_: Round) -> dict[str, dict[str, int]]:
    """Per channel: cases sealed, answers stored, answers voided. They must balance before anything is frozen."""
    sealed = dict(
        session.execute(
            select(Interview.channel, func.count())
            .where(Interview.round_id == round_.id, Interview.state == "sealed")
            .group_by(Interview.channel)
        ).all()
    )
    stored: dict[tuple[str, bool], int] = {
        (channel, voided): count
        for channel, voided, count in session.execute(
            select(SealedAnswer.channel, SealedAnswer.voided, func.count())
            .where(SealedAnswer.round_id == round_.id)
            .group_by(SealedAnswer.channel, SealedAnswer.voided)
        )
    }
    channels = sorted(set(sealed) | {channel for channel, _ in stored})
    return {
        channel: {
            "sealed": sealed.get(channel, 0),
            "stored": stored.get((channel, False), 0),
            "voided": stored.get((channel, True), 0),
        }
        for channel in channels
    }


def require_balance(session: Session, round_: Round) -> dict[str, dict[str, int]]:
    """The balance of answers; raises ``Refused`` naming the channel in which cases and answers differ."""
    balance = balance_answers(session, round_)
    for channel, count in balance.items():
        if count["sealed"] != count["stored"] + count["voided"]:
            raise Refused(
                "Channel %(channel)s has %(sealed)d sealed cases but %(stored)d answers and %(voided)d voided ones; "
                "find out why before anything is frozen or published.",
                channel=channel,
                **count,
            )
    return balance
