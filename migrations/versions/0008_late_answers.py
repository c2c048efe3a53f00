"""Interviews in which something was answered after the close are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "late_answer",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_late_answer_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_late_answer_round_id_round")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_late_answer")),
    )
    op.create_index("ix_late_answer_round", "late_answer", ["round_id", "channel"])
    set_aside.bring_tables_back("late_answer")


def downgrade() -> None:
    set_aside.drop_tables("late_answer")
