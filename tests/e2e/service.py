"""The real service behind the page, and the browser that looks at it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from house import port_nobody_listens_on
from running import Running, running

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Service:
    """A running `hematovision serve`. `url` ends with a slash; the page is there, the API under `api/`."""

    url: str
    process: Running

    def stop(self) -> None:
        """End it and wait until it is gone; a second time does nothing."""
        self.process.stop()


@contextmanager
def serving(until: str = "ready", **settings: str) -> Iterator[Service]:
    """The service with these `HEMATOVISION_*` settings, once `/health/<until>` answers; ended after."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(port_nobody_listens_on(), Path(folder), until=until, **settings) as process,
    ):
        yield Service(f"{process.url}/", process)
