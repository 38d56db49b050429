"""GET /examples: the pictures that `hematovision examples` fetched, for the page's *Try an example*."""

from __future__ import annotations

from typing import Any

from flask import Response, send_file
from flask_restx import Namespace, Resource
from werkzeug.exceptions import NotFound

from hematovision import examples
from hematovision.api.schemas import ExamplesSchema
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers

namespace = Namespace("examples", path="/examples", description="Pictures to try the service with.")

examples_schema = ExamplesSchema()


@namespace.route("")
class Examples(Resource):
    @namespace.doc("examples", **answers(ExamplesSchema))
    def get(self) -> Any:
        """The example pictures that are here; none until they were fetched."""
        here = examples.present(services().settings.examples)
        listed = [{"name": example.name, "url": f"examples/{example.name}"} for example in here]
        message = "" if listed else examples.HOW_TO_FETCH
        return examples_schema.dump({"examples": listed, "attribution": examples.ATTRIBUTION, "message": message})


@namespace.route("/<string:name>")
class Example(Resource):
    @namespace.doc("example", produces=["image/jpeg", "application/problem+json"])
    @namespace.response(200, "The picture, as JPEG.")
    @namespace.response(404, "No such example.", SHAPES["Problem"])
    def get(self, name: str) -> Response:
        """One example picture."""
        folder = services().settings.examples
        if name not in {example.name for example in examples.present(folder)}:
            raise NotFound
        return send_file((folder / name).absolute(), mimetype="image/jpeg", max_age=86_400)
