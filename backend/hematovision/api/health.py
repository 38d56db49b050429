"""GET /health, /health/live, /health/ready: whether the service can answer, for people and for orchestrators."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource

from hematovision.api.schemas import HealthSchema, LiveSchema
from hematovision.api.services import services
from hematovision.api.shapes import answers
from hematovision.errors import Stopping

namespace = Namespace("health", path="/health", description="Whether the service can answer.")

health_schema = HealthSchema()


@namespace.route("")
class Health(Resource):
    @namespace.doc("health", **answers(HealthSchema, 503))
    def get(self) -> Any:
        """The model in use and its self-test; 503 with the reason while no verified model is loaded. And how the
        database is, without which pictures are answered all the same."""
        bundle = services().inference.bundle
        model: dict[str, str | None] = {"name": bundle.name, "version": bundle.version, "self_test": "passed"}
        model["refused"] = services().in_use.refused
        return health_schema.dump(
            {
                "status": "ok",
                "model": model,
                "database": services().recorder.state,
                "queue": services().queue.state,
                "login": services().settings.login,
            }
        )


@namespace.route("/ready")
class Ready(Health):
    @namespace.doc("ready", **answers(HealthSchema, 503))
    def get(self) -> Any:
        """Whether to send requests here: like /health, and 503 once the process was told to stop."""
        if services().stopping.is_set():
            raise Stopping("This process was told to stop and finishes what it has. Ask another one, or try again.")
        return super().get()


@namespace.route("/live")
class Live(Resource):
    @namespace.doc("live", **answers(LiveSchema))
    def get(self) -> Any:
        """Whether the process answers at all; true without a model, so that no restart is tried in vain."""
        return {"status": "ok"}
