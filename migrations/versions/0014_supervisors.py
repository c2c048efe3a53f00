"""Special supervisors are invited to a round, contribute to its seed, and sign minutes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "observer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.String(length=80), nullable=False),
        sa.Column("invited_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("user_name", sa.String(length=80), nullable=False),
        sa.Column("nonce_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("nonce_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_observer_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observer")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_observer_token_digest")),
    )
    op.create_index("ix_observer_round", "observer", ["round_id", "user_name"])
    op.create_table(
        "minutes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("signed_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["observer_id"], ["observer.id"], name=op.f("fk_minutes_observer_id_observer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minutes")),
        sa.UniqueConstraint("sha256", name=op.f("uq_minutes_sha256")),
    )
    op.create_index(op.f("ix_minutes_observer_id"), "minutes", ["observer_id"])
    set_aside.bring_tables_back("observer", "minutes")


def downgrade() -> None:
    set_aside.drop_tables("minutes", "observer")
