"""Batches of numbered forms for people of the sample who are met in one place: made, looked at, and signed by a supervisor.

A case in a batch is an attempt that was kept before the form is printed, as on a call centre's work list; its form says nothing of it
but a serial with a check character. A form for whoever comes by does not exist: who was not drawn is not scored.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, NotFound, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt, Hold, Interview
from evalsys.fieldwork.paper_models import PaperBatch, PaperForm
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord
from surveys.fieldwork.serials import check_character, has_right_check

CHANNEL = "paper"
#: an attempt whose form is out has this state, and its batch's number behind ``SID`` where a provider's id stands else
OUT = "out"
SID = "paper-"
#: so many forms are printed at most in one batch
MOST = 100
LANGUAGES = ("zh", "en")
_SERIAL = re.compile(r"(\d{1,9})-?(\d{4})-?([0-9A-Z])")


@dataclass(frozen=True)
class FormToPrint:
    """A form of a batch: its serial and what it is about; no name, no number."""

    serial: str
    unit: str
    month: str


@dataclass(frozen=True)
class HandoutRow:
    """Who gets which form, for whoever hands them out and nobody else."""

    serial: str
    phone: str
    unit: str


@dataclass(frozen=True)
class BatchState:
    """How a batch stands: forms by state, those done by how they came back, ``missing`` serials, and how well it was keyed.

    ``keyers``: who keyed any of it. ``fields`` were compared, of which ``differing`` differed between the first two keyings.
    """

    batch: PaperBatch
    by_state: Mapping[str, int]
    by_said: Mapping[str, int]
    superseded: int
    missing: tuple[str, ...]
    differing_serials: tuple[str, ...]
    fields: int
    differing: int

    @property
    def is_accounted(self) -> bool:
        """Whether every form of it is done, so that it can be signed."""
        return self.by_state.get("done", 0) == self.batch.forms


def serial_of(batch_id: int, number: int) -> str:
    """The serial of a form, for example ``3-0007-K``."""
    text = f"{batch_id}-{number:04d}"
    return f"{text}-{check_character(text)}"


def find_form(session: Session, round_: Round, serial: str) -> PaperForm:
    """The form of a typed serial. Raises ``BadInput`` where the check character does not fit, ``NotFound`` for no form of the round."""
    found = _SERIAL.fullmatch(serial.strip().upper().replace(" ", ""))
    if found is None or not has_right_check(found[0]):
        raise BadInput("%(serial)s is not a serial; look again at every sign of it.", serial=serial.strip()[:40])
    form = session.scalar(
        select(PaperForm)
        .join(PaperBatch, PaperBatch.id == PaperForm.batch_id)
        .where(PaperBatch.round_id == round_.id, PaperForm.batch_id == int(found[1]), PaperForm.number == int(found[2]))
        .execution_options(populate_existing=True)
    )
    if form is None:
        raise NotFound("Round %(code)s has no form %(serial)s.", code=round_.code, serial=serial.strip()[:40])
    return form


def count_available(
    session: Session, runtime: Runtime, round_: Round, units: Sequence[str], groups: Sequence[str]
) -> int:
    """How many cases the next batch of these units and groups could hold."""
    return session.scalar(select(func.count()).select_from(_available(runtime, round_, units, groups).subquery()))


def make_batch(
    session: Session,
    runtime: Runtime,
    round_: Round,
    *,
    units: Sequence[str],
    groups: Sequence[str],
    language: str,
    limit: int,
    actor: str,
) -> PaperBatch:
    """Put released cases that nobody works on into a batch, at most ``limit``, in the order of their tickets.

    Raises ``Refused`` where the round is not open or no such case is left, ``BadInput`` for a limit or language that is none.
    """
    refuse_unless(round_, "open", doing="making a batch of forms")
    if not 1 <= limit <= MOST:
        raise BadInput("A batch has 1 to %(most)s forms.", most=MOST)
    if language not in LANGUAGES:
        raise BadInput("A form is printed in zh or en, not in %(language)s.", language=language)
    chosen = session.execute(
        _available(runtime, round_, units, groups)
        .order_by(Case.ticket)
        .limit(limit)
        .with_for_update(of=Interview, skip_locked=True)
    ).all()
    if not chosen:
        raise Refused("No released case of these units and groups waits for a contact now.")
    now = runtime.clock.now()
    batch = PaperBatch(round_id=round_.id, language=language, forms=len(chosen), made_at=now, made_by=actor, counts={})
    session.add(batch)
    session.flush()
    kept = {"round_id": round_.id, "channel": CHANNEL, "fence": 0, "state": OUT, "planned_at": now}
    for number, case in enumerate(chosen, 1):
        attempt = Attempt(
            case_id=case.case_id,
            number=case.tries + 1,
            key=secrets.token_hex(16),
            provider_sid=f"{SID}{batch.id}",
            **kept,
        )
        session.add(attempt)
        session.flush()
        session.add(
            PaperForm(
                batch_id=batch.id, number=number, case_id=case.case_id, attempt_id=attempt.id, state="out", keyers=[]
            )
        )
    table = Interview.__table__
    session.execute(
        update(table)
        .where(table.c.case_id.in_([case.case_id for case in chosen]))
        .values(state="calling", tries=table.c.tries + 1)
    )
    session.flush()
    session.expire_all()
    record_act(
        session,
        runtime.clock,
        round_.code,
        actor,
        "paper batch made",
        batch=batch.id,
        forms=batch.forms,
        units=sorted(units),
        groups=sorted(groups),
    )
    return batch


def _available(runtime: Runtime, round_: Round, units: Sequence[str], groups: Sequence[str]):
    held = select(Hold.case_id).where(Hold.expires_at > runtime.clock.now())
    found = (
        select(Interview.case_id, Interview.tries)
        .join(Case, Case.id == Interview.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .where(Interview.round_id == round_.id, Interview.state == "waiting", Interview.case_id.not_in(held))
    )
    if units:
        found = found.where(Interview.unit_code.in_(units))
    return found.where(ServiceRecord.group.in_(groups)) if groups else found


def get_batch(session: Session, round_: Round, batch_id: int) -> PaperBatch:
    """A batch of a round; raises ``NotFound``."""
    batch = session.get(PaperBatch, batch_id, populate_existing=True)
    if batch is None or batch.round_id != round_.id:
        raise NotFound("Round %(code)s has no batch %(batch)s.", code=round_.code, batch=batch_id)
    return batch


def list_batches(session: Session, round_: Round) -> list[BatchState]:
    """The batches of a round, newest first."""
    batches = session.scalars(
        select(PaperBatch).where(PaperBatch.round_id == round_.id).order_by(PaperBatch.id.desc())
    ).all()
    return [describe_batch(session, batch) for batch in batches]


def describe_batch(session: Session, batch: PaperBatch) -> BatchState:
    """How a batch stands; of answers there is nothing in it."""
    forms = session.scalars(
        select(PaperForm)
        .where(PaperForm.batch_id == batch.id)
        .order_by(PaperForm.number)
        .execution_options(populate_existing=True)
    ).all()
    return BatchState(
        batch=batch,
        by_state=Counter(form.state for form in forms),
        by_said=Counter(form.said for form in forms if form.state == "done"),
        superseded=sum(form.superseded for form in forms),
        missing=tuple(serial_of(batch.id, form.number) for form in forms if form.state == "out"),
        differing_serials=tuple(serial_of(batch.id, form.number) for form in forms if form.state == "differs"),
        fields=sum(form.fields for form in forms),
        differing=sum(form.differing for form in forms),
    )


def list_forms_to_print(
    session: Session, runtime: Runtime, round_: Round, batch: PaperBatch, *, actor: str
) -> list[FormToPrint]:
    """The forms of a batch as they are printed, in the order of their serials; that they were is in the trail."""
    units = {unit.code: unit for unit in round_.units}
    rows = [
        FormToPrint(
            serial_of(batch.id, number),
            units[unit].name_zh if batch.language == "zh" else units[unit].name_en,
            record.served_on.strftime("%Y-%m") if record.served_on else "",
        )
        for number, unit, record in _cases(session, batch)
    ]
    record_act(session, runtime.clock, round_.code, actor, "paper batch printed", batch=batch.id, forms=len(rows))
    return rows


def list_handout(
    session: Session, runtime: Runtime, round_: Round, batch: PaperBatch, *, actor: str
) -> list[HandoutRow]:
    """Who gets which form: for whoever hands the forms out; who took the list is in the trail."""
    rows = [
        HandoutRow(serial_of(batch.id, number), read_phone(runtime, record), unit)
        for number, unit, record in _cases(session, batch)
    ]
    record_act(session, runtime.clock, round_.code, actor, "paper handout list taken", batch=batch.id, forms=len(rows))
    return rows


def _cases(session: Session, batch: PaperBatch):
    return session.execute(
        select(PaperForm.number, Case.unit_code, ServiceRecord)
        .join(Case, Case.id == PaperForm.case_id)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .where(PaperForm.batch_id == batch.id)
        .order_by(PaperForm.number)
    )


def sign_batch(session: Session, runtime: Runtime, round_: Round, batch_id: int, *, actor: str) -> PaperBatch:
    """Sign a batch in which every form is accounted for; it is closed with that.

    Raises ``Refused`` naming what is missing, for a batch that is signed, and for whoever made the batch or keyed of it.
    """
    session.execute(select(PaperBatch.id).where(PaperBatch.id == batch_id).with_for_update())
    batch = get_batch(session, round_, batch_id)
    refuse_signed(batch)
    state = describe_batch(session, batch)
    if not state.is_accounted:
        open_ones = ", ".join((*state.missing, *state.differing_serials)[:10])
        raise Refused(
            "%(count)s forms of batch %(batch)s are not accounted for, first: %(serials)s. Account for each before it is signed.",
            count=batch.forms - state.by_state.get("done", 0),
            batch=batch.id,
            serials=open_ones or "–",
        )
    if actor == batch.made_by or actor in _list_keyers(session, batch):
        raise Refused("Who made a batch or keyed of it does not sign it; have somebody else sign.")
    batch.signed_at, batch.signed_by = runtime.clock.now(), actor
    batch.counts = {
        "forms": batch.forms,
        **{f"said {said}": count for said, count in sorted(state.by_said.items())},
        "superseded": state.superseded,
        "fields": state.fields,
        "differing": state.differing,
    }
    record_act(session, runtime.clock, round_.code, actor, "paper batch signed", batch=batch.id, **batch.counts)
    session.flush()
    return batch


def refuse_signed(batch: PaperBatch) -> None:
    """Raise ``Refused`` for a batch that is signed and so closed."""
    if batch.signed_at is not None:
        raise Refused("Batch %(batch)s is signed and closed.", batch=batch.id)


def refuse_unsigned(session: Session, round_: Round) -> None:
    """Raise ``Refused`` while a batch of the round is not signed: what is on paper would be lost."""
    unsigned = session.scalars(
        select(PaperBatch.id).where(PaperBatch.round_id == round_.id, PaperBatch.signed_at.is_(None))
    ).all()
    if unsigned:
        raise Refused(
            "Batches of forms on paper are not signed yet: %(batches)s. Account for every form and have them signed first.",
            batches=", ".join(map(str, sorted(unsigned))),
        )


def _list_keyers(session: Session, batch: PaperBatch) -> set[str]:
    rows = session.scalars(select(PaperForm.keyers).where(PaperForm.batch_id == batch.id))
    return {keyer for keyers in rows for keyer in keyers}


def list_unsigned(session: Session) -> list[tuple[Round, list[BatchState]]]:
    """The rounds that have batches which wait for their signature, with these."""
    rounds = session.scalars(
        select(Round)
        .where(Round.id.in_(select(PaperBatch.round_id).where(PaperBatch.signed_at.is_(None))))
        .order_by(Round.code)
    ).all()
    return [
        (found, [state for state in list_batches(session, found) if state.batch.signed_at is None]) for found in rounds
    ]


def list_signed(session: Session) -> list[tuple[Round, PaperBatch]]:
    """The batches that were signed, the last one first."""
    rows = session.execute(
        select(Round, PaperBatch)
        .join(PaperBatch, PaperBatch.round_id == Round.id)
        .where(PaperBatch.signed_at.is_not(None))
        .order_by(PaperBatch.signed_at.desc())
    )
    return [(found, batch) for found, batch in rows]


def list_to_settle(session: Session, round_: Round, keyer: str) -> list[str]:
    """The serials of forms that ``keyer`` keyed and that differ."""
    forms = session.scalars(
        select(PaperForm)
        .join(PaperBatch, PaperBatch.id == PaperForm.batch_id)
        .where(PaperBatch.round_id == round_.id, PaperForm.state == "differs")
        .order_by(PaperForm.batch_id, PaperForm.number)
    )
    return [serial_of(form.batch_id, form.number) for form in forms if keyer in form.keyers]
