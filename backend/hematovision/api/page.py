"""The page and the API on one address: what nginx does in production, in one process.

`/` is the page, `/api/` the API; the API also answers at the root, as it does on its own. All else of the page lies
under a path made from the content of its files, so that whoever caches it, a CDN too, never has to ask again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Request, Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.headers import Headers

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

INDEX = "index.html"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ASKED_AGAIN = "no-cache"  # the index is: it names the path of the rest
KEPT = "max-age=31536000, public, immutable"


def with_page(app: Flask, frontend: Path) -> WSGIApplication:
    """`app` under `/api/` and at the root, and the page of the folder `frontend` before it."""
    api = DispatcherMiddleware(app.wsgi_app, {"/api": app.wsgi_app})
    page: WSGIApplication = WhiteNoise(
        _Index(api, frontend),
        root=frontend,
        prefix=assets(frontend),
        max_age=None,  # `_add_headers` says it
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )
    return page


def assets(frontend: Path) -> str:
    """`assets/0123456789abcdef`: where all files of the page lie, from a digest of their names and content."""
    digest = hashlib.sha256()
    for file in sorted(path for path in frontend.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(frontend).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return f"assets/{digest.hexdigest()[:16]}"


def links(frontend: Path) -> dict[str, str]:
    """What is replaced in the index so that it leads to `assets`: `="js/` by `="assets/.../js/`, and so on."""
    names = sorted(path.name + ("/" if path.is_dir() else '"') for path in frontend.iterdir() if path.name != INDEX)
    below = assets(frontend)
    return {f'="{name}': f'="{below}/{name}' for name in names}


class _Index:
    """`/` is the index with its links replaced; all else goes on."""

    def __init__(self, api: WSGIApplication, frontend: Path) -> None:
        self._api = api
        self._text = ""
        if (file := frontend / INDEX).is_file():
            self._text = file.read_text(encoding="utf-8")
            for old, new in links(frontend).items():
                self._text = self._text.replace(old, new)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if not self._text or request.path != "/" or request.method not in ("GET", "HEAD"):
            return self._api(environ, start_response)
        response = Response(self._text, mimetype="text/html", headers=HEADERS | {"Cache-Control": ASKED_AGAIN})
        response.add_etag()
        return response.make_conditional(environ)(environ, start_response)


def _add_headers(headers: Headers, path: str, url: str) -> None:
    for name, value in (HEADERS | {"Cache-Control": KEPT}).items():
        headers[name] = value
