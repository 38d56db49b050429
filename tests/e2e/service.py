"""The real service as a process, and the browser that looks at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

_PATIENCE = 60  # seconds until a service that does not come up is given up
_GLANCE = 0.1  # seconds between two looks


class NotStarted(Exception):
    """The service ended, or never came up; says what it wrote."""


class Service:
    """A running `hematovision serve`. `url` ends with a slash; the page is there, the API under `api/`."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process

    def stop(self) -> None:
        """End it and wait until it is gone; a second time does nothing."""
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(until: str = "ready", **settings: str) -> Iterator[Service]:
    """Start the service with these `HEMATOVISION_*` settings, wait until `/health/<until>` answers; stop it after."""
    port = free_port()
    given = {f"HEMATOVISION_{name.upper()}": value for name, value in settings.items()}
    path = os.pathsep.join(filter(None, [str(REPOSITORY / "backend"), os.environ.get("PYTHONPATH")]))
    given |= {"HEMATOVISION_HOST": "127.0.0.1", "HEMATOVISION_PORT": str(port)}
    environment = os.environ | given | {"PYTHONPATH": path}
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "hematovision", "serve"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=REPOSITORY)
        service = Service(f"http://127.0.0.1:{port}/", process)
        try:
            if not _comes_up(f"{service.url}api/health/{until}", process):
                log.seek(0)
                raise NotStarted(log.read().decode(errors="replace")[-4000:])
            yield service
        finally:
            service.stop()


def _comes_up(url: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(int(_PATIENCE / _GLANCE)):
        with suppress(requests.ConnectionError):
            if requests.get(url, timeout=5).ok:
                return True
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GLANCE)  # the pause, and the sight of its end
            return False
    return False
