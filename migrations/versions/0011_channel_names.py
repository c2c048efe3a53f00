"""Channels have room for their longest name: PostgreSQL refused "interviewer" in ten characters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHANNELS = (
    ("interview", ("next_channel", "channel")),
    ("attempt", ("channel",)),
    ("sealed_answer", ("channel",)),
    ("sealed_block", ("channel",)),
    ("mode_count", ("channel",)),
)


def upgrade() -> None:
    for table, columns in CHANNELS:
        # Made anew by SQLite, tables of answers must not get row numbers, which tell an order.
        kept = {"sqlite_with_rowid": False} if table in ("sealed_answer", "sealed_block", "mode_count") else {}
        with op.batch_alter_table(table, table_kwargs=kept) as batch:
            for column in columns:
                batch.alter_column(column, type_=sa.String(length=12), existing_nullable=False)


def downgrade() -> None:
    """Nothing: what is longer than ten characters must not be cut, and the room does no harm."""
