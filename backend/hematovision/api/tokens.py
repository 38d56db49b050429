"""/tokens: what one's scripts show instead of a password. Made and revoked on the page alone, by no token."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_restx import Namespace, Resource

from hematovision.api import access
from hematovision.api.account_schemas import MadeTokenSchema, NewTokenSchema, TokensSchema
from hematovision.api.bodies import loaded
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers

namespace = Namespace("tokens", path="/tokens", description="One's own tokens, for scripts.")

tokens_schema, made_schema = TokensSchema(), MadeTokenSchema()


@namespace.route("")
class Tokens(Resource):
    @namespace.doc("tokens", **answers(TokensSchema, 401, 404, 503))
    def get(self) -> Any:
        """One's own tokens, without their secrets."""
        return tokens_schema.dump(
            {"tokens": services().recorder.records.tokens.of(access.user().id, services().clock())}
        )

    @namespace.expect(SHAPES["NewToken"])
    @namespace.doc("make_token", **answers(MadeTokenSchema, 400, 401, 403, 404, 409, 413, 415, 422, 503))
    def post(self) -> Any:
        """Make a token. It is told this once, and may do what its user may, but for passwords, tokens and users."""
        account, _ = access.session()
        sent = loaded(NewTokenSchema())
        made, secret = services().recorder.records.tokens.make(account.id, **sent, now=services().clock())
        return made_schema.dump(vars(made) | {"token": secret})


@namespace.route("/<uuid:id>")
class Token(Resource):
    @namespace.doc("revoke_token", **answers(None, 401, 403, 404, 503))
    def delete(self, id: UUID) -> Any:
        """Revoke one's own token: it is accepted no longer."""
        account, _ = access.session()
        services().recorder.records.tokens.revoke(account.id, id, services().clock())
        return "", 204
