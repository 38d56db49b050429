"""Every failure as application/problem+json (RFC 9457), whoever raised it."""

from __future__ import annotations

import errno
import logging

from flask import Flask, Response, g, json
from flask_restx import Api
from werkzeug.exceptions import HTTPException

from hematovision.api.schemas import ProblemSchema
from hematovision.errors import HematoVisionError, StorageFull

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"

# What to do next, for the failures that Flask itself raises.
_NEXT_STEP = {
    400: "The request could not be read. Send one picture as multipart field `image`, or as the raw body.",
    404: "There is nothing at this address. /docs lists what there is.",
    405: "This address does not take that method. /docs lists the methods.",
    413: "The request is larger than accepted. /model names the limit; save the picture as JPEG or crop it.",
    415: "This kind of body is not accepted. Send one picture as multipart field `image`, or as the raw body.",
}
_INVALID = ', error="invalid_token"'  # RFC 6750
_INTERNAL = "The service failed to answer; the picture may be fine. Try again, and report the request id if it stays."


class ProblemApi(Api):
    """A RESTX Api whose failures take the one road: RESTX would turn a 413 into a 500 and log callers' input."""

    def handle_error(self, e: Exception) -> Response:
        return problem_of(e)


def init_app(app: Flask) -> None:
    """Answer every exception outside RESTX in the same shape."""
    app.register_error_handler(Exception, problem_of)


def problem_of(error: Exception) -> Response:
    """The response for any exception; one that nobody foresaw becomes a 500 and is logged with its traceback."""
    if isinstance(error, HematoVisionError):
        response = problem(error.status, error.code, error.title, str(error))
        if error.seconds is not None:
            response.headers["Retry-After"] = str(error.seconds)
        return response
    if isinstance(error, HTTPException) and error.code:
        if error.response is not None or error.code < 400:  # a redirect is not a failure
            return error.get_response()  # type: ignore[return-value]
        name = error.name or "Error"
        detail = _NEXT_STEP.get(error.code, error.description or name)
        response = problem(error.code, name.lower().replace(" ", "_"), name, detail)
        for header, value in error.get_headers():
            if header.lower() in ("allow", "retry-after"):
                response.headers[header] = value
        return response
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("disk full", extra={"reason": error.strerror})
        return problem_of(StorageFull("The disk is full. Make room on it, then send the request again."))
    log.exception("request failed")
    return problem(500, "internal_error", "The service failed", _INTERNAL)


def problem(status: int, code: str, title: str, detail: str) -> Response:
    """One problem; also notes its code for the log line of the request."""
    g.problem_code = code
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    body["request_id"] = g.get("request_id", "")
    response = Response(json.dumps(ProblemSchema().dump(body)), status, mimetype=PROBLEM_JSON)
    if status == 401:
        response.headers["WWW-Authenticate"] = (
            f'Bearer realm="HematoVision"{_INVALID if code == "token_refused" else ""}'
        )
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response
