"""Forms on paper: batches, their forms, and what was keyed from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evalsys.base import set_aside
from evalsys.base.database import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("paper_batch", "paper_form", "paper_keying")


def upgrade() -> None:
    op.create_table(
        "paper_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("made_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("signed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(length=80), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_paper_batch_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_batch")),
    )
    op.create_index("ix_paper_batch_round", "paper_batch", ["round_id"])
    op.create_table(
        "paper_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("said", sa.String(length=20), nullable=False),
        sa.Column("keyers", sa.JSON(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["paper_batch.id"], name=op.f("fk_paper_form_batch_id_paper_batch")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_paper_form_case_id_case")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_paper_form_attempt_id_attempt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_form")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_paper_form_batch_id_number")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_paper_form_attempt_id")),
    )
    op.create_index("ix_paper_form_case", "paper_form", ["case_id"])
    op.create_table(
        "paper_keying",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("keyer", sa.String(length=80), nullable=False),
        sa.Column("content_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("keyed_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["paper_form.id"], name=op.f("fk_paper_keying_form_id_paper_form")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_paper_keying_case_id_case")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_paper_keying_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_keying")),
        sa.UniqueConstraint("form_id", "turn", name=op.f("uq_paper_keying_form_id_turn")),
    )
    op.create_index("ix_paper_keying_case", "paper_keying", ["case_id"])
    set_aside.bring_tables_back(*TABLES)


def downgrade() -> None:
    # The other way round: a table goes before what it refers to.
    set_aside.drop_tables(*reversed(TABLES))
