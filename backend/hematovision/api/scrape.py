"""GET /metrics: what the service counts of itself, for Prometheus. Who may ask is said in access.py."""

from __future__ import annotations

import time
from threading import Thread

from flask import Flask, Response, g, request
from flask_restx import Namespace, Resource

from hematovision.api.metrics import MEDIA_TYPE, State
from hematovision.api.problems import PROBLEM_JSON
from hematovision.api.services import Services, services
from hematovision.api.shapes import SHAPES
from hematovision.cells import Model
from hematovision.errors import ModelUnavailable

namespace = Namespace("metrics", path="/metrics", description="Counts, for Prometheus.")

GLANCE = 1.0  # seconds between two looks at how a worker is


@namespace.route("")
class Scrape(Resource):
    @namespace.doc(
        "metrics",
        produces=["text/plain", PROBLEM_JSON],
        security=[],
        responses={
            "200": ("Prometheus's text format.", None),
            "403": ("Forbidden", SHAPES["Problem"]),
            "default": ("Any other failure.", SHAPES["Problem"]),
        },
    )
    def get(self) -> Response:
        """Counts of all workers since the start. For this machine, and for the networks in HEMATOVISION_METRICS."""
        note(services())
        return Response(services().metrics.exposed(), content_type=MEDIA_TYPE)


def init_app(app: Flask) -> None:
    """Count each request when it is answered."""

    @app.after_request
    def count(response: Response) -> Response:
        metrics, now = services().metrics, time.perf_counter()
        if since := g.get("encoding_since"):
            metrics.took("encode", now - since)
        metrics.request(request.url_rule.rule if request.url_rule else "?", g.get("problem_code"), now - g.started)
        return response


def follow(ours: Services) -> None:
    """Note how this worker is from now on, in a thread of its own: whichever worker is asked tells of all."""

    def look() -> None:
        while True:
            note(ours)
            time.sleep(GLANCE)

    Thread(target=look, name="metrics", daemon=True).start()


def note(ours: Services) -> None:
    """How the worker of these services is now."""
    try:
        bundle = ours.inference.bundle
        model = Model(bundle.name, bundle.version)
    except ModelUnavailable:
        model = None
    state = "stopping" if ours.stopping.is_set() else "ready" if model else "no_model"
    refused = ours.in_use.refused is not None
    ours.metrics.note(State(state, model, refused, ours.recorder.state.status, ours.queue.state))
