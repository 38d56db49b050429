"""The real nginx in front of the real service, configured by `hematovision nginx`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from house import lacking, port_nobody_listens_on
from running import GLANCE, PATIENCE, Running


@dataclass(frozen=True)
class Front:
    """nginx, which listens on `port` without TLS and on `tls_port` with it, and has its files in `folder`."""

    port: int
    tls_port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    def wait_until_it_listens(self) -> None:
        for _ in range(int(PATIENCE / GLANCE)):
            with suppress(requests.ConnectionError):
                requests.get(self.url, timeout=5, allow_redirects=False)
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GLANCE)
                break
        raise AssertionError(f"nginx does not listen; it wrote:\n{(self.folder / 'errors').read_text()}")


def printed(*arguments: str, **settings: str) -> str:
    """What `hematovision nginx` prints under these settings."""
    given = {f"HEMATOVISION_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "hematovision", "nginx", *arguments]
    return subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=True).stdout


@contextmanager
def fronting(folder: Path, replicas: Sequence[Running], **settings: str) -> Iterator[Front]:
    """nginx over these replicas, in a new `folder`, once it listens; ended after. Skips, in CI fails, without one."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        lacking("no nginx (on Debian: apt-get install nginx)")
    folder.mkdir()
    port, tls_port = port_nobody_listens_on(), port_nobody_listens_on()
    own = {
        "replicas": ",".join(f"127.0.0.1:{replica.port}" for replica in replicas),
        "http_port": str(port),
        "https_port": str(tls_port),
    }
    file = folder / "nginx.conf"
    file.write_text(printed("--log", str(folder / "access.log"), "--run", str(folder), **own, **settings))
    tested = subprocess.run([program, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr
    with (folder / "errors").open("wb") as written:
        process = subprocess.Popen([program, "-c", file, "-g", "daemon off;"], stderr=written)
        front = Front(port, tls_port, folder, process)
        try:
            front.wait_until_it_listens()
            yield front
        finally:
            process.terminate()
            process.wait(PATIENCE)
