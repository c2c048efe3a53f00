"""Batches of numbered forms on paper, their forms, and what was keyed from them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from evalsys.base.database import Base, UTCDateTime


class PaperBatch(Base):
    """Forms printed together, for chosen units and groups of a round; signed once each is accounted for, with the ``counts`` then."""

    __tablename__ = "paper_batch"
    __table_args__ = (Index("ix_paper_batch_round", "round_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    language: Mapped[str] = mapped_column(String(10))
    forms: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_by: Mapped[str] = mapped_column(String(80))
    signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signed_by: Mapped[str] = mapped_column(String(80), default="")
    counts: Mapped[dict] = mapped_column(JSON, default=dict)


class PaperForm(Base):
    """One numbered form, whose case is out with it until it is accounted for.

    ``state``: ``out`` (nothing of it keyed), ``once`` (keyed by one), ``differs`` (keyed by two or three who disagree), ``done``.
    ``said``: how it came back, empty until it is done. ``keyers``: who keyed it, in turn. ``superseded``: its case had been answered in
    another way. ``fields`` and ``differing``: in how much the first two keyings were compared, and in how much they differed.
    """

    __tablename__ = "paper_form"
    __table_args__ = (UniqueConstraint("batch_id", "number"), Index("ix_paper_form_case", "case_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("paper_batch.id"))
    number: Mapped[int]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    said: Mapped[str] = mapped_column(String(20), default="")
    keyers: Mapped[list] = mapped_column(JSON, default=list)
    superseded: Mapped[bool] = mapped_column(default=False)
    fields: Mapped[int] = mapped_column(default=0)
    differing: Mapped[int] = mapped_column(default=0)


class PaperKeying(Base):
    """What one person keyed from a form, encrypted; erased with the answers of its case. ``turn``: 1, 2, 3, or 4: a settlement."""

    __tablename__ = "paper_keying"
    __table_args__ = (UniqueConstraint("form_id", "turn"), Index("ix_paper_keying_case", "case_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("paper_form.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    turn: Mapped[int]
    keyer: Mapped[str] = mapped_column(String(80))
    content_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    keyed_at: Mapped[datetime] = mapped_column(UTCDateTime)
