"""What a call centre reports: who called, by what a line is known again, and the files that were taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("interviewer", sa.String(length=20), nullable=False, server_default=""))
        table.add_column(sa.Column("line_digest", sa.String(length=64), nullable=False, server_default=""))
    set_aside.bring_columns_back("attempt", ["interviewer", "line_digest"])
    op.create_table(
        "result_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("superseded", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("imported_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_result_file_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_file")),
        sa.UniqueConstraint("round_id", "digest", name=op.f("uq_result_file_round_id_digest")),
    )
    set_aside.bring_tables_back("result_file")


def downgrade() -> None:
    set_aside.drop_tables("result_file")
    set_aside.drop_columns("attempt", ["interviewer", "line_digest"])
