"""The real service as a process of its own, and what a test wants to see of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

SERVE = ("-m", "hematovision", "serve")
# The server used on Windows, which runs here too.
WAITRESS = (
    "-c",
    "from hematovision.api.serve import _waitress; from hematovision.settings import Settings;"
    "_waitress(Settings.from_env())",
)
PATIENCE = 60  # seconds until something that does not come is given up
GLANCE = 0.05  # seconds between two looks


@dataclass(frozen=True)
class Running:
    """A service that answers at `url`, and whose temporary folder is `scratch`."""

    url: str
    port: int
    scratch: Path
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it and wait until it is gone; a second time does nothing."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def workers(self) -> list[int]:
        """The processes that answer; the first process only looks after them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def files_in_scratch(self) -> set[str]:
        """Every file of the service there, with a name or already without one."""
        found = {str(path) for path in self.scratch.rglob("*")}
        for pid in (self.process.pid, *self.workers()):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    target = os.readlink(descriptor)  # noqa: PTH115  (a deleted file's name is no path)
                    if target.startswith(str(self.scratch)):
                        found.add(target)
        return found

    def unread(self, client: socket.socket) -> int:
        """How many bytes of what this client has sent the service has not taken in yet."""
        ends = f":{self.port:04X}", f":{client.getsockname()[1]:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, here, there, _, queues, *_ = line.split()
            if (here[-5:], there[-5:]) == ends:
                return int(queues.split(":")[1], 16)
        raise AssertionError("the service has closed the connection")

    def wait_until(self, health: str = "ready") -> None:
        """Return when `/health/<health>` answers."""

        def answers() -> bool:
            with suppress(requests.ConnectionError, requests.Timeout):  # a busy machine is slow to start
                return requests.get(f"{self.url}/health/{health}", timeout=5).ok
            return False

        self.wait_for(answers)

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Return when `holds()`; fail with the log when the service ends or it never does."""
        for _ in range(int(PATIENCE / GLANCE)):
            if holds():
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GLANCE)
                break
        raise AssertionError(f"waited in vain; the service wrote:\n{self.log.read_text()[-4000:]}")


@contextmanager
def running(
    port: int, folder: Path, program: tuple[str, ...] = SERVE, until: str = "ready", **settings: str
) -> Iterator[Running]:
    """`hematovision serve` with these settings, once `/health/<until>` answers; ended after."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    given = {f"HEMATOVISION_{name.upper()}": value for name, value in settings.items()}
    elsewhere = {"HEMATOVISION_RECORDS": str(folder / "records"), "HEMATOVISION_DRAIN": "0"}
    own = {"HEMATOVISION_PORT": str(port), "HEMATOVISION_HOST": "127.0.0.1", "TMPDIR": str(scratch)}
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, *program],
            env=os.environ | elsewhere | given | own,
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        service = Running(f"http://127.0.0.1:{port}", port, scratch, process, log)
        try:
            service.wait_until(until)
            yield service
        finally:
            service.stop()
