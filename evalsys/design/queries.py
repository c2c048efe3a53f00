"""Reading programmes and rounds."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from evalsys.base.errors import NotFound
from evalsys.design.models import Configuration, Programme, Round


def list_programmes(session: Session) -> list[Programme]:
    """Every programme, the latest year first."""
    return list(session.scalars(select(Programme).order_by(Programme.year.desc(), Programme.code)))


def get_programme(session: Session, code: str) -> Programme:
    """The programme with ``code``."""
    programme = session.scalar(select(Programme).where(Programme.code == code))
    if programme is None:
        raise NotFound("There is no programme %(code)s.", code=code)
    return programme


def get_round(session: Session, code: str) -> Round:
    """The round with ``code``. The configuration's document is read when it is asked for: most callers need its hash only."""
    found = session.scalar(
        select(Round).where(Round.code == code).options(joinedload(Round.configuration).defer(Configuration.content))
    )
    if found is None:
        raise NotFound("There is no round %(code)s.", code=code)
    return found


def list_rounds(session: Session) -> list[Round]:
    """Every round, the latest fieldwork first."""
    return list(session.scalars(select(Round).order_by(Round.field_from.desc()).options(selectinload(Round.units))))


def get_latest_configuration(session: Session, programme: Programme) -> Configuration:
    """The newest configuration version of a programme."""
    found = session.scalar(
        select(Configuration)
        .where(Configuration.programme_id == programme.id)
        .order_by(Configuration.number.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("Programme %(code)s has no configuration yet.", code=programme.code)
    return found
