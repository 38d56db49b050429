"""Models and their predictions; users with their sessions, tokens and preferences."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from hematovision.records.tables import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'reviewer', 'admin')", name="role"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    for name, own in (
        ("sessions", [sa.Column("seen_at", Instant(), nullable=False)]),
        (
            "tokens",
            [
                sa.Column("name", sa.String(80), nullable=False),
                sa.Column("revoked_at", Instant(), nullable=True),
                sa.Column("used_at", Instant(), nullable=True),
            ],
        ),
    ):
        op.create_table(
            name,
            sa.Column("id", sa.Uuid(), nullable=False),
            _of_user(),
            sa.Column("secret_sha256", sa.String(64), nullable=False),
            sa.Column("created_at", Instant(), nullable=False),
            sa.Column("expires_at", Instant(), nullable=False),
            *own,
            sa.PrimaryKeyConstraint("id"),
            sa.UniqueConstraint("secret_sha256"),
        )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_tokens_user_id_name", "tokens", ["user_id", "name"], unique=True)
    op.create_table(
        "preferences",
        _of_user(),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
    )
    _create_predictions()


def _create_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
        sa.Column("model_id", sa.Uuid(), sa.ForeignKey("models.id"), nullable=False),
        sa.Column("picture_sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("label", sa.String(40), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("nucleated", sa.Integer(), nullable=False),
        sa.Column("platelet", sa.Integer(), nullable=False),
        sa.Column("red", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("milliseconds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for columns in (
        ["at", "id"],
        ["status", "at", "id"],
        ["label", "at", "id"],
        ["status", "label", "at", "id"],
        ["model_id", "at", "id"],
        ["user_id", "at", "id"],
        ["day", "model_id", "status", "label"],
    ):
        op.create_index(f"ix_predictions_{'_'.join(columns)}", "predictions", columns)


def downgrade() -> None:
    """To nothing: all that was recorded is dropped."""
    for table in ("predictions", "models", "preferences", "tokens", "sessions", "users"):
        op.drop_table(table)


def _of_user() -> sa.Column[UUID]:
    return sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
