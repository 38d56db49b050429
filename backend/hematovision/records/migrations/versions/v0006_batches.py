"""Batches that were sent over the API, and how far they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hematovision.records.tables import Instant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From records without batches."""
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("runner", sa.Uuid(), nullable=True),
        sa.Column("beat_at", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_batches_state_at", "batches", ["state", "at"])


def downgrade() -> None:
    """To records without batches. Their files stay: delete the folder `batches` of the records."""
    op.drop_table("batches")
