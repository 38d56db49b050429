"""The tables of the records, as this version knows them. `migrations` makes them; a test compares the two.

Ids are random UUIDs: none is ever used twice, none tells how many there are, and they stay as they are when records
move to another database. Times are UTC, to the microsecond. SHA-256s are hexadecimal.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from hematovision.records.values import BATCH_STATES, ROLES

_SHA256 = String(64)


class Instant(TypeDecorator[datetime]):
    """A moment, aware, in UTC. SQLite has no such type: there it is text that sorts as the moments do."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; without the zone for SQLite, which would not keep it."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again, in UTC whatever zone the server is set to."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every constraint has a name, so that a later migration can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, uuid.UUID: Uuid}  # noqa: RUF012  (SQLAlchemy's own manner)


class User(Base):
    """Someone with an account. Without login there is none, and what is recorded belongs to nobody."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Text)  # argon2; none until one is set
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    quota: Mapped[int | None]  # requests an hour for each of their tokens, 0 for no end; none: the service's own


class Session(Base):
    """A browser that is logged in; the cookie's secret is stored hashed."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    secret_sha256: Mapped[str] = mapped_column(_SHA256, unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # idle since
    expires_at: Mapped[datetime]


class Token(Base):
    """What a script shows instead of a password; stored hashed."""

    __tablename__ = "tokens"
    __table_args__ = (Index(None, "user_id", "name", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    secret_sha256: Mapped[str] = mapped_column(_SHA256, unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    hour: Mapped[datetime | None]  # in which it was last counted: when that began
    asked: Mapped[int | None]  # so often in it


class LoginTries(Base):
    """How often a name was tried in vain since when; for every worker. The name is told by an HMAC alone."""

    __tablename__ = "login_tries"

    name_hmac: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]


class SigningKey(Base):
    """The one row: what signs cookies. 32 bytes, hexadecimal."""

    __tablename__ = "signing_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(_SHA256)


class Preferences(Base):
    """What a user has chosen: order of classes, hot keys, theme, and so on."""

    __tablename__ = "preferences"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_at: Mapped[datetime]


class Model(Base):
    """A bundle that has answered; `sha256` is that of its bundle.json, which names every other file."""

    __tablename__ = "models"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(_SHA256, unique=True)
    labels: Mapped[list[str]] = mapped_column(JSON)  # in the order of every cell's probabilities


class Prediction(Base):
    """What the model said of one picture; never edited. `status`, `label` and `confidence` are of its main cell.

    One row with its cells as JSON: they are written and read together, and a review will name a cell by the
    prediction and its position. Each filter of the history has an index that ends in `at`, so that a page is read off
    the index in order, however many predictions there are; `day` and what it is counted by make statistics a walk
    along one index.
    """

    __tablename__ = "predictions"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "status", "at", "id"),
        Index(None, "label", "at", "id"),
        Index(None, "status", "label", "at", "id"),
        Index(None, "model_id", "at", "id"),
        Index(None, "user_id", "at", "id"),
        Index(None, "day", "model_id", "status", "label"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    day: Mapped[date]  # of `at`, in UTC
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Model.id))
    picture_sha256: Mapped[str] = mapped_column(_SHA256)  # of the bytes received
    width: Mapped[int]
    height: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    label: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float | None]
    reasons: Mapped[list[str]] = mapped_column(JSON)
    nucleated: Mapped[int]
    platelet: Mapped[int]
    red: Mapped[int]
    cells: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # as `cells_json` writes them; red ones only counted
    milliseconds: Mapped[dict[str, float]] = mapped_column(JSON)


class Audit(Base):
    """One change, chained to the one before it by SHA-256. Triggers refuse UPDATE and DELETE.

    Holds internal ids and hashes only, and refers to no other table, so that whatever is erased leaves it valid.
    """

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3, ... without a gap
    at: Mapped[datetime]
    user_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    old_sha256: Mapped[str | None] = mapped_column(_SHA256)
    new_sha256: Mapped[str | None] = mapped_column(_SHA256)
    reason_sha256: Mapped[str | None] = mapped_column(_SHA256)
    model_sha256: Mapped[str | None] = mapped_column(_SHA256)
    previous: Mapped[str] = mapped_column(_SHA256)
    sha256: Mapped[str] = mapped_column(_SHA256, unique=True)


class AuditDetail(Base):
    """What an entry's hashes are of, beside the chain: may be erased, never changed unseen.

    Without the salt nobody can find a short value by trying: to erase it is to make the hashes say nothing.
    """

    __tablename__ = "audit_details"

    number: Mapped[int] = mapped_column(ForeignKey(Audit.number), primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(String(32))
    old: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    new: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)


class Work(Base):
    """A piece of work for which pictures are kept, each for `days` days."""

    __tablename__ = "works"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(200))
    days: Mapped[int]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class KeptPicture(Base):
    """The pixels of one prediction's picture, in the file that bears its id; deleted when `until` has come."""

    __tablename__ = "kept_pictures"

    prediction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Prediction.id), primary_key=True)
    work_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Work.id), index=True)
    until: Mapped[datetime] = mapped_column(index=True)
    sha256: Mapped[str] = mapped_column(_SHA256)  # of the file


class Batch(Base):
    """An archive sent to be answered, and how far that is; its files are in the folder that bears its id."""

    __tablename__ = "batches"
    __table_args__ = (CheckConstraint(f"state IN {BATCH_STATES}", name="state"), Index(None, "state", "at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    at: Mapped[datetime]  # when it had arrived
    state: Mapped[str] = mapped_column(String(16))
    runner: Mapped[uuid.UUID | None]  # the process that answers it
    beat_at: Mapped[datetime | None]  # when that was last heard of
    tries: Mapped[int]  # processes that began it and were not heard of again
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)  # pictures, total, failures, rate
    problem: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))  # code and detail
    until: Mapped[datetime | None]  # to which the result is kept
