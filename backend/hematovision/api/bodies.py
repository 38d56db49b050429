"""What a request brings: its JSON, read by the schema of what it must be, and the words of its query."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import g, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from hematovision import errors


@contextmanager
def arriving() -> Iterator[None]:
    """Within it the body is read. Raises `BodyTooSlow` where its time was over by then, whatever became of it."""
    try:
        yield
    finally:
        if time.monotonic() >= g.until:
            raise errors.BodyTooSlow(
                "The request had not arrived when its time was over. Send a smaller picture, or over a faster line."
            )


def client_gone() -> Callable[[], bool]:
    """Asked from any thread: whether the sender of the current request has hung up. False where the server does not
    show its socket; gunicorn does."""
    client: socket.socket | None = request.environ.get("gunicorn.socket")

    def gone() -> bool:
        if client is None:
            return False
        try:
            return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:  # it is there, and silent
            return False
        except OSError:
            return True

    return gone


def json_sent(wanted: str) -> Any:
    """The JSON of the request, of whatever shape; `wanted` says in its failures what to send.

    Raises `MediaTypeRefused`, which a form of another site meets, `JsonTooLarge` or `JsonBroken`.
    """
    if not request.is_json:
        raise errors.MediaTypeRefused(
            f"The body is declared as {request.mimetype or 'nothing'}. Send JSON, with Content-Type: application/json."
        )
    try:
        with arriving():
            body = request.get_data()
        return json.loads(body)
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


def one_of(name: str, words: Sequence[str]) -> str:
    """What is asked for under this name, the first of the words if nothing is. Raises `QueryRefused` for another."""
    word = request.args.get(name, words[0])
    if word not in words:
        raise errors.QueryRefused(f"There is no `{name}={word[:40]}`. Ask for one of: {', '.join(words)}.")
    return word
