"""Interviews in progress, the ledger of attempts, callbacks received, and sealed answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evalsys.base.database import Base, UTCDateTime
from evalsys.samples.models import Case


class Interview(Base):
    """The work on one released case, until its answers are sealed and leave it.

    ``state``: ``waiting`` (something is due at ``due_at`` by ``next_channel``), ``calling`` (an attempt is under way),
    ``answered`` (finished, awaiting quality control), ``sealed`` (its answers left without trace), ``ended`` (final, no answers).
    """

    __tablename__ = "interview"
    __table_args__ = (
        Index("ix_interview_due", "round_id", "state", "next_channel", "due_at"),
        Index("ix_interview_unit_state", "round_id", "unit_code", "state"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    unit_code: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    next_channel: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(6), default="")
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    language: Mapped[str] = mapped_column(String(10), default="")
    answers_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=0)
    channel: Mapped[str] = mapped_column(String(12), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    case: Mapped[Case] = relationship()


class Attempt(Base):
    """One contact try: a row that is only ever completed, never overwritten.

    ``state``: ``dialling`` (kept before the provider is called), ``placed`` (the provider has it), ``unknown`` (it may have),
    ``ended``. ``key`` stands in every callback address; ``fence`` is that of the claim under which a worker planned it.
    ``fault``: with which code, or ``unknown``, the provider failed to take it, for no reason of the number's. ``probe``: made only
    to see whether the provider works again. ``line_digest``: of what a call centre reported of it, to know the same line again.
    ``voided_at``: when two people found that the interview in it does not stand; it is no try of the case any more. ``message``: which
    of a round's texts was sent (``invitation``, ``reminder_1``, ``reminder_2``, ``thanks``), and ``segments`` of how many parts it is.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_attempt_round_state", "round_id", "state"),
        Index("ix_attempt_pace", "round_id", "channel", "planned_at"),
        # Of the failed ones only: looked at before every chunk of calls, and nearly always empty.
        Index(
            "ix_attempt_fault",
            "round_id",
            "channel",
            "planned_at",
            sqlite_where=text("fault != ''"),
            postgresql_where=text("fault != ''"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(32), unique=True)
    channel: Mapped[str] = mapped_column(String(12))
    caller_id: Mapped[str] = mapped_column(String(20), default="")
    fence: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    planned_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    connected_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    provider_sid: Mapped[str | None] = mapped_column(String(40), index=True)
    outcome: Mapped[str] = mapped_column(String(6), default="")
    said: Mapped[str] = mapped_column(String(20), default="")
    counts: Mapped[bool] = mapped_column(default=True)
    seconds: Mapped[int | None]
    fault: Mapped[str] = mapped_column(String(20), default="", server_default="")
    probe: Mapped[bool] = mapped_column(default=False, server_default=false())
    interviewer: Mapped[str] = mapped_column(String(20), default="", server_default="")
    line_digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    message: Mapped[str] = mapped_column(String(12), default="", server_default="")
    segments: Mapped[int | None]


class StatusReceipt(Base):
    """A status callback as it came, once per event however often it is sent; the attempt's state is derived from these."""

    __tablename__ = "status_receipt"
    __table_args__ = (UniqueConstraint("attempt_key", "status"), Index("ix_status_receipt_applied", "applied", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_key: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(20))
    provider_sid: Mapped[str] = mapped_column(String(40))
    answered_by: Mapped[str] = mapped_column(String(30), default="")
    seconds: Mapped[int | None]
    error_code: Mapped[str] = mapped_column(String(10), default="")
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    applied: Mapped[bool] = mapped_column(default=False)


class ResultFile(Base):
    """A call centre's file of results that was taken in; of its content only counts are kept.

    ``digest``: keyed, to know the same file again; forgotten when the round closes.
    """

    __tablename__ = "result_file"
    __table_args__ = (UniqueConstraint("round_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    digest: Mapped[str | None] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(String(200))
    lines: Mapped[int]
    imported: Mapped[int]
    repeated: Mapped[int]
    superseded: Mapped[int]
    refused: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    imported_by: Mapped[str] = mapped_column(String(80))


class LateAnswer(Base):
    """An interview in which something was answered after its round had closed, and by which channel; not what."""

    __tablename__ = "late_answer"
    __table_args__ = (Index("ix_late_answer_round", "round_id", "channel"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    channel: Mapped[str] = mapped_column(String(12))


class SealedAnswer(Base):
    """An answer cut off from its case: random key, no time, no order; only what weighting and quality control need.

    What it tells of its case it shares with four others of its block at least: ``stratum`` of a complete interview (``""`` for a
    partial one, which is not scored), and ``channel`` (``""`` where one is rare in the stratum).
    """

    __tablename__ = "sealed_answer"
    # Without row numbers SQLite keeps the rows by their random keys, so that no order of insertion remains.
    __table_args__ = (Index("ix_sealed_answer_round_unit", "round_id", "unit_code"), {"sqlite_with_rowid": False})

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    round_id: Mapped[int]
    unit_code: Mapped[str] = mapped_column(String(40))
    stratum: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(12))
    block: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(6))
    answers: Mapped[dict] = mapped_column(JSON)
    voided: Mapped[bool] = mapped_column(default=False)


class SealedBlock(Base):
    """How many answers of a block came by which channel: what the balance of cases and answers is held against.

    ``interviewer``: who took all of the block's interviews; ``""`` where it mixes those of several, or of the web and the machine.
    """

    __tablename__ = "sealed_block"
    __table_args__ = ({"sqlite_with_rowid": False},)

    block: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(12), primary_key=True)
    round_id: Mapped[int]
    answers: Mapped[int]
    interviewer: Mapped[str] = mapped_column(String(20), default="", server_default="")


class ModeCount(Base):
    """How often complete interviews of a unit, random arm and channel gave an answer: what the mode effect is estimated from.

    Counts and not rows: the arm is known of every case, and with the stratum it would point at single people. A cell holds five
    interviews at least; how many stands under the question ``""``.
    """

    __tablename__ = "mode_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    round_id: Mapped[int] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    arm: Mapped[str] = mapped_column(String(10), primary_key=True)
    channel: Mapped[str] = mapped_column(String(12), primary_key=True)
    question: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int]


class StaffCall(Base):
    """A call into a conference that is no attempt: to staff (``own``, ``listening``), or by staff to who is asked again (``recontact``).

    ``person``: on whose behalf. ``state``: ``dialling``, ``up`` or ``ended``. ``key`` stands in every callback address.
    """

    __tablename__ = "staff_call"
    __table_args__ = (
        Index("ix_staff_call_pace", "round_id", "planned_at"),
        Index("ix_staff_call_room", "room"),
        Index("ix_staff_call_case", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    key: Mapped[str] = mapped_column(String(32), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    person: Mapped[str] = mapped_column(String(60))
    room: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    caller_id: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    planned_at: Mapped[datetime] = mapped_column(UTCDateTime)
    provider_sid: Mapped[str] = mapped_column(String(40), default="")
    seconds: Mapped[int | None]


class Shift(Base):
    """An interviewer at work on a round, from signing on to signing off. ``interviewer`` is a code, no name.

    ``room``: the conference in which their telephone is held; the calls to it are ``StaffCall``.
    """

    __tablename__ = "shift"
    __table_args__ = (
        # Nobody is at work twice.
        Index(
            "ix_shift_at_work",
            "interviewer",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    interviewer: Mapped[str] = mapped_column(String(20))
    room: Mapped[str] = mapped_column(String(32), unique=True)
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    break_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Hold(Base):
    """The lease of a case: until ``expires_at`` nobody but ``interviewer`` works on it. ``fence`` grows with every new holder."""

    __tablename__ = "hold"
    __table_args__ = (Index("ix_hold_interviewer", "interviewer", "expires_at"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    interviewer: Mapped[str] = mapped_column(String(20))
    fence: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Appointment(Base):
    """When a respondent agreed to be called again, and with whom; the next call to the case ends it."""

    __tablename__ = "appointment"
    __table_args__ = (Index("ix_appointment_round_at", "round_id", "at"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    interviewer: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CaseNote(Base):
    """What an interviewer wrote down for whoever calls next; encrypted, and erased when the case's answers are."""

    __tablename__ = "case_note"
    __table_args__ = (Index("ix_case_note_case", "case_id"), Index("ix_case_note_round", "round_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    interviewer: Mapped[str] = mapped_column(String(20))
    text_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)


class InterviewerTally(Base):
    """What is kept of an interviewer's complete interviews for quality control: sums, added five interviews or more at a time.

    ``interviews`` in all, ``scored`` of them with a score; ``z``: how far it lies from its stratum's mean, standardised;
    ``dont_know``: the share of indicators answered so; ``straight``: how many gave all indicators the same answer.
    """

    __tablename__ = "interviewer_tally"
    __table_args__ = ({"sqlite_with_rowid": False},)

    round_id: Mapped[int] = mapped_column(primary_key=True)
    interviewer: Mapped[str] = mapped_column(String(20), primary_key=True)
    interviews: Mapped[int]
    scored: Mapped[int]
    z_total: Mapped[float]
    z_squares: Mapped[float]
    dont_know_total: Mapped[float]
    dont_know_squares: Mapped[float]
    straight: Mapped[int]


class Recontact(Base):
    """Somebody was asked again whether their interview took place; ``outcome`` is a word, never an answer."""

    __tablename__ = "recontact"
    __table_args__ = (Index("ix_recontact_round", "round_id", "case_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_by: Mapped[str] = mapped_column(String(80))


class Monitoring(Base):
    """Somebody listened to an interviewer's call, and judged how it was led; of what the respondent said nothing is kept."""

    __tablename__ = "monitoring"
    __table_args__ = (UniqueConstraint("attempt_id", "recorded_by"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    interviewer: Mapped[str] = mapped_column(String(20))
    read_as_worded: Mapped[bool]
    neutral: Mapped[bool]
    recorded_right: Mapped[bool]
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_by: Mapped[str] = mapped_column(String(80))


class Voiding(Base):
    """A proposal to take an interview, or a sealed block, out; ``decision`` is ``""``, ``approved`` or ``rejected``."""

    __tablename__ = "voiding"
    __table_args__ = (Index("ix_voiding_round", "round_id", "decision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    block: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(500))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    proposed_by: Mapped[str] = mapped_column(String(80))
    decision: Mapped[str] = mapped_column(String(10), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str] = mapped_column(String(80), default="")
