"""Areas and units."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base

LEVELS = ("city", "county", "township", "station")


class Area(Base):
    """An administrative area (GB/T 2260 code) of a level, within its parent."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"))


class Unit(Base):
    """An evaluated unit, or a station under one. A round keeps its own copy of what it evaluates (``design.RoundUnit``)."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(10))
    category: Mapped[str] = mapped_column(String(40))
    is_key: Mapped[bool] = mapped_column(default=False)
    area_code: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)

    parent: Mapped[Unit | None] = relationship(remote_side=[id])
