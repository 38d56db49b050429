"""Tokens: what scripts show instead of a password. Told once, stored hashed, named, revocable, expiring, and counted
where there is a quota: each by itself, over every worker and replica, from the full hour on."""

from __future__ import annotations

import math
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, bindparam, case, insert, select, update

from hematovision import errors
from hematovision.records import audit
from hematovision.records.database import noted, reading, writing
from hematovision.records.logins import NOTED, sha256
from hematovision.records.tables import Instant, Token, User
from hematovision.records.users import account_of
from hematovision.records.values import Account, TokenFacts

PREFIX = "hematovision_"  # so that a scanner of repositories knows one that was left lying about

_NOW = bindparam("now", type_=Instant())
_VALID = (  # with the user whose it is
    select(*User.__table__.columns, Token.id.label("token"), Token.used_at, Token.hour, Token.asked)
    .join(Token)
    .where(Token.secret_sha256 == bindparam("secret"), Token.revoked_at.is_(None), Token.expires_at > _NOW)
    .where(User.disabled_at.is_(None))
)
_USED = update(Token).where(Token.id == bindparam("token")).values(used_at=_NOW)
_BEGUN = bindparam("begun", type_=Instant())
_ASKED = case((Token.hour == _BEGUN, Token.asked), else_=0)
_COUNTED = _USED.where(bindparam("quota") > _ASKED).values(hour=_BEGUN, asked=_ASKED + 1)


class Tokens:
    """The tokens of one database. Every moment is given by the caller, in UTC."""

    def __init__(self, engine: Engine, quota: int = 0) -> None:
        """`quota` is for the tokens of users who have none of their own; 0: no end."""
        self._engine, self._quota = engine, quota

    def make(self, user: UUID, name: str, days: int, now: datetime) -> tuple[TokenFacts, str]:
        """A new token, and its secret, which nobody can look up later. Raises `NameTaken`."""
        secret, token, expires_at = PREFIX + secrets.token_urlsafe(32), uuid.uuid4(), now + timedelta(days=days)
        with writing(self._engine) as connection:
            audit.take_tail(connection)  # two of one name at once shall not both pass
            if connection.scalar(select(Token.id).where(Token.user_id == user, Token.name == name)):
                raise errors.NameTaken("You have, or had, a token of this name. Choose another one.")
            told = {"name": name, "created_at": now, "expires_at": expires_at}
            connection.execute(insert(Token).values(id=token, user_id=user, secret_sha256=sha256(secret), **told))
            new = {"user": str(user), "name": name, "expires_at": expires_at.isoformat()}
            audit.append(connection, audit.Change("token.made", token, user, new=new))
            quota = self._holding(connection.scalar(select(User.quota).where(User.id == user)))
        return TokenFacts(token, name, now, expires_at, None, None, quota, 0), secret

    def of(self, user: UUID, now: datetime) -> list[TokenFacts]:
        """All that they ever made, newest first."""
        theirs = select(*Token.__table__.columns, User.quota).join(User).where(Token.user_id == user)
        with reading(self._engine) as connection:
            rows = connection.execute(theirs.order_by(Token.created_at.desc())).all()
        return [self._facts(row, now) for row in rows]

    def revoke(self, user: UUID, token: UUID, now: datetime) -> None:
        """Accept it no longer, from now on. Raises `TokenUnknown`, also for somebody else's."""
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            row = connection.execute(select(Token.revoked_at).where(Token.id == token, Token.user_id == user)).first()
            if row is None:
                raise errors.TokenUnknown("You have no token of this id.")
            if row.revoked_at is None:
                connection.execute(update(Token).where(Token.id == token).values(revoked_at=now))
                audit.append(connection, audit.Change("token.revoked", token, user))

    def account(self, secret: str, now: datetime) -> Account | None:
        """Whose token this is; None where it is none, was revoked, has expired, or its user is disabled.

        Where there is a quota, one request more was made. Raises `QuotaSpent` if it was one too many.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_VALID, {"secret": sha256(secret), "now": now}).first()
        if row is None:
            return None
        quota, hour = self._holding(row.quota), _hour(now)
        if quota and _asked(row, hour) >= quota:  # without a write: who goes on asking holds up nobody
            raise _spent(quota, now)
        if quota:
            counted = {"token": row.token, "now": now, "begun": hour, "quota": quota}
            if noted(self._engine, _COUNTED, counted) == 0:  # others were counted meanwhile
                raise _spent(quota, now)
        elif row.used_at is None or now - row.used_at >= NOTED:
            noted(self._engine, _USED, {"token": row.token, "now": now})
        return account_of(row)

    def _holding(self, of_user: int | None) -> int:
        return self._quota if of_user is None else of_user

    def _facts(self, row: Row[Any], now: datetime) -> TokenFacts:
        times = (row.created_at, row.expires_at, row.revoked_at, row.used_at)
        return TokenFacts(row.id, row.name, *times, self._holding(row.quota), _asked(row, _hour(now)))


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _asked(row: Row[Any], hour: datetime) -> int:
    """How often in this hour."""
    return row.asked if row.hour == hour else 0


def _spent(quota: int, now: datetime) -> errors.QuotaSpent:
    seconds = math.ceil((_hour(now) + timedelta(hours=1) - now).total_seconds())
    return errors.QuotaSpent(
        f"All {quota:,} requests of this hour are made. Go on in {seconds} seconds, or ask an admin for more.",
        seconds,
    )
