"""Supervisors of a round, and the minutes they signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base, UTCDateTime
from evalsys.design.models import Round


class Observer(Base):
    """Somebody invited to observe a round: by a link that is good once, then with an account of their own (``user_name``).

    ``nonce_cipher``: what they contributed to the seed, secret until the draw.
    """

    __tablename__ = "observer"
    __table_args__ = (Index("ix_observer_round", "round_id", "user_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    name: Mapped[str] = mapped_column(String(120))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str] = mapped_column(String(80))
    invited_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    user_name: Mapped[str] = mapped_column(String(80), default="")
    nonce_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    nonce_sha256: Mapped[str] = mapped_column(String(64), default="")

    round: Mapped[Round] = relationship()


class Minutes(Base):
    """What a supervisor saw, as signed: ``document`` is the canonical JSON that ``signature`` (Ed25519, hex) covers; never edited."""

    __tablename__ = "minutes"
    __table_args__ = (UniqueConstraint("sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    observer_id: Mapped[int] = mapped_column(ForeignKey("observer.id"), index=True)
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    observer: Mapped[Observer] = relationship()
