"""Which text message was sent, and in how many segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("message", sa.String(length=12), nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("segments", sa.Integer(), nullable=True))
    set_aside.bring_columns_back("attempt", ["message", "segments"])


def downgrade() -> None:
    set_aside.drop_columns("attempt", ["message", "segments"])
