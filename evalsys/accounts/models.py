"""People, and acts that two of them share."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import JSON, Index, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from evalsys.base.database import Base, UTCDateTime


class User(UserMixin, Base):
    """Someone who signs in.

    ``failures`` since the last full sign-in; ``locked_until``: after too many; ``locked_at``: by an officer, until unlocked.
    ``second_factor_at``: when its first code was right; ``second_factor_step``: of the last code taken, none before it is taken again.
    ``recovery_digests``: keyed, of the codes still unused. ``session_epoch``: sessions begun under another number are over.
    """

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list] = mapped_column(JSON)
    unit_code: Mapped[str] = mapped_column(String(40), default="")
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    second_factor_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_factor_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    second_factor_step: Mapped[int] = mapped_column(default=0, server_default="0")
    recovery_digests: Mapped[list] = mapped_column(JSON, default=list, server_default="[]")
    session_epoch: Mapped[int] = mapped_column(default=0, server_default="0")


class Proposal(Base):
    """An act that wants two people: what one proposed, and how another decided; ``decision`` is ``""``, ``approved`` or ``rejected``.

    ``chain``: the round's code, as in the audit trail; ``details``: what the act will be done with, seen by whoever decides.
    """

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_chain", "chain", "act", "decision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(20))
    details: Mapped[dict] = mapped_column(JSON)
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(String(10), default="")
    decided_by: Mapped[str] = mapped_column(String(80), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
