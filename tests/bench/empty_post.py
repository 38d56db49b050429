"""A Flask-RESTX endpoint that does nothing, for `make bench`: what a request costs before any work is done."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_restx import Api, Resource

app = Flask(__name__)
api = Api(app, doc=False)


@api.route("/health", "/classify")
class Nothing(Resource):
    def get(self) -> Any:
        return {}

    def post(self) -> Any:
        return {}
