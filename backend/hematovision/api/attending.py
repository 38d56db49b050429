"""The process that answers batches, of a service on one's own machine, where nobody starts one beside it."""

from __future__ import annotations

import subprocess
import sys
from threading import Lock


class Attendant:
    """Called whenever a batch may wait: starts `hematovision batches`, unless it runs. That ends when none waits, and
    when this process has ended, whose end of its standard input is closed then."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                command = [sys.executable, "-m", "hematovision", "batches", "--child"]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
