"""A year's programme, the versions of its configuration, and its rounds."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, Text, UniqueConstraint, and_, case
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base, UTCDateTime

ROUND_KINDS = ("mid_year", "year_end")


class Programme(Base):
    """One year's evaluation."""

    __tablename__ = "programme"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]

    configurations: Mapped[list[Configuration]] = relationship(
        back_populates="programme", order_by="Configuration.number"
    )
    rounds: Mapped[list[Round]] = relationship(back_populates="programme", order_by="Round.id")


class Configuration(Base):
    """One version of a programme's configuration document; never edited, only followed by another."""

    __tablename__ = "configuration"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    number: Mapped[int]
    content: Mapped[dict] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)

    programme: Mapped[Programme] = relationship(back_populates="configurations")


class Round(Base):
    """One fielding. Its state is derived from what has happened to it, never stored."""

    __tablename__ = "round"

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    configuration_id: Mapped[int] = mapped_column(ForeignKey("configuration.id"))
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    period_from: Mapped[date]
    period_until: Mapped[date]
    field_from: Mapped[datetime] = mapped_column(UTCDateTime)
    field_until: Mapped[datetime] = mapped_column(UTCDateTime)
    frame_supplier: Mapped[str] = mapped_column(Text, default="")
    committed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    drawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    purged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    programme: Mapped[Programme] = relationship(back_populates="rounds")
    configuration: Mapped[Configuration] = relationship()
    units: Mapped[list[RoundUnit]] = relationship(back_populates="round", order_by="RoundUnit.code")

    @hybrid_property
    def state(self) -> str:
        """The furthest thing that has happened: draft, committed, drawn, open, paused, closed, frozen or published."""
        return next((state for state, happened in self._facts() if all(happened)), "draft")

    @state.inplace.expression
    @classmethod
    def _state_expression(cls) -> ColumnElement[str]:
        facts = ((and_(*(at.is_not(None) for at in happened)), state) for state, happened in cls._facts(cls))
        return case(*facts, else_="draft")

    def _facts(self) -> tuple[tuple[str, tuple], ...]:
        """The states, the furthest first, each with the moments that make it."""
        return (
            ("published", (self.published_at,)),
            ("frozen", (self.frozen_at,)),
            ("closed", (self.closed_at,)),
            ("paused", (self.opened_at, self.paused_at)),
            ("open", (self.opened_at,)),
            ("drawn", (self.drawn_at,)),
            ("committed", (self.committed_at,)),
        )


class RoundUnit(Base):
    """A unit as it was when the round was made: later changes of the register do not reach a round."""

    __tablename__ = "round_unit"
    __table_args__ = (UniqueConstraint("round_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[str] = mapped_column(String(40))
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(40))
    is_key: Mapped[bool]
    quota: Mapped[int]

    round: Mapped[Round] = relationship(back_populates="units")
