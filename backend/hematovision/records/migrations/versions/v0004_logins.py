"""Tries to log in, counted for all workers, and the key that signs cookies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hematovision.records.tables import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From users who could not log in yet."""
    op.create_table(
        "login_tries",
        sa.Column("name_hmac", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name_hmac"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """To users who cannot log in. Their sessions end: the key is dropped."""
    op.drop_table("signing_keys")
    op.drop_table("login_tries")
