"""Reading areas and units."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from evalsys.base.errors import NotFound
from evalsys.units.models import Area, Unit


def list_units(session: Session) -> list[Unit]:
    """The evaluated units (no stations) by code."""
    return list(session.scalars(select(Unit).where(Unit.level != "station").order_by(Unit.code)))


def list_counties(session: Session) -> list[Area]:
    """The counties by code."""
    return list(session.scalars(select(Area).where(Area.level == "county").order_by(Area.code)))


def count_stations(session: Session) -> dict[str, int]:
    """Stations per unit code."""
    parent = aliased(Unit)
    rows = session.execute(
        select(parent.code, func.count())
        .select_from(Unit)
        .join(parent, Unit.parent_id == parent.id)
        .where(Unit.level == "station")
        .group_by(parent.code)
    )
    return dict(rows.all())


def map_stations(session: Session) -> dict[str, str]:
    """Station code → code of the unit it stands under."""
    parent = aliased(Unit)
    rows = session.execute(
        select(Unit.code, parent.code).join(parent, Unit.parent_id == parent.id).where(Unit.level == "station")
    )
    return dict(rows.all())


def get_unit(session: Session, code: str) -> Unit:
    """The unit with ``code``."""
    unit = session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise NotFound("There is no unit %(code)s.", code=code)
    return unit
