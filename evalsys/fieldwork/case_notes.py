"""Notes of interviewers for whoever calls a case next: encrypted, read by who holds the case, erased with its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evalsys.base.errors import BadInput
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.models import CaseNote, Shift

LONGEST = 500
NOTES = "case notes"


@dataclass(frozen=True)
class Note:
    """A note as it is read."""

    text: str
    interviewer: str
    written_at: datetime


def write_note(session: Session, runtime: Runtime, shift: Shift, case_id: int, text: str) -> None:
    """Keep a note of at most 500 characters; raises ``BadInput`` for a longer or an empty one."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise BadInput("A note has 1 to %(longest)d characters.", longest=LONGEST)
    session.add(
        CaseNote(
            case_id=case_id,
            round_id=shift.round_id,
            interviewer=shift.interviewer,
            text_cipher=runtime.keyring.encrypt(NOTES, text.encode(), _place(case_id)),
            written_at=runtime.clock.now(),
        )
    )


def read_notes(session: Session, runtime: Runtime, case_id: int) -> list[Note]:
    """The notes of a case, oldest first."""
    return [
        Note(
            runtime.keyring.decrypt(NOTES, note.text_cipher, _place(case_id)).decode(),
            note.interviewer,
            note.written_at,
        )
        for note in session.scalars(select(CaseNote).where(CaseNote.case_id == case_id).order_by(CaseNote.id))
    ]


def forget_notes(session: Session, round_: Round, case_ids: Sequence[int] | None = None) -> None:
    """Erase the notes of cases whose answers are being sealed; by default all of the round, at close."""
    table = CaseNote.__table__
    notes = delete(table).where(table.c.round_id == round_.id)
    session.execute(notes if case_ids is None else notes.where(table.c.case_id.in_(case_ids)))


def _place(case_id: int) -> str:
    return f"case_note:text:{case_id}"
