"""Tokens: what scripts show instead of a password. Told once, stored hashed, named, revocable, expiring."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, insert, select, update

from hematovision import errors
from hematovision.records import audit
from hematovision.records.database import reading, writing
from hematovision.records.logins import NOTED, sha256
from hematovision.records.tables import Token, User
from hematovision.records.users import account_of
from hematovision.records.values import Account, TokenFacts

PREFIX = "hematovision_"  # so that a scanner of repositories knows one that was left lying about


class Tokens:
    """The tokens of one database. Every moment is given by the caller, in UTC."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, user: UUID, name: str, days: int, now: datetime) -> tuple[TokenFacts, str]:
        """A new token, and its secret, which nobody can look up later. Raises `NameTaken`."""
        secret = PREFIX + secrets.token_urlsafe(32)
        made = TokenFacts(uuid.uuid4(), name, now, now + timedelta(days=days), None, None)
        with writing(self._engine) as connection:
            audit.take_tail(connection)  # two of one name at once shall not both pass
            if connection.scalar(select(Token.id).where(Token.user_id == user, Token.name == name)):
                raise errors.NameTaken("You have, or had, a token of this name. Choose another one.")
            connection.execute(insert(Token).values(user_id=user, secret_sha256=sha256(secret), **vars(made)))
            new = {"user": str(user), "name": name, "expires_at": made.expires_at.isoformat()}
            audit.append(connection, audit.Change("token.made", made.id, user, new=new))
        return made, secret

    def of(self, user: UUID) -> list[TokenFacts]:
        """All that they ever made, newest first."""
        theirs = select(*Token.__table__.columns).where(Token.user_id == user).order_by(Token.created_at.desc())
        with reading(self._engine) as connection:
            return [_facts(row) for row in connection.execute(theirs)]

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
        """Whose token this is; None where it is none, was revoked, has expired, or its user is disabled."""
        valid = (Token.revoked_at.is_(None), Token.expires_at > now, User.disabled_at.is_(None))
        columns = (*User.__table__.columns, Token.used_at)
        found = select(*columns).join(Token).where(Token.secret_sha256 == sha256(secret), *valid)
        with reading(self._engine) as connection:
            row = connection.execute(found).first()
        if row is None:
            return None
        if row.used_at is None or now - row.used_at >= NOTED:
            with writing(self._engine) as connection:
                used = update(Token).where(Token.secret_sha256 == sha256(secret))
                connection.execute(used.values(used_at=now))
        return account_of(row)


def _facts(row: Row[Any]) -> TokenFacts:
    return TokenFacts(row.id, row.name, row.created_at, row.expires_at, row.revoked_at, row.used_at)
