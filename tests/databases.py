"""A PostgreSQL of the tests' own, as Debian ships it: a private cluster in a temporary folder, ended after."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from house import lacking, port_nobody_listens_on

USER = "hematovision"


@dataclass(frozen=True)
class Cluster:
    """A server that listens on 127.0.0.1."""

    folder: Path
    programs: Path
    port: int
    durable: bool  # what is committed survives a power cut, as it must anywhere but in a test

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"records_{uuid.uuid4().hex}"
        self._run("createdb", "--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", name)
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        fsync = "on" if self.durable else "off"  # to wait for the disk would take most of a test's time
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync={fsync} -c unix_socket_directories=''"
        log = f"--log={self.folder / 'log'}"
        self._run(
            "pg_ctl", "start", "--wait", "--silent", f"--pgdata={self.folder / 'data'}", log, f"--options={options}"
        )

    def stop(self) -> None:
        """Stop it, whoever is connected."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate", f"--pgdata={self.folder / 'data'}")

    def postmaster(self) -> int:
        """The process that looks after the others."""
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root; Debian's package makes a user for it.
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,  # type: ignore[call-overload]
        )


@contextmanager
def postgresql(durable: bool = False) -> Iterator[Cluster]:
    """A running cluster; skips (in CI: fails) where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        lacking("no PostgreSQL server in /usr/lib/postgresql (on Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="hematovision-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        cluster = Cluster(folder, found[-1].parent, port_nobody_listens_on(), durable)
        cluster._run("initdb", "--auth=trust", f"--username={USER}", "--no-sync", f"--pgdata={folder / 'data'}")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)
