"""How often a token may be used, and was, in an hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hematovision.records.tables import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From tokens that are not counted."""
    op.add_column("users", sa.Column("quota", sa.Integer(), nullable=True))
    op.add_column("tokens", sa.Column("hour", Instant(), nullable=True))
    op.add_column("tokens", sa.Column("asked", sa.Integer(), nullable=True))


def downgrade() -> None:
    """To tokens without quotas."""
    op.drop_column("tokens", "asked")
    op.drop_column("tokens", "hour")
    op.drop_column("users", "quota")
