"""The service as a process: gunicorn, or waitress where gunicorn does not run (Windows)."""

from __future__ import annotations

import ctypes
import os
import sys
from threading import Event
from typing import TYPE_CHECKING, Any

from hematovision.api import access, requests_log, scrape
from hematovision.api.app import create_app
from hematovision.api.attending import Attendant
from hematovision.api.metrics import SharedFolder
from hematovision.api.page import with_page
from hematovision.api.services import Services
from hematovision.errors import SettingRefused
from hematovision.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def wsgi(settings: Settings | None = None, stopping: Event | None = None) -> WSGIApplication:
    """API and page as one WSGI application; for `gunicorn "hematovision.api.serve:wsgi()"` too. `stopping` is set by
    whoever stops it."""
    settings = settings or Settings.from_env()
    requests_log.configure(settings.log_level)
    _keep_freed_memory()
    attend = Attendant() if settings.login == "off" else lambda: None  # with login somebody looks after the service
    services = Services.from_settings(settings, stopping, attend)
    services.in_use.follow(settings)
    scrape.follow(services)
    return with_page(create_app(settings, services), settings.frontend)


def _keep_freed_memory() -> None:
    """Let glibc keep up to 16 MB of freed memory an arena instead of giving a picture's buffers back to the kernel and
    taking a page fault for each page of the next one's. Elsewhere nothing is done."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        trim_threshold, mmap_threshold = -1, -3  # malloc.h
        libc.mallopt(trim_threshold, 16 * 1024 * 1024)
        libc.mallopt(mmap_threshold, 4 * 1024 * 1024)


def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises `SettingRefused` for an address that would refuse all who ask there."""
    if not settings.for_all and not access.is_own(settings.host):
        raise SettingRefused(
            f"Without login HEMATOVISION_HOST must be this machine's own, and is {settings.host!r}. Switch login on "
            "(HEMATOVISION_LOGIN=on), or open the service to all who can reach it (HEMATOVISION_OPEN=1)."
        )
    requests_log.configure(settings.log_level)
    if os.name == "nt":
        _waitress(settings)
    else:
        _gunicorn(settings)


def _gunicorn(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    class Service(BaseApplication):
        stopping, deadline, drain, upload = Event(), settings.deadline, settings.drain, settings.upload
        hooks = SharedFolder().hooks() if settings.workers > 1 else {}  # one counts by itself

        def load_config(self) -> None:
            for name, value in (gunicorn_options(settings) | self.hooks).items():
                self.cfg.set(name, value)

        def load(self) -> WSGIApplication:
            # Called in each worker, after the fork: an interpreter made before it would not survive.
            return wsgi(settings, self.stopping)

    Service().run()


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """Threads, so that one slow client holds no worker, and none of the model's; connections kept; no file for uploads
    anywhere."""
    from hematovision.api.worker import Worker

    return {
        "bind": f"{settings.host}:{settings.port}",
        "worker_class": Worker,
        "workers": settings.workers,
        "threads": threads(settings),
        "keepalive": 5,
        "timeout": 60,
        "graceful_timeout": settings.drain + settings.deadline + 10,
        "preload_app": False,
        "forwarded_allow_ips": "",  # whom to believe is said by one setting, and heard in `create_app`
        "control_socket_disable": True,  # would lie in the home folder, one for all instances
        "loglevel": settings.log_level,
        "proc_name": "hematovision",
    }


def threads(settings: Settings) -> int:
    """Of the server: one for each picture in the model or waiting for it, and some for all else."""
    return settings.threads + settings.queue + settings.readers


def _waitress(settings: Settings) -> None:
    from waitress import serve as waitress_serve

    # waitress writes bodies over this many bytes to disk; pictures stay in memory.
    in_memory = settings.max_bytes + 1024 * 1024
    waitress_serve(
        wsgi(settings),
        host=settings.host,
        port=settings.port,
        threads=threads(settings),
        inbuf_overflow=in_memory,
        max_request_body_size=max(in_memory, settings.max_archive + 1024 * 1024),
        clear_untrusted_proxy_headers=False,  # they tell a forwarded request, which is refused without login
        ident=None,
    )
