"""nginx's configuration from the settings: limits stand in one place and feed both."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.exceptions import default_exceptions

from hematovision import errors
from hematovision.api import page, problems
from hematovision.api.app import FORM_OVERHEAD
from hematovision.api.serve import gunicorn_options
from hematovision.settings import Settings, variable

TEMPLATE = "nginx.conf.j2"
ANSWERED = (400, 404, 405, 408, 413, 414, 429, 431, 500, 502, 503, 504)  # by nginx itself
RETRY_AFTER = {429: 5, 502: 5, 503: 5, 504: 30}  # seconds

_ADDRESS = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}")
_UNQUOTED = re.compile(r"[\w ./+@=:-]+")  # nothing that nginx reads as its own


def configuration(settings: Settings, log: Path, run: Path | None = None) -> str:
    """A whole nginx.conf; nginx writes a line a request to `log`, without address, path or query. `run` is a folder
    for its pid and what it would buffer on disk; None for those it was built with.

    Raises `SettingRefused` for a replica, network or path that cannot stand there.
    """
    replicas = settings.replicas or (f"{settings.host}:{settings.port}",)
    if wrong := [each for each in replicas if not _ADDRESS.fullmatch(each)]:
        raise errors.SettingRefused(f"{variable('replicas')} must be host:port, and is {wrong[0]!r}.")
    if bool(settings.certificate) != bool(settings.certificate_key):
        raise errors.SettingRefused(f"{variable('certificate')} and {variable('certificate_key')} belong together.")
    for network in settings.balancers:
        try:
            ip_network(network)
        except ValueError:
            raise errors.SettingRefused(
                f"{variable('balancers')} must be networks, 10.0.0.0/8, not {network!r}."
            ) from None
    templates = Environment(
        loader=PackageLoader("hematovision.api", "."),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  (this is no HTML; what comes from a setting is checked)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    gunicorn = gunicorn_options(settings)
    return templates.get_template(TEMPLATE).render(
        settings=settings,
        replicas=replicas,
        log=_path(log),
        run=run and _path(run)[1:-1],
        certificate=settings.certificate and _path(settings.certificate),
        certificate_key=settings.certificate_key and _path(settings.certificate_key),
        frontend=_path(settings.frontend),
        assets=page.assets(settings.frontend),
        links=page.links(settings.frontend),
        page=page,
        body=settings.max_bytes + FORM_OVERHEAD,
        archive=settings.max_archive + FORM_OVERHEAD,
        keepalive=gunicorn["keepalive"],
        patience=settings.deadline + 30,
        problems={status: _problem(status) for status in ANSWERED},
        https_required=_body(403, "https_required", "HTTPS required", "Ask the same address by https://."),
        retry_after=RETRY_AFTER,
    )


def _problem(status: int) -> str:
    return _body(status, *problems.named(default_exceptions[status]()))


def _body(status: int, code: str, title: str, detail: str) -> str:
    """A problem as nginx writes it, its request id a variable of nginx's."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return _quoted(json.dumps(body | {"request_id": "$plain_request_id"}))


def _path(path: Path) -> str:
    """A path as nginx reads it. Raises `SettingRefused` for one with signs of nginx's own."""
    text = path.expanduser().absolute().as_posix()
    if not _UNQUOTED.fullmatch(text):
        raise errors.SettingRefused(f"nginx cannot be told the path {text!r}: letters, digits, space and ./+@=:- only.")
    return _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
