"""Sealed answers tell nothing that fewer than five share: no random arm, and counts by block and by arm and channel beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The arm goes for good, and is not set aside: with the stratum it pointed at single people.
    op.drop_column("sealed_answer", "arm")
    op.create_table(
        "sealed_block",
        sa.Column("block", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("block", "channel", name=op.f("pk_sealed_block")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mode_count",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("question", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "round_id", "unit_code", "arm", "channel", "question", "value", name=op.f("pk_mode_count")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("frozen_dataset") as table:
        table.add_column(sa.Column("modes", sa.JSON(), nullable=False, server_default="[]"))
    set_aside.bring_tables_back("sealed_block", "mode_count")
    set_aside.bring_columns_back("frozen_dataset", ["modes"])
    op.execute(
        "INSERT INTO sealed_block (block, channel, round_id, answers) "
        "SELECT block, channel, round_id, count(*) FROM sealed_answer "
        "WHERE block NOT IN (SELECT block FROM sealed_block) GROUP BY block, channel, round_id"
    )


def downgrade() -> None:
    set_aside.drop_columns("frozen_dataset", ["modes"])
    set_aside.drop_tables("mode_count", "sealed_block")
    op.add_column("sealed_answer", sa.Column("arm", sa.String(length=10), nullable=False, server_default=""))
