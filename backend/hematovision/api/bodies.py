"""The JSON of a request, read by the schema of what it must be."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from hematovision import errors


def json_sent(wanted: str) -> Any:
    """The JSON of the request, of whatever shape; `wanted` says in its failures what to send.

    Raises `MediaTypeRefused`, which a form of another site meets, `JsonTooLarge` or `JsonBroken`.
    """
    if not request.is_json:
        raise errors.MediaTypeRefused(
            f"The body is declared as {request.mimetype or 'nothing'}. Send JSON, with Content-Type: application/json."
        )
    try:
        return json.loads(request.get_data())
    except RequestEntityTooLarge:
        raise errors.JsonTooLarge(f"The body is larger than accepted; /model gives the limit. Send {wanted}.") from None
    except (ValueError, RecursionError):
        raise errors.JsonBroken(f"The body cannot be read as JSON. Send {wanted}.") from None


def loaded(schema: Schema) -> dict[str, Any]:
    """The JSON of the request as this schema reads it. Raises `BodyRefused` too, with the first field that is wrong."""
    body = json_sent(f"one JSON object with {', '.join(schema.fields)}")
    try:
        content: dict[str, Any] = schema.load(body)
    except ValidationError as error:  # never let it out: it carries the body, perhaps a password
        path, reason = first_of(error.messages)
        raise errors.BodyRefused(f"{path or 'The body'}: {reason.rstrip('.')}. /docs says what is taken.") from None
    return content


def first_of(messages: Any, path: str = "") -> tuple[str, str]:
    """The first of marshmallow's messages, and the path of its field: `answers[0].cells[3].status`."""
    if isinstance(messages, dict):
        key, below = next(iter(messages.items()))
        if key == "_schema":
            return first_of(below, path)
        return first_of(below, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip("."))
    return path, str(messages[0])
