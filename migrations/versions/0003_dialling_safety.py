"""Why the provider did not take an attempt, which attempts only probed whether it works again, and indexes for pace and opt-outs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("fault", sa.String(length=20), nullable=False, server_default=""))
        table.add_column(sa.Column("probe", sa.Boolean(), nullable=False, server_default=sa.false()))
    set_aside.bring_columns_back("attempt", ["fault", "probe"])
    op.create_index("ix_attempt_pace", "attempt", ["round_id", "channel", "planned_at"])
    failed = sa.text("fault != ''")
    op.create_index(
        "ix_attempt_fault",
        "attempt",
        ["round_id", "channel", "planned_at"],
        sqlite_where=failed,
        postgresql_where=failed,
    )
    op.create_index("ix_service_record_person", "service_record", ["person_index"])


def downgrade() -> None:
    op.drop_index("ix_service_record_person", "service_record")
    op.drop_index("ix_attempt_fault", "attempt")
    op.drop_index("ix_attempt_pace", "attempt")
    set_aside.drop_columns("attempt", ["fault", "probe"])
