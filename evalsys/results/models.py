"""Frozen data sets, score runs and publications: each written once and never edited."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base, UTCDateTime
from evalsys.design.models import Round


class FrozenDataset(Base):
    """The answers of a closed round as one Parquet file, named by its hash.

    ``counts``: cases sealed, answers stored and voided by channel. ``modes``: how often each answer was given by unit, random arm
    and channel, for the mode effect; the file itself tells no arm.
    """

    __tablename__ = "frozen_dataset"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    rows: Mapped[int]
    counts: Mapped[dict] = mapped_column(JSON)
    strata: Mapped[list] = mapped_column(JSON)
    modes: Mapped[list] = mapped_column(JSON, default=list, server_default="[]")
    frozen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ScoreRun(Base):
    """Scores as a pure function of (data set, configuration); a correction is a new run."""

    __tablename__ = "score_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("frozen_dataset.id"))
    configuration_sha256: Mapped[str] = mapped_column(String(64))
    figures: Mapped[dict] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    scored_at: Mapped[datetime] = mapped_column(UTCDateTime)

    round: Mapped[Round] = relationship()
    dataset: Mapped[FrozenDataset] = relationship()


class Publication(Base):
    """A released table; a later revision stands beside it with its reason, never in its place."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("round_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    score_run_id: Mapped[int] = mapped_column(ForeignKey("score_run.id"))
    revision: Mapped[int]
    reason: Mapped[str] = mapped_column(Text, default="")
    figures: Mapped[dict] = mapped_column(JSON)
    disclosure: Mapped[dict] = mapped_column(JSON)
    files: Mapped[dict] = mapped_column(JSON)
    approved_by: Mapped[str] = mapped_column(String(80))
    seconded_by: Mapped[str] = mapped_column(String(80))
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)

    round: Mapped[Round] = relationship()
    score_run: Mapped[ScoreRun] = relationship()


class CommentReview(Base):
    """What was decided about an open comment after the close: ``released`` as ``text`` (covered where it names somebody), or ``held``.

    ``answer_key``: of the sealed answer that it stands in, which nothing links to a person.
    """

    __tablename__ = "comment_review"

    answer_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    unit_code: Mapped[str] = mapped_column(String(40))
    decision: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
