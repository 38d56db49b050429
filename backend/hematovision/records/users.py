"""Users: who has an account, in which role. Every change stands in the audit."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from hematovision import errors
from hematovision.records import audit, passwords
from hematovision.records.database import reading, writing
from hematovision.records.tables import Session, Token, User
from hematovision.records.values import ROLES, Account, NewAccount

_NAME = re.compile(r"[\w.@-]{1,80}")


class Users:
    """The accounts of one database. `by` is who makes a change: None for the command line, which has no login."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, people: Sequence[NewAccount], by: UUID | None = None) -> list[Account]:
        """Make these accounts, all or none. Raises `AccountRefused` for what is no name, role or password, `NameTaken`
        for a name that somebody bears, or that comes twice."""
        rows = [_row_of(person) for person in people]
        with writing(self._engine) as connection:
            audit.take_tail(connection)  # nobody else adds or changes users meanwhile
            taken = set(connection.scalars(select(User.name)))
            for row in rows:
                if row["name"] in taken:
                    raise errors.NameTaken(f"There is a user {row['name']!r} already. Choose another name.")
                taken.add(row["name"])
                connection.execute(insert(User).values(row))
                new = {"name": row["name"], "role": row["role"]}
                audit.append(connection, audit.Change("user.added", row["id"], by, new=new))
            return [_by_id(connection, row["id"]) for row in rows]

    def all(self) -> list[Account]:
        """Everybody, by name."""
        with reading(self._engine) as connection:
            return [account_of(row) for row in connection.execute(select(*User.__table__.columns).order_by(User.name))]

    def named(self, name: str) -> Account:
        """The one of this name. Raises `UserUnknown`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*User.__table__.columns).where(User.name == plain_name(name))).first()
        if row is None:
            raise errors.UserUnknown("There is no user of this name. `hematovision users list` shows them all.")
        return account_of(row)

    def change_role(self, user: UUID, role: str, by: UUID | None = None) -> Account:
        """Give them another role, which holds from their next request. Raises `UserUnknown`, `AccountRefused` for no
        role, and `LastAdmin`."""
        _refuse_unless_role(role)
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            old = _by_id(connection, user).role
            if role != old:
                connection.execute(update(User).where(User.id == user).values(role=role))
                _refuse_without_admin(connection)
                audit.append(connection, audit.Change("user.role_changed", user, by, old, role))
            return _by_id(connection, user)

    def change_quota(self, user: UUID, quota: int | None, by: UUID | None = None) -> Account:
        """Let each of their tokens make so many requests an hour, from the next one on; 0: without end; None: as many
        as the service says. Raises `UserUnknown`."""
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            old = _by_id(connection, user).quota
            if quota != old:
                connection.execute(update(User).where(User.id == user).values(quota=quota))
                audit.append(connection, audit.Change("user.quota_changed", user, by, old, quota))
            return _by_id(connection, user)

    def disable(self, user: UUID, by: UUID | None = None) -> Account:
        """Let them in no longer: their sessions and tokens end at once. Raises `UserUnknown` and `LastAdmin`."""
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            if _by_id(connection, user).disabled_at is None:
                now = datetime.now(UTC)
                connection.execute(update(User).where(User.id == user).values(disabled_at=now))
                _refuse_without_admin(connection)
                _end_all(connection, user, now)
                audit.append(connection, audit.Change("user.disabled", user, by))
            return _by_id(connection, user)

    def reset(self, user: UUID, password: str, by: UUID | None = None) -> Account:
        """Give them this password and let them in again, if they were disabled. Sessions and tokens made before end:
        somebody else may hold them. Raises `UserUnknown` and `AccountRefused`."""
        stored = passwords.hashed(password)
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            _by_id(connection, user)
            connection.execute(update(User).where(User.id == user).values(password_hash=stored, disabled_at=None))
            _end_all(connection, user, datetime.now(UTC))
            audit.append(connection, audit.Change("user.reset", user, by))
            return _by_id(connection, user)


def plain_name(name: str) -> str:
    """The one way to write a name: `Ärztin` typed on two keyboards is the same, in capitals or not."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def account_of(row: Row[Any]) -> Account:
    """A row of the table of users, or of one that has its columns."""
    return Account(row.id, row.name, row.role, row.created_at, row.disabled_at, row.quota)


def _row_of(person: NewAccount) -> dict[str, Any]:
    name = plain_name(person.name)
    if not _NAME.fullmatch(name):
        raise errors.AccountRefused(
            f"{person.name[:40]!r} is no name: letters, digits and . _ - @, at most 80 of them."
        )
    _refuse_unless_role(person.role)
    stored = passwords.hashed(person.password)
    return {
        "id": uuid.uuid4(),
        "name": name,
        "role": person.role,
        "password_hash": stored,
        "created_at": datetime.now(UTC),
    }


def _refuse_unless_role(role: str) -> None:
    if role not in ROLES:
        raise errors.AccountRefused(f"{role[:40]!r} is no role. There are: {', '.join(ROLES)}.")


def _by_id(connection: Connection, user: UUID) -> Account:
    row = connection.execute(select(*User.__table__.columns).where(User.id == user)).first()
    if row is None:
        raise errors.UserUnknown("There is no user of this id.")
    return account_of(row)


def _refuse_without_admin(connection: Connection) -> None:
    admins = select(func.count()).where(User.role == "admin", User.disabled_at.is_(None))
    if not connection.scalar(admins):
        raise errors.LastAdmin("This is the last admin. Make somebody else one first.")


def _end_all(connection: Connection, user: UUID, now: datetime) -> None:
    connection.execute(delete(Session).where(Session.user_id == user))
    connection.execute(update(Token).where(Token.user_id == user, Token.revoked_at.is_(None)).values(revoked_at=now))
