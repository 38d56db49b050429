"""Who asks, and whether they may: before every request, whatever its endpoint. What is not open wants a login."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, g, request

from hematovision import errors
from hematovision.api import cookies
from hematovision.api.services import services
from hematovision.records.values import Account

# For orchestrators, for whoever wants to log in, and the API's own description, which tells nothing of a laboratory.
OPEN = {"health_health", "health_live", "health_ready", "session_session", "doc", "specs", "restx_doc.static"}
# The least of a service that is not open: an orchestrator asks from elsewhere.
PROBES = {"health_live", "health_ready"}
SCRAPED = "metrics_scrape"

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Visitor:
    """Who asks: a user, by the secret of a session or by a token; nobody, where there is no login, or not yet."""

    user: Account | None = None
    session: str | None = None

    @property
    def id(self) -> UUID | None:
        """For the records: None where nobody is logged in."""
        return self.user.id if self.user else None

    @property
    def whose(self) -> UUID | None:
        """Whose records they may see: their own. None for everybody's: an admin, or without login."""
        return None if self.user is None or self.user.role == "admin" else self.user.id


def init_app(app: Flask) -> None:
    """Ask before each request; a preflight of CORS has nothing to show yet, and changes nothing."""

    @app.before_request
    def admit() -> None:
        g.visitor = Visitor()
        if request.method == "OPTIONS" or request.endpoint is None:
            return
        if request.endpoint == SCRAPED:
            _refuse_all_but_prometheus()
            return
        if services().settings.login == "off":
            _refuse_strangers()
            return
        if request.endpoint not in OPEN:
            g.visitor = _visitor()


def visitor() -> Visitor:
    """Whoever sent the current request."""
    return cast(Visitor, g.visitor)


def user() -> Account:
    """The user who sent the current request. Raises `LoginOff` where there are none."""
    if (found := visitor().user) is None:
        raise errors.LoginOff("Login is switched off here, so that there are no users. HEMATOVISION_LOGIN=on has them.")
    return found


def session() -> tuple[Account, str]:
    """The user and the secret of their session. Raises `SessionNeeded` where they came by a token."""
    found, secret = user(), visitor().session
    if secret is None:
        raise errors.SessionNeeded("A token may not do this: log in by name and password.")
    return found, secret


def only(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let these roles in; without login everybody, who has the machine to themselves."""

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            who = visitor().user
            if who and who.role not in roles:
                raise errors.AccessRefused(f"A {who.role} may not do this. Ask one who may: {', '.join(roles)}.")
            return method(*args, **kwargs)

        return guarded

    return decorate


def _visitor() -> Visitor:
    """By the header Authorization, else by the cookie. Raises `LoginRequired`, `TokenRefused` or `CsrfRefused`."""
    records, now = services().recorder.records, services().clock()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind:
        account = records.tokens.account(token.strip(), now) if kind.lower() == "bearer" else None
        if account is None:
            raise errors.TokenRefused("This token is unknown, revoked or expired. Make a new one on the page.")
        return Visitor(account)
    found = session_of_cookie()
    if found is None:
        raise errors.LoginRequired("Log in on the page, or send a token: `Authorization: Bearer ...`.")
    account, secret = found
    if request.method in _CHANGES:
        refuse_unless_from_page(secret)
    return Visitor(account, secret)


def session_of_cookie() -> tuple[Account, str] | None:
    """The user, and the secret, of the session that the cookie tells; None where there is none, or it has ended."""
    logins = services().recorder.records.logins
    if not (secret := cookies.secret_in(request.cookies.get(cookies.NAME, ""), logins.key)):
        return None
    account = logins.account(secret, services().clock(), services().idle)
    return (account, secret) if account else None


def refuse_unless_from_page(secret: str) -> None:
    """A browser sends the cookie along whoever had the request made; the token only the page can have read."""
    expected = cookies.csrf_of(secret, services().recorder.records.logins.key)
    if not hmac.compare_digest(expected.encode(), request.headers.get("X-CSRF-Token", "").encode()):
        raise errors.CsrfRefused("The header X-CSRF-Token is missing or of another session. Load the page anew.")


def _refuse_strangers() -> None:
    """Without login: whoever is not on this machine, came through a proxy, or calls this machine by another name, as a
    page elsewhere does whose name was made to lead here; and changes that pages of other sites ask for."""
    if services().settings.for_all or request.endpoint in PROBES:
        return
    forwarded = any(header in request.headers for header in _FORWARDED)
    if forwarded or not is_own(request.remote_addr) or not is_own(_called()):
        raise errors.NotOpen(
            "Without login only this machine itself is answered, at 127.0.0.1 or localhost. Switch login on "
            "(HEMATOVISION_LOGIN=on), or open it to all who can reach it (HEMATOVISION_OPEN=1)."
        )
    origin = request.headers.get("Origin", "")  # a browser names it with each change that a page asks for
    of_page = origin.partition("//")[2] == request.host or origin in services().settings.cors_origins
    if request.method in _CHANGES and origin and not of_page:
        raise errors.CsrfRefused("A page of another site asked for this. Allow it: HEMATOVISION_CORS_ORIGINS.")


def _refuse_all_but_prometheus() -> None:
    """With login or without: for this machine, and the networks that a setting names. Not through a proxy, whoever it
    says that it asks for: what is open to the proxy would be open to all."""
    address = request.remote_addr
    asked_here = is_own(address) and is_own(_called())
    if any(header in request.headers for header in _FORWARDED) or not (asked_here or _is_in_networks(address)):
        raise errors.NotOpen(
            "/metrics answers this machine, and the networks named in HEMATOVISION_METRICS, asked without a proxy."
        )


def _is_in_networks(address: str | None) -> bool:
    with suppress(ValueError):
        return any(ip_address(address or "") in ip_network(each) for each in services().settings.metrics)
    return False


def _called() -> str | None:
    """By which name or address, without the port; None for what is none."""
    with suppress(ValueError):
        return urlsplit(f"//{request.host}").hostname
    return None


def is_own(address: str | None) -> bool:
    """Whether this address, or name, is this machine's own."""
    with suppress(ValueError):
        return ip_address(address or "").is_loopback
    return address == "localhost"
