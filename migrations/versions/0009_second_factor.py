"""Staff have a second factor and locks by hand, and acts that want two people are proposed by one and decided by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = (
    "locked_at",
    "must_change_password",
    "second_factor_cipher",
    "second_factor_at",
    "second_factor_step",
    "recovery_digests",
    "session_epoch",
)


def upgrade() -> None:
    with op.batch_alter_table("user") as batch:
        batch.add_column(sa.Column("locked_at", UTCDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("second_factor_cipher", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("second_factor_at", UTCDateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("second_factor_step", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("recovery_digests", sa.JSON(), server_default="[]", nullable=False))
        batch.add_column(sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False))
    set_aside.bring_columns_back("user", COLUMNS)
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index("ix_proposal_chain", "proposal", ["chain", "act", "decision"])
    set_aside.bring_tables_back("proposal")


def downgrade() -> None:
    set_aside.drop_tables("proposal")
    set_aside.drop_columns("user", COLUMNS)
