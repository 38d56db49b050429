"""GET, POST, DELETE /session: who is logged in, log in, log out; PUT /session/password."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response
from flask_restx import Namespace, Resource

from hematovision import errors
from hematovision.api import access, cookies
from hematovision.api.account_schemas import LoginSchema, PasswordSchema, SessionSchema
from hematovision.api.bodies import loaded
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers
from hematovision.records.values import Account

namespace = Namespace("session", path="/session", description="Who is logged in.")

session_schema = SessionSchema()


@namespace.route("")
class Session(Resource):
    @namespace.doc("session", **answers(SessionSchema, 503))
    def get(self) -> Any:
        """Who is logged in by cookie, and what the page sends with each change. Open to all."""
        found = access.session_of_cookie() if _login_is_on() else None
        return _shown(*found) if found else _shown()

    @namespace.expect(SHAPES["Login"])
    @namespace.doc("log_in", **answers(SessionSchema, 400, 401, 404, 413, 415, 422, 429, 503))
    def post(self) -> Any:
        """Log in by name and password. The session is a new one, whatever cookie came along."""
        if not _login_is_on():
            raise errors.LoginOff("Login is switched off here: nobody has to log in.")
        sent, logins = loaded(LoginSchema()), services().recorder.records.logins
        account, secret = logins.log_in(sent["name"], sent["password"], services().clock())
        if before := access.session_of_cookie():
            logins.log_out(before[1])
        response = make_response(_shown(account, secret))
        cookies.give(response, secret, logins.key)
        return response

    @namespace.doc("log_out", **answers(None, 403, 503))
    def delete(self) -> Response:
        """Log out: this session ends, and its cookie goes. Where there is none, nothing is to be done."""
        if _login_is_on() and (found := access.session_of_cookie()):
            access.refuse_unless_from_page(found[1])
            services().recorder.records.logins.log_out(found[1])
        response = Response(status=204, mimetype="application/json")
        cookies.take(response)
        return response


@namespace.route("/password")
class Password(Resource):
    @namespace.expect(SHAPES["Password"])
    @namespace.doc("change_password", **answers(None, 400, 401, 403, 404, 413, 415, 422, 429, 503))
    def put(self) -> Any:
        """Change one's own password. One's other sessions end."""
        account, secret = access.session()
        sent = loaded(PasswordSchema())
        logins = services().recorder.records.logins
        logins.change_password(account, sent["old"], sent["new"], secret, services().clock())
        return "", 204


def _login_is_on() -> bool:
    return services().settings.login == "on"


def _shown(account: Account | None = None, secret: str = "") -> Any:
    token = cookies.csrf_of(secret, services().recorder.records.logins.key) if account else None
    return session_schema.dump({"login": services().settings.login, "user": account, "csrf_token": token})
