"""Interviews by text message while they go on, and what they cost when they are over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from evalsys.base.database import Base, UTCDateTime


class TextReply(Base):
    """One text message that somebody wrote back, and the one that answers it. Neither text is kept; the row goes when answers do.

    ``inbound_sid``: the provider's id of what came, so that it is taken once however often it comes. ``says``: what the answer says,
    ``question`` (``asked``, or where the interview ended, its last words), ``again`` (the same, since what came was not understood for
    the ``missed``-th time), ``goodbye``, ``refused``, ``identity``, or ``""`` where nothing is answered. ``state``: ``due``, ``sending``
    (kept before the provider is called), ``unknown`` (it may have it), ``sent``, ``failed``.
    """

    __tablename__ = "text_reply"
    __table_args__ = (
        Index("ix_text_reply_round_state", "round_id", "state"),
        Index("ix_text_reply_case", "case_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    inbound_sid: Mapped[str] = mapped_column(String(40), unique=True)
    caller_id: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    says: Mapped[str] = mapped_column(String(10), default="")
    asked: Mapped[str] = mapped_column(String(20), default="")
    missed: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    provider_sid: Mapped[str | None] = mapped_column(String(40), index=True)
    segments: Mapped[int | None]


class TextCost(Base):
    """What the conversations by text message of a round cost whose rows are gone: their segments in all."""

    __tablename__ = "text_cost"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    segments: Mapped[int]
