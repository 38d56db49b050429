"""Logging in: by name and password, so many tries; the sessions of browsers, and the key that signs their cookies.

Every moment is given by the caller, in UTC. What is stored of a secret is its SHA-256: it has 256 bits by chance, and
nobody finds it by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import uuid
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, insert, select, update

from hematovision import errors
from hematovision.records import audit, passwords
from hematovision.records.database import alone, noted, reading, writing
from hematovision.records.tables import LoginTries, Session, SigningKey, User
from hematovision.records.users import account_of, plain_name
from hematovision.records.values import Account

TRIES = 5  # with a wrong password, for one name
WINDOW = timedelta(minutes=5)  # in which they are counted; then it begins anew
LONGEST = timedelta(hours=12)  # that a session lasts, however busy
NOTED = timedelta(minutes=1)  # how exactly use is noted: to write costs more than to read

_MISMATCH = "Name and password do not match, or this user is disabled. Try again, or ask an admin to reset it."


class Logins:
    """The sessions of one database: `secret` is what the browser holds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def log_in(self, name: str, password: str, now: datetime) -> tuple[Account, str]:
        """The account, and the secret of its new session. Raises `LoginRefused`, as slowly for a name that nobody bears
        as for a wrong password; `LoginThrottled` after so many tries."""
        tried = self._try(name, now)
        with reading(self._engine) as connection:
            row = connection.execute(select(*User.__table__.columns).where(User.name == plain_name(name))).first()
        stored = row.password_hash if row and row.disabled_at is None else None
        if not passwords.matches(stored, password) or row is None:
            raise errors.LoginRefused(_MISMATCH)
        secret = secrets.token_urlsafe(32)
        with writing(self._engine) as connection:
            # Disabled or reset while the password was compared: then this was the old one.
            same = select(User.id).where(User.id == row.id, User.password_hash == stored, User.disabled_at.is_(None))
            if connection.scalar(same.with_for_update()) is None:
                raise errors.LoginRefused(_MISMATCH)
            connection.execute(delete(LoginTries).where(LoginTries.name_hmac == tried))
            connection.execute(delete(Session).where(Session.expires_at <= now))
            times = {"created_at": now, "seen_at": now, "expires_at": now + LONGEST}
            connection.execute(insert(Session).values(user_id=row.id, secret_sha256=sha256(secret), **times))
        return account_of(row), secret

    def account(self, secret: str, now: datetime, idle: timedelta) -> Account | None:
        """Whose session this is; None where it has ended: logged out, unused for `idle`, too old, or its user disabled.

        One that was last used later than now is over, too: the clock was set back, which must not make it longer. One
        found over is forgotten, or it would live again when the clock comes to where it was.
        """
        columns = (*User.__table__.columns, Session.seen_at, Session.expires_at)
        found = (
            select(*columns).join(Session).where(Session.secret_sha256 == sha256(secret), User.disabled_at.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(found).first()
        if row is None:
            return None
        if not -NOTED < now - row.seen_at < idle or now >= row.expires_at:
            self.log_out(secret)
            return None
        if now - row.seen_at >= NOTED:
            seen = update(Session).where(Session.secret_sha256 == sha256(secret))
            noted(self._engine, seen, {"seen_at": now})
        return account_of(row)

    def log_out(self, secret: str) -> None:
        """End this session."""
        with writing(self._engine) as connection:
            connection.execute(delete(Session).where(Session.secret_sha256 == sha256(secret)))

    def change_password(self, user: Account, old: str, new: str, staying: str, now: datetime) -> None:
        """Change one's own password; every other session than `staying` ends. Raises `LoginRefused` where `old` is not
        the password, `LoginThrottled` after so many tries, `AccountRefused` where `new` cannot be one."""
        to_store, tried = passwords.hashed(new), self._try(user.name, now)
        with reading(self._engine) as connection:
            stored = connection.scalar(select(User.password_hash).where(User.id == user.id))
        if not passwords.matches(stored, old):
            raise errors.LoginRefused("The old password is not right. Try again, or ask an admin to reset it.")
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            connection.execute(delete(LoginTries).where(LoginTries.name_hmac == tried))
            same = update(User).where(User.id == user.id, User.password_hash == stored, User.disabled_at.is_(None))
            if connection.execute(same.values(password_hash=to_store)).rowcount == 0:  # reset meanwhile
                raise errors.LoginRefused("This password was reset, or this user disabled, meanwhile. Log in anew.")
            others = delete(Session).where(Session.user_id == user.id, Session.secret_sha256 != sha256(staying))
            connection.execute(others)
            audit.append(connection, audit.Change("user.password_changed", user.id, user.id))

    @cached_property
    def key(self) -> bytes:
        """What signs cookies, in every worker and replica: made once, by whoever needs it first."""
        with reading(self._engine) as connection:
            made = connection.scalar(select(SigningKey.key))
        if made is None:
            with writing(self._engine) as connection:
                alone(connection, SigningKey)
                made = connection.scalar(select(SigningKey.key))
                if made is None:
                    made = secrets.token_hex(32)
                    connection.execute(insert(SigningKey).values(id=uuid.uuid4(), key=made))
        return bytes.fromhex(made)

    def _try(self, name: str, now: datetime) -> str:
        """Count a try before it is made, so that many at once are no more than TRIES. Returns under what it is counted:
        no name, since a password is soon typed into the wrong field."""
        tried = hmac.digest(self.key, plain_name(name).encode(), "sha256").hex()
        with writing(self._engine) as connection:
            alone(connection, LoginTries)
            connection.execute(delete(LoginTries).where(LoginTries.since <= now - WINDOW))
            connection.execute(delete(LoginTries).where(LoginTries.since > now + NOTED))  # the clock was set back
            row = connection.execute(
                select(LoginTries.tries, LoginTries.since).where(LoginTries.name_hmac == tried)
            ).first()
            if row is None:
                connection.execute(insert(LoginTries).values(name_hmac=tried, tries=1, since=now))
                return tried
            if row.tries <= TRIES:
                more = update(LoginTries).where(LoginTries.name_hmac == tried)
                connection.execute(more.values(tries=row.tries + 1))
            if row.tries == TRIES:  # told once, so that nobody fills the audit by trying on
                audit.append(connection, audit.Change("login.throttled", _id_of(connection, name)))
        if row.tries < TRIES:
            return tried
        seconds = math.ceil((row.since + WINDOW - now).total_seconds())
        raise errors.LoginThrottled(f"Too many tries for this name. Try again in {seconds} seconds.", seconds)


def sha256(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _id_of(connection: Connection, name: str) -> UUID | None:
    found: UUID | None = connection.scalar(select(User.id).where(User.name == plain_name(name)))
    return found
