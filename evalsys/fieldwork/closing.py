"""Closing a round: every case gets its final outcome, and every answer is sealed and accounted for."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.call_results import forget_digests
from evalsys.fieldwork.case_notes import forget_notes
from evalsys.fieldwork.cases import open_dossiers, settle
from evalsys.fieldwork.models import Interview
from evalsys.fieldwork.paper_batches import refuse_unsigned
from evalsys.fieldwork.paper_keyings import forget_keyings
from evalsys.fieldwork.sealing import seal_rest
from evalsys.fieldwork.text_conversations import forget_conversations
from evalsys.outbox.actions import end_jobs

#: so many cases are settled at a time at close
_AT_ONCE = 500


def close_round(session: Session, runtime: Runtime, round_: Round, *, actor: str) -> dict[str, int]:
    """End fieldwork: no more calls, every case gets its final outcome, every answer is sealed; counts of final outcomes.

    Raises ``Refused`` while a batch of forms on paper is not signed.
    """
    refuse_unless(round_, "open", "paused", doing="closing")
    refuse_unsigned(session, round_)
    open_ones = session.scalars(
        select(Interview.case_id).where(Interview.round_id == round_.id, Interview.state.in_(("waiting", "calling")))
    ).all()
    for start in range(0, len(open_ones), _AT_ONCE):
        for dossier in open_dossiers(session, open_ones[start : start + _AT_ONCE]).values():
            settle(runtime, dossier, over=True)
        session.flush()
    round_.closed_at = runtime.clock.now()
    forget_notes(session, round_)
    forget_keyings(session, round_)
    seal_rest(session, runtime, round_)
    forget_digests(session, round_)
    forget_conversations(session, round_)
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
