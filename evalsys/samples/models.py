"""Service records, strata, the recorded draw, its cases, and who is never drawn."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base, UTCDateTime


class FrameImport(Base):
    """One file of service records that was taken in, with what was found in it."""

    __tablename__ = "frame_import"
    __table_args__ = (UniqueConstraint("round_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    encoding: Mapped[str] = mapped_column(String(20))
    lines: Mapped[int]
    imported: Mapped[int]
    refused: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    imported_by: Mapped[str] = mapped_column(String(80))


class ServiceRecord(Base):
    """One line of who was served, when, where and for what; the number encrypted, findable by its blind index only."""

    __tablename__ = "service_record"
    __table_args__ = (
        UniqueConstraint("round_id", "record_no"),
        Index("ix_service_record_round_cid", "round_id", "cid"),
        # By the number of whoever writes that they want no more messages.
        Index("ix_service_record_person", "person_index"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    import_id: Mapped[int] = mapped_column(ForeignKey("frame_import.id"))
    record_no: Mapped[str] = mapped_column(String(60))
    unit_code: Mapped[str] = mapped_column(String(40))
    station_code: Mapped[str] = mapped_column(String(40), default="")
    group: Mapped[str] = mapped_column(String(20))
    county: Mapped[str] = mapped_column(String(12))
    served_on: Mapped[date | None]
    matter: Mapped[str] = mapped_column(String(120), default="")
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    person_index: Mapped[str] = mapped_column(String(64))
    exclusion: Mapped[str] = mapped_column(String(30), default="")
    cid: Mapped[str] = mapped_column(String(64), default="")
    stratum: Mapped[str] = mapped_column(String(80), default="")
    seal: Mapped[str] = mapped_column(String(64), default="")


class Stratum(Base):
    """A stratum of the committed frame: unit × evaluator group × county (or counties, where small ones were joined)."""

    __tablename__ = "stratum"
    __table_args__ = (UniqueConstraint("round_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    code: Mapped[str] = mapped_column(String(80))
    unit_code: Mapped[str] = mapped_column(String(40))
    group: Mapped[str] = mapped_column(String(20))
    counties: Mapped[list] = mapped_column(JSON)
    neighbour: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int]
    sample_size: Mapped[int]


class Draw(Base):
    """The commitment, and later the seed and what followed from it. One per round."""

    __tablename__ = "draw"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), unique=True)
    round_key_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    nonces_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    commitment: Mapped[str] = mapped_column(Text)
    commitment_sha256: Mapped[str] = mapped_column(String(64))
    frame_root: Mapped[str] = mapped_column(String(64))
    frame_size: Mapped[int]
    report: Mapped[dict] = mapped_column(JSON)
    beacon: Mapped[str] = mapped_column(Text, default="")
    dice: Mapped[str] = mapped_column(String(200), default="")
    entered_by: Mapped[str] = mapped_column(String(80), default="")
    confirmed_by: Mapped[str] = mapped_column(String(80), default="")
    seed: Mapped[str] = mapped_column(String(64), default="")


class Case(Base):
    """A drawn service record: a fact of the draw. What is done about it stands in ``fieldwork.Interview``."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("round_id", "cid"),
        Index("ix_case_unit_replicate", "round_id", "unit_code", "replicate"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    record_id: Mapped[int] = mapped_column(ForeignKey("service_record.id"))
    unit_code: Mapped[str] = mapped_column(String(40))
    stratum: Mapped[str] = mapped_column(String(80))
    cid: Mapped[str] = mapped_column(String(64))
    ticket: Mapped[str] = mapped_column(String(64))
    rank: Mapped[int]
    replicate: Mapped[int]
    arm: Mapped[str] = mapped_column(String(10))
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    record: Mapped[ServiceRecord] = relationship()


class StaffNumber(Base):
    """A number of a unit's own staff, as a blind index: never drawn, whoever supplied the record."""

    __tablename__ = "staff_number"

    number_index: Mapped[str] = mapped_column(String(64), primary_key=True)


class OptOut(Base):
    """A number that is never contacted again, as a blind index under a key of its own."""

    __tablename__ = "opt_out"

    number_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    opted_out_at: Mapped[datetime] = mapped_column(UTCDateTime)
