"""A round knows when its contacts were destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("round") as batch:
        batch.add_column(sa.Column("purged_at", UTCDateTime(timezone=True), nullable=True))
    set_aside.bring_columns_back("round", ["purged_at"])


def downgrade() -> None:
    set_aside.drop_columns("round", ["purged_at"])
