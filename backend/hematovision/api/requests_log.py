"""One structured log line a request, and the id that ties it to the answer. No file name, no picture, no address."""

from __future__ import annotations

import re
import sys
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer

log = structlog.get_logger("hematovision.api")

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure(level: str) -> None:
    """JSON lines on standard error, from `level` up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the local variables that structlog adds: they hold the picture and its name.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def init_app(app: Flask) -> None:
    """Give each request an id (its caller's X-Request-ID where that is plain) and log it once when it is answered."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        log.info(
            "request",
            method=request.method if request.url_rule else "?",
            route=request.url_rule.rule if request.url_rule else "?",  # the rule, never the path: it may hold names
            status=response.status_code,
            code=g.get("problem_code"),
            milliseconds=round(1000 * (time.perf_counter() - g.started), 1),
        )
        return response
