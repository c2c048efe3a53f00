"""Hotline orders."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from evalsys.base.database import Base


class HotlineOrder(Base):
    """One order handed to a unit; ``None`` where the caller could not say or was not reached."""

    __tablename__ = "hotline_order"
    __table_args__ = (UniqueConstraint("round_id", "order_no"), Index("ix_hotline_order_unit", "round_id", "unit_code"))

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    order_no: Mapped[str] = mapped_column(String(60))
    unit_code: Mapped[str] = mapped_column(String(40))
    received_on: Mapped[date]
    responded: Mapped[bool]
    resolved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
