"""GET, PUT /preferences: what a user has chosen for the page. Without login the browser keeps it."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource

from hematovision.api import access
from hematovision.api.account_schemas import PreferencesSchema
from hematovision.api.bodies import loaded
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers

namespace = Namespace("preferences", path="/preferences", description="What one has chosen for the page.")

preferences_schema = PreferencesSchema()


@namespace.route("")
class Preferences(Resource):
    @namespace.doc("preferences", **answers(PreferencesSchema, 401, 404, 503))
    def get(self) -> Any:
        """One's own; what was never chosen is as the page has it."""
        return preferences_schema.load(services().recorder.records.preferences.of(access.user().id))

    @namespace.expect(SHAPES["Preferences"])
    @namespace.doc("choose", **answers(PreferencesSchema, 400, 401, 403, 404, 413, 415, 422, 503))
    def put(self) -> Any:
        """Choose: this takes the place of all that was chosen before; what is left out is as the page has it."""
        account = access.user()
        chosen = loaded(preferences_schema)
        services().recorder.records.preferences.choose(account.id, chosen)
        return chosen
