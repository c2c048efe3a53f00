"""Lists for the designer's pages that no action needs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from evalsys.design.models import Round
from evalsys.samples.models import FrameImport
from evalsys.units.models import Area, Unit
from evalsys.units.queries import list_counties


@dataclass(frozen=True)
class AreaRow:
    """A county, how many townships it has, and how many stations stand in it or in one of them."""

    county: Area
    townships: int
    stations: int


def list_area_rows(session: Session) -> list[AreaRow]:
    """The counties by code."""
    township = aliased(Area)
    townships = dict(
        session.execute(
            select(township.parent_code, func.count())
            .where(township.level == "township")
            .group_by(township.parent_code)
        ).all()
    )
    county_of = func.coalesce(
        select(Area.parent_code).where(Area.code == Unit.area_code, Area.level == "township").scalar_subquery(),
        Unit.area_code,
    )
    stations = dict(
        session.execute(select(county_of, func.count()).where(Unit.level == "station").group_by(county_of)).all()
    )
    return [
        AreaRow(county, townships.get(county.code, 0), stations.get(county.code, 0))
        for county in list_counties(session)
    ]


def list_imports(session: Session, round_: Round) -> list[FrameImport]:
    """The files of service records that a round took in, in their order."""
    return list(session.scalars(select(FrameImport).where(FrameImport.round_id == round_.id).order_by(FrameImport.id)))
