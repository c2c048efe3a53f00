"""Calls to the telephones of staff, and by staff to who was interviewed: they cost as calls do, and keep the pace.

Each is a call into a conference: an interviewer's own telephone or that of quality control, which holds the conference; a
supervisor's, who hears and is not heard; somebody's who is asked again. An interviewer's call to a respondent is an attempt instead.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from evalsys.base.errors import Refused
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.callbacks import FINAL
from evalsys.fieldwork.capacity import find_capacity
from evalsys.fieldwork.models import Shift, StaffCall
from evalsys.fieldwork.rules import rules_of
from evalsys.gateways.port import CallRequest, ProviderRefused, ProviderUnknown

#: a call of which nothing was heard for so long is over: it never rang, or lasted as long as the provider lets a call last
UNHEARD, LONGEST = timedelta(minutes=1), timedelta(hours=4)
OWN, LISTENING, RECONTACT = "own", "listening", "recontact"


@dataclass(frozen=True)
class Conference:
    """The conference that a call belongs into; ``purpose`` is that of the call."""

    room: str
    purpose: str


def new_room() -> str:
    """The name of a conference that nobody can guess."""
    return secrets.token_hex(16)


def plan_staff_call(
    session: Session,
    runtime: Runtime,
    round_: Round,
    number: str,
    *,
    purpose: str,
    person: str,
    room: str,
    case_id: int | None = None,
) -> CallRequest:
    """Keep that a telephone is about to be called, once: the request to place with no transaction open.

    number : E.164. Raises ``Refused`` where the installation makes no calls, or hours, pace, budget or provider allow none now.
    """
    if runtime.settings.by_call_centre:
        raise Refused(
            "This installation exchanges files with a call centre and places no call, so that nobody can be called from here."
        )
    capacity = find_capacity(session, runtime, round_, "voice")
    if capacity.attempts < 1:
        raise Refused(
            "No call can be placed at this moment: calling hours, pace, budget or the provider do not allow it. Try again in a moment."
        )
    free = [caller_id for caller_id, count in (capacity.numbers or {}).items() if count]
    kept = StaffCall(
        round_id=round_.id,
        key=secrets.token_hex(16),
        purpose=purpose,
        person=person,
        room=room,
        case_id=case_id,
        caller_id=(free or rules_of(round_.configuration).caller_ids)[0],
        state="dialling",
        planned_at=runtime.clock.now(),
    )
    session.add(kept)
    session.flush()
    base = runtime.settings.public_base_url
    addresses = f"{base}/voice/line/{kept.key}", f"{base}/provider/line/{kept.key}"
    return CallRequest(kept.key, number, kept.caller_id, *addresses, "off")


def make_staff_call(runtime: Runtime, call: CallRequest) -> str | None:
    """Call the provider, with no transaction open: its id of the call, ``""`` where it refused, ``None`` where nobody knows."""
    try:
        return runtime.telephone.place_call(call)
    except ProviderRefused:
        return ""
    except ProviderUnknown:
        return None


def keep_staff_call(session: Session, key: str, sid: str | None) -> None:
    """Keep what ``make_staff_call`` said; where nobody knows, the callback will tell, and nobody calls again for a minute."""
    if sid is not None:
        keep_staff_status(session, key, "" if sid else "failed")
        session.execute(update(StaffCall).where(StaffCall.key == key).values(provider_sid=sid))


def keep_staff_status(session: Session, key: str, status: str, seconds: int | None = None) -> None:
    """Keep whether a telephone is on the line, and how long it was; a call that is over does not come back."""
    if status in ("in-progress", "answered"):
        values = {"state": "up"}
    elif status in FINAL["voice"]:
        values = {"state": "ended", "seconds": seconds}
    else:
        return
    session.execute(update(StaffCall).where(StaffCall.key == key, StaffCall.state != "ended").values(**values))


def find_conference(session: Session, key: str) -> Conference | None:
    """Where a telephone that was answered belongs; ``None`` where the call is over, or who holds the conference is not there."""
    call = session.scalar(select(StaffCall).where(StaffCall.key == key, StaffCall.state != "ended"))
    if call is None or (call.purpose != OWN and not is_room_up(session, call.room)):
        return None
    return Conference(call.room, call.purpose)


def is_room_up(session: Session, room: str) -> bool:
    """Whether the telephone that holds the conference is on the line."""
    up = select(StaffCall.id).where(StaffCall.room == room, StaffCall.purpose == OWN, StaffCall.state == "up")
    return session.scalar(up.limit(1)) is not None


def find_own_call(session: Session, runtime: Runtime, round_: Round, person: str, room: str = "") -> StaffCall | None:
    """The call to somebody's own telephone, on the line or being called, if there is one (into that conference)."""
    return session.scalar(
        select(StaffCall)
        .where(StaffCall.round_id == round_.id, StaffCall.person == person, StaffCall.purpose == OWN)
        .where(StaffCall.room == room if room else StaffCall.room != "")
        .where(_is_under_way(runtime.clock.now()))
        .order_by(StaffCall.id.desc())
        .limit(1)
    )


def end_own_calls(session: Session, runtime: Runtime, shift: Shift) -> str:
    """Keep that the conference of a shift is over: the provider's id of the call that is to be hung up, or ``""``."""
    live = session.scalars(
        select(StaffCall).where(StaffCall.room == shift.room, StaffCall.state != "ended").order_by(StaffCall.id)
    ).all()
    for call in live:
        lasted = runtime.clock.now() - call.planned_at
        call.state, call.seconds = "ended", int(lasted.total_seconds()) if call.state == "up" else None
    return next((call.provider_sid for call in live if call.purpose == OWN), "")


def is_being_called(session: Session, runtime: Runtime, case_id: int) -> bool:
    """Whether somebody who is asked again is on the telephone, or about to be."""
    calls = select(StaffCall.id).where(StaffCall.case_id == case_id, _is_under_way(runtime.clock.now()))
    return session.scalar(calls.limit(1)) is not None


def _is_under_way(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(StaffCall.state == "dialling", StaffCall.planned_at > now - UNHEARD),
        and_(StaffCall.state == "up", StaffCall.planned_at > now - LONGEST),
    )
