"""Passwords as argon2id hashes, and what a password must be."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from hematovision import errors

SHORTEST, LONGEST = 12, 200  # characters; the longest bounds what one try costs

# OWASP's least: 19 MiB for a moment. The library's default takes 64 MiB, as much as a third of a worker.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """What is stored instead of the password. Raises `AccountRefused` for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise errors.AccountRefused(f"A password has {SHORTEST} to {LONGEST} characters. Three words in a row will do.")
    return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password. Where none is stored it takes as long and says no: who measures the time does not
    learn which users there are."""
    try:
        return _HASHER.verify(stored or _nobodys(), password) and stored is not None
    except VerificationError:
        return False


def drawn() -> str:
    """A password drawn by chance, to be told once: 95 bits."""
    return secrets.token_urlsafe(12)


@cache
def _nobodys() -> str:
    return _HASHER.hash(drawn())
