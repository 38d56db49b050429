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

# What to do next, for the failures that Flask itself raises, and nginx.
NEXT_STEP = {
    400: "The request could not be read. Send one picture as multipart field `image`, or as the raw body.",
    404: "There is nothing at this address. /docs lists what there is.",
    405: "This address does not take that method. /docs lists the methods.",
    408: "The request did not arrive in time. Send it again, over a faster line if it stays.",
    413: "The request is larger than accepted. /model names the limit; save the picture as JPEG or crop it.",
    414: "The address is longer than accepted. Send what is long as the body.",
    415: "This kind of body is not accepted. Send one picture as multipart field `image`, or as the raw body.",
    429: "More requests at once than one address may send. Wait as long as Retry-After says, then go on slower.",
    431: "The request's headers are longer than accepted. Delete this site's cookies and try again.",
    500: "The service failed to answer; the picture may be fine. Try again, and report the request id if it stays.",
    502: "The service behind this address does not answer. Try again in a moment; if it stays, tell whoever runs it.",
    503: "The service has no answer at the moment. Try again after as many seconds as Retry-After says.",
    504: "The service did not answer in time. Try again; if it stays, send a smaller picture.",
}
_INVALID = ', error="invalid_token"'  # RFC 6750


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
        response = problem(error.code, *named(error))
        for header, value in error.get_headers():
            if header.lower() in ("allow", "retry-after"):
                response.headers[header] = value
        return response
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("disk full", extra={"reason": error.strerror})
        return problem_of(StorageFull("The disk is full. Make room on it, then send the request again."))
    log.exception("request failed")
    return problem(500, "internal_error", "The service failed", NEXT_STEP[500])


def named(error: HTTPException) -> tuple[str, str, str]:
    """Code, title and next step of a failure that is no more than an HTTP status."""
    name = error.name or "Error"
    return name.lower().replace(" ", "_"), name, NEXT_STEP.get(error.code or 0, error.description or name)


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
