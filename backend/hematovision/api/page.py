"""The page and the API on one address: what nginx does in production, in one process.

`/` is the page, `/api/` the API; the API also answers at the root, as it does on its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from wsgiref.headers import Headers

    from _typeshed.wsgi import WSGIApplication

_POLICY = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def with_page(app: Flask, frontend: Path) -> WSGIApplication:
    """`app` under `/api/` and at the root, and the files of the folder `frontend` before it."""
    api = DispatcherMiddleware(app.wsgi_app, {"/api": app.wsgi_app})
    page: WSGIApplication = WhiteNoise(
        api, root=frontend, index_file=True, max_age=60, allow_all_origins=False, add_headers_function=_add_headers
    )
    return page


def _add_headers(headers: Headers, path: str, url: str) -> None:
    headers["Content-Security-Policy"] = _POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
