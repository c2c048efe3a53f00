"""Calls to the telephones of staff are kept each, so that they cost and keep the pace; a shift no longer knows its line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LINE = ("line_key", "line_sid", "line_state")


def upgrade() -> None:
    op.create_table(
        "staff_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("person", sa.String(length=60), nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("caller_id", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("planned_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("provider_sid", sa.String(length=40), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_staff_call_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_staff_call_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_call")),
        sa.UniqueConstraint("key", name=op.f("uq_staff_call_key")),
    )
    op.create_index("ix_staff_call_pace", "staff_call", ["round_id", "planned_at"])
    op.create_index("ix_staff_call_room", "staff_call", ["room"])
    op.create_index("ix_staff_call_case", "staff_call", ["case_id"])
    set_aside.bring_tables_back("staff_call")
    op.execute(
        "INSERT INTO staff_call (round_id, key, purpose, person, room, caller_id, state, planned_at, provider_sid)"
        " SELECT round_id, line_key, 'own', interviewer, room, '',"
        " CASE line_state WHEN 'down' THEN 'ended' ELSE line_state END, began_at, line_sid"
        " FROM shift WHERE line_key <> '' AND line_key NOT IN (SELECT key FROM staff_call)"
    )
    op.drop_index("ix_shift_line_key", table_name="shift")
    with op.batch_alter_table("shift") as batch:
        for column in LINE:
            batch.drop_column(column)


def downgrade() -> None:
    with op.batch_alter_table("shift") as batch:
        batch.add_column(sa.Column("line_key", sa.String(length=32), nullable=False, server_default=""))
        batch.add_column(sa.Column("line_sid", sa.String(length=40), nullable=False, server_default=""))
        batch.add_column(sa.Column("line_state", sa.String(length=10), nullable=False, server_default=""))
    with op.batch_alter_table("shift") as batch:
        for column in LINE:
            batch.alter_column(column, server_default=None)
    op.create_index("ix_shift_line_key", "shift", ["line_key"])
    newest = "SELECT max(id) FROM staff_call WHERE staff_call.room = shift.room AND purpose = 'own'"
    for column, value in (
        ("line_key", "key"),
        ("line_sid", "provider_sid"),
        ("line_state", "CASE state WHEN 'ended' THEN 'down' ELSE state END"),
    ):
        op.execute(
            f"UPDATE shift SET {column} = (SELECT {value} FROM staff_call WHERE id = ({newest})) WHERE EXISTS ({newest} HAVING max(id) IS NOT NULL)"
        )
    set_aside.drop_tables("staff_call")
