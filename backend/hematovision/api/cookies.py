"""The cookie of a session: its secret, signed, so that what nobody here made costs no look into the database."""

from __future__ import annotations

import hashlib
import hmac

from flask import Response, request
from itsdangerous import BadSignature, Signer

NAME = "hematovision"

_SALT = "hematovision session"


def give(response: Response, secret: str, key: bytes) -> None:
    """Let the browser keep it until it is closed; no script reads it, no other site sends it."""
    response.set_cookie(
        NAME, _signer(key).sign(secret).decode(), httponly=True, samesite="Strict", secure=request.is_secure
    )


def take(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(NAME, httponly=True, samesite="Strict", secure=request.is_secure)


def secret_in(cookie: str, key: bytes) -> str | None:
    """The secret of a cookie that we signed; None for any other."""
    try:
        return _signer(key).unsign(cookie).decode()
    except (BadSignature, UnicodeDecodeError):
        return None


def csrf_of(secret: str, key: bytes) -> str:
    """What the page of this session sends with each change, and no other site can know."""
    return hmac.digest(key, f"csrf {secret}".encode(), "sha256").hex()


def _signer(key: bytes) -> Signer:
    return Signer(key, salt=_SALT, digest_method=hashlib.sha256)
