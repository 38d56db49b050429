"""Who asks, and what they may not do."""

from __future__ import annotations

from hematovision.errors.root import HematoVisionError


class LoginRequired(HematoVisionError):
    """Nobody is logged in, or no longer."""

    code = "login_required"
    status = 401
    title = "Log in first"


class LoginRefused(LoginRequired):
    code = "login_refused"
    title = "Name and password do not match"


class TokenRefused(LoginRequired):
    code = "token_refused"
    title = "The token is not accepted"


class LoginThrottled(HematoVisionError):
    """Too many tries for one name; the next one is looked at in `seconds`."""

    code = "login_throttled"
    status = 429
    title = "Too many tries to log in"

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class QuotaSpent(HematoVisionError):
    """A token has made as many requests in this hour as it may; it may go on in `seconds`."""

    code = "quota_spent"
    status = 429
    title = "The token has made its requests of this hour"

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class AccessRefused(HematoVisionError):
    """Whoever asks is known, or need not be, and may not do this."""

    code = "access_refused"
    status = 403
    title = "You may not do this"


class NotOpen(AccessRefused):
    """Without login: a request that does not come from this machine, or not straight."""

    code = "not_open"
    title = "This service answers its own machine only"


class CsrfRefused(AccessRefused):
    code = "csrf_refused"
    title = "The request did not come from the page"


class SessionNeeded(AccessRefused):
    code = "session_needed"
    title = "A token may not do this"


class LoginOff(HematoVisionError):
    """Login is switched off, so that there are no users."""

    code = "login_off"
    status = 404
    title = "There is no login here"


class UserUnknown(HematoVisionError):
    code = "user_unknown"
    status = 404
    title = "No such user"


class TokenUnknown(HematoVisionError):
    code = "token_unknown"
    status = 404
    title = "No such token"


class NameTaken(HematoVisionError):
    """Another user, or another token of this user, bears it."""

    code = "name_taken"
    status = 409
    title = "The name is taken"


class LastAdmin(HematoVisionError):
    """The last admin who is not disabled is to be disabled, or to be none any longer."""

    code = "last_admin"
    status = 409
    title = "Somebody must be able to manage users"


class AccountRefused(HematoVisionError):
    """A name, a role or a password that is none."""

    code = "account_refused"
    status = 422
    title = "This account cannot be made so"
