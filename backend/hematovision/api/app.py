"""create_app: the only door to the API."""

from __future__ import annotations

import io
from typing import IO, cast

from flask import Flask, Request, Response, g, request
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from hematovision import INTENDED_USE, __version__, errors
from hematovision.api import (
    access,
    batches,
    classify,
    differential,
    examples,
    health,
    history,
    model,
    preferences,
    problems,
    requests_log,
    scrape,
    session,
    shapes,
    tokens,
    users,
)
from hematovision.api.services import EXTENSION, Services
from hematovision.settings import Settings

NOUNS = (
    classify, batches, differential, history, session, preferences, tokens, users, health, model, examples, scrape,
)  # fmt: skip

# What a multipart form adds around its picture.
FORM_OVERHEAD = 64 * 1024

# Swagger UI writes its own script into the page; everything else here is JSON and needs nothing.
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
)
_JSON_POLICY = "default-src 'none'; frame-ancestors 'none'"


class _MemoryRequest(Request):
    """Uploads stay in memory: werkzeug would spool those over 500 kB to disk. Their size is limited before. Only an
    archive is written to the file that `g.spool` names."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if spool := g.get("spool"):
            if spool.exists():
                raise errors.SourceRefused("Send one archive a request.")
            g.spooled = spool.open("xb+")
            return cast(IO[bytes], g.spooled)
        return io.BytesIO()


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The API as a Flask app. Bare, it reads the environment and opens the current bundle; a test gives its own."""
    settings = settings or (services.settings if services else Settings.from_env())
    app = Flask("hematovision", static_folder=None)
    app.request_class = _MemoryRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_bytes + FORM_OVERHEAD,
        MAX_FORM_PARTS=16,
        DEADLINE=settings.deadline,
        RESTX_MASK_SWAGGER=False,
        RESTX_INCLUDE_ALL_MODELS=True,  # it follows no reference from one shape to another
        SWAGGER_UI_DOC_EXPANSION="list",
    )
    app.extensions[EXTENSION] = services or Services.from_settings(settings)
    if settings.proxies:  # else whoever asks could name any address, and claim HTTPS
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    requests_log.init_app(app)
    scrape.init_app(app)
    access.init_app(app)
    problems.init_app(app)
    CORS(app, origins=list(settings.cors_origins), expose_headers=["X-Request-ID"], send_wildcard=False)
    _add_api(app)
    app.after_request(_secure)
    return app


def _add_api(app: Flask) -> None:
    api = problems.ProblemApi(
        app,
        title="HematoVision",
        version=__version__,
        description=INTENDED_USE,
        doc="/docs",
        authorizations={"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},  # Bearer ...
        security="token",
        validate=False,
    )
    api.models.update(shapes.SHAPES)
    for noun in NOUNS:
        api.add_namespace(noun.namespace)


def _secure(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    policy = _DOCS_POLICY if request.path == "/docs" else _JSON_POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    if response.mimetype != "image/jpeg":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
