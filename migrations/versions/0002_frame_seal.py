"""A seal on each record of a committed frame.

Frames committed before this have no seals and must be committed anew in a round of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_record") as table:
        table.add_column(sa.Column("seal", sa.String(length=64), nullable=False, server_default=""))
    set_aside.bring_columns_back("service_record", ["seal"])


def downgrade() -> None:
    set_aside.drop_columns("service_record", ["seal"])
