"""Interviews by text message, and what they cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("text_reply", "text_cost")


def upgrade() -> None:
    op.create_table(
        "text_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("inbound_sid", sa.String(length=40), nullable=False),
        sa.Column("caller_id", sa.String(length=20), nullable=False),
        sa.Column("received_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("says", sa.String(length=10), nullable=False),
        sa.Column("asked", sa.String(length=20), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("provider_sid", sa.String(length=40), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_text_reply_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_text_reply_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_reply")),
        sa.UniqueConstraint("inbound_sid", name=op.f("uq_text_reply_inbound_sid")),
    )
    op.create_index("ix_text_reply_round_state", "text_reply", ["round_id", "state"])
    op.create_index("ix_text_reply_case", "text_reply", ["case_id", "id"])
    op.create_index(op.f("ix_text_reply_provider_sid"), "text_reply", ["provider_sid"])
    op.create_table(
        "text_cost",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_text_cost_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_text_cost")),
    )
    set_aside.bring_tables_back(*TABLES)


def downgrade() -> None:
    set_aside.drop_tables(*TABLES)
