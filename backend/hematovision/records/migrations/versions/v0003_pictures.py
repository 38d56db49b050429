"""Pieces of work for which pictures are kept, and the pictures that are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hematovision.records.tables import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From records without pictures."""
    op.create_table(
        "works",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "kept_pictures",
        sa.Column("prediction_id", sa.Uuid(), sa.ForeignKey("predictions.id"), nullable=False),
        sa.Column("work_id", sa.Uuid(), sa.ForeignKey("works.id"), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id"),
    )
    op.create_index("ix_kept_pictures_work_id", "kept_pictures", ["work_id"])
    op.create_index("ix_kept_pictures_until", "kept_pictures", ["until"])


def downgrade() -> None:
    """To records without pictures. Their files stay: `hematovision records sweep` first."""
    op.drop_table("kept_pictures")
    op.drop_table("works")
