"""/users: who has an account. For admins, logged in by password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_restx import Namespace, Resource

from hematovision.api import access
from hematovision.api.account_schemas import NewUserSchema, UserChangeSchema, UserSchema, UsersSchema
from hematovision.api.bodies import loaded
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers
from hematovision.records.values import NewAccount

namespace = Namespace("users", path="/users", description="Who has an account, for admins.")

user_schema, users_schema = UserSchema(), UsersSchema()


@namespace.route("")
class Users(Resource):
    @access.only("admin")
    @namespace.doc("users", **answers(UsersSchema, 401, 403, 404, 503))
    def get(self) -> Any:
        """Everybody, by name."""
        access.user()
        return users_schema.dump({"users": services().recorder.records.users.all()})

    @access.only("admin")
    @namespace.expect(SHAPES["NewUser"])
    @namespace.doc("add_user", **answers(UserSchema, 400, 401, 403, 404, 409, 413, 415, 422, 503))
    def post(self) -> Any:
        """Add a user."""
        admin, _ = access.session()
        [added] = services().recorder.records.users.add([NewAccount(**loaded(NewUserSchema()))], admin.id)
        return user_schema.dump(added)


@namespace.route("/<uuid:id>")
class User(Resource):
    @access.only("admin")
    @namespace.expect(SHAPES["UserChange"])
    @namespace.doc("change_user", **answers(UserSchema, 400, 401, 403, 404, 409, 413, 415, 422, 503))
    def patch(self, id: UUID) -> Any:
        """Change a user's role or quota, disable them, or reset their password. It holds from their next request."""
        admin, _ = access.session()
        [(what, value)] = loaded(UserChangeSchema()).items()
        users = services().recorder.records.users
        if what == "role":
            changed = users.change_role(id, value, admin.id)
        elif what == "disabled":
            changed = users.disable(id, admin.id)
        elif what == "quota":
            changed = users.change_quota(id, value, admin.id)
        else:
            changed = users.reset(id, value, admin.id)
        return user_schema.dump(changed)
