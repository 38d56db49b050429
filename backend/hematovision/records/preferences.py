"""What a user has chosen for the page, so that it follows them to another browser. The API says what it may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, delete, insert, select

from hematovision.records.database import alone, reading, writing
from hematovision.records.tables import Preferences as Row


class Preferences:
    """The preferences of one database's users."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, user: UUID) -> dict[str, Any]:
        """What they chose; empty where they never did."""
        with reading(self._engine) as connection:
            return dict(connection.scalar(select(Row.chosen).where(Row.user_id == user)) or {})

    def choose(self, user: UUID, chosen: dict[str, Any]) -> None:
        """Put this in the place of whatever they chose before."""
        with writing(self._engine) as connection:
            alone(connection, Row)
            connection.execute(delete(Row).where(Row.user_id == user))
            connection.execute(insert(Row).values(user_id=user, chosen=chosen, changed_at=datetime.now(UTC)))
