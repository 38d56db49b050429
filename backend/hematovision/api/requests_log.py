"""One structured log line a request, and the id that ties it to the answer. No file name, no picture, no address."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request
from pythonjsonlogger.json import JsonFormatter

log = logging.getLogger(__name__)

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure(level: str) -> None:
    """JSON lines on standard error, from `level` up."""
    handler = logging.StreamHandler()
    names = {"message": "event", "levelname": "level", "exc_info": "traceback"}
    handler.setFormatter(JsonFormatter("{message}{levelname}", style="{", rename_fields=names, timestamp=True))
    handler.addFilter(_with_request_id)
    ours = logging.getLogger("hematovision")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level.upper())


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = g.get("request_id") if g else None
    return True


def init_app(app: Flask) -> None:
    """Give each request an id (its caller's X-Request-ID where that is plain) and log it once when it is answered."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        g.started, g.until = time.perf_counter(), time.monotonic() + app.config["DEADLINE"]

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        log.info(
            "request",
            extra={
                "method": request.method if request.url_rule else "?",
                "route": request.url_rule.rule if request.url_rule else "?",  # never the path: it may hold names
                "status": response.status_code,
                "code": g.get("problem_code"),
                "milliseconds": round(1000 * (time.perf_counter() - g.started), 1),
            },
        )
        return response
