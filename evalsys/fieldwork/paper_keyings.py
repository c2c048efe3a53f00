"""What is keyed from forms on paper: compared field by field, kept encrypted, erased with the answers of its case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.paper_models import PaperForm, PaperKeying

KEYINGS = "paper keyings"
#: the field that says how a form came back, beside one per question
SAID = "said"
SETTLEMENT = 4


@dataclass(frozen=True)
class Keying:
    """One person's reading of a form: ``SAID`` and the answers by question. ``reason``: of a settlement."""

    turn: int
    keyer: str
    content: Mapping[str, str]
    keyed_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """What keyings of one form agree on, and what each of them says where they do not: field → values in the order of turns."""

    agreed: Mapping[str, str]
    differences: Mapping[str, tuple[str, ...]]
    fields: int


def compare(keyings: Sequence[Mapping[str, str]]) -> Comparison:
    """Compare readings of one form field by field; what two of them say alike stands. A field that is missing was left empty."""
    fields = sorted(set().union(*keyings))
    agreed, differences = {}, {}
    for field in fields:
        values = tuple(keying.get(field, "") for keying in keyings)
        value, votes = Counter(values).most_common(1)[0]
        if votes >= 2:
            agreed[field] = value
        else:
            differences[field] = values
    return Comparison({field: value for field, value in agreed.items() if value}, differences, len(fields))


def keep_keying(
    session: Session,
    runtime: Runtime,
    round_id: int,
    form: PaperForm,
    turn: int,
    keyer: str,
    content: Mapping[str, str],
    reason: str = "",
) -> None:
    """Keep a reading of a form, encrypted for its place alone."""
    plain = json.dumps({"content": dict(content), "reason": reason}, ensure_ascii=False).encode()
    session.add(
        PaperKeying(
            form_id=form.id,
            case_id=form.case_id,
            round_id=round_id,
            turn=turn,
            keyer=keyer,
            content_cipher=runtime.keyring.encrypt(KEYINGS, plain, _place(form.id, turn)),
            keyed_at=runtime.clock.now(),
        )
    )
    session.flush()


def read_keyings(session: Session, runtime: Runtime, form: PaperForm) -> list[Keying]:
    """The readings of a form so far, in their order; none once they were erased."""
    rows = session.scalars(select(PaperKeying).where(PaperKeying.form_id == form.id).order_by(PaperKeying.turn))
    keyings = []
    for row in rows:
        said = json.loads(runtime.keyring.decrypt(KEYINGS, row.content_cipher, _place(form.id, row.turn)))
        keyings.append(Keying(row.turn, row.keyer, said["content"], row.keyed_at, said["reason"]))
    return keyings


def forget_keyings(session: Session, round_: Round, case_ids: Sequence[int] | None = None) -> None:
    """Erase what was keyed of cases whose answers are being sealed or dropped; by default of the whole round, at close."""
    table = PaperKeying.__table__
    keyings = delete(table).where(table.c.round_id == round_.id)
    session.execute(keyings if case_ids is None else keyings.where(table.c.case_id.in_(case_ids)))


def _place(form_id: int, turn: int) -> str:
    return f"paper_keying:content:{form_id}:{turn}"
