"""Quality control of interviews: re-contacts, monitoring, voiding by two people, and sums per interviewer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("interviewer_tally", "recontact", "monitoring", "voiding")


def upgrade() -> None:
    op.create_table(
        "interviewer_tally",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("interviewer", sa.String(length=20), nullable=False),
        sa.Column("interviews", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("z_total", sa.Double(), nullable=False),
        sa.Column("z_squares", sa.Double(), nullable=False),
        sa.Column("dont_know_total", sa.Double(), nullable=False),
        sa.Column("dont_know_squares", sa.Double(), nullable=False),
        sa.Column("straight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "interviewer", name=op.f("pk_interviewer_tally")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recontact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("recorded_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_recontact_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_recontact_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recontact")),
    )
    op.create_index("ix_recontact_round", "recontact", ["round_id", "case_id"])
    op.create_table(
        "monitoring",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("interviewer", sa.String(length=20), nullable=False),
        sa.Column("read_as_worded", sa.Boolean(), nullable=False),
        sa.Column("neutral", sa.Boolean(), nullable=False),
        sa.Column("recorded_right", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_monitoring_attempt_id_attempt")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_monitoring_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring")),
        sa.UniqueConstraint("attempt_id", "recorded_by", name=op.f("uq_monitoring_attempt_id_recorded_by")),
    )
    op.create_table(
        "voiding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("block", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proposed_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_voiding_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_voiding_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voiding")),
    )
    op.create_index("ix_voiding_round", "voiding", ["round_id", "decision"])
    op.add_column("attempt", sa.Column("voided_at", UTCDateTime(timezone=True), nullable=True))
    op.add_column("sealed_block", sa.Column("interviewer", sa.String(length=20), nullable=False, server_default=""))
    set_aside.bring_tables_back(*TABLES)
    set_aside.bring_columns_back("attempt", ["voided_at"])
    set_aside.bring_columns_back("sealed_block", ["interviewer"])


def downgrade() -> None:
    set_aside.drop_columns("sealed_block", ["interviewer"], in_place=True)
    set_aside.drop_columns("attempt", ["voided_at"])
    set_aside.drop_tables(*TABLES[::-1])
