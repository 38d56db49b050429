"""Many clients at once: each is answered or refused, memory stays flat, and what breaks is mended under them.

A few seconds each here, where nothing is asserted that other work on the machine could spoil; `make torture` takes the
full time, asserts the rest and prints what it saw.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

import pytest
import requests

from databases import Cluster, postgresql
from disks import fill, small_disk
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records
from hematovision.settings import Settings
from load import FAILED, load, rate, resident, send_so_many
from pictures import drawn_cell, encoded
from running import Running, running

FULL = os.environ.get("TORTURE") == "1"
CLIENTS = 64
SECONDS = 60 if FULL else 2
CELL = encoded(drawn_cell(), "JPEG")
LARGE = encoded(drawn_cell(width=900, height=900), "JPEG")  # its pixels have more bytes than the disk below
UNCACHED = {"cache": "0", "recording": "off"}


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    with postgresql() as cluster:
        yield cluster


def test_many_clients_are_each_answered_or_refused(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, **UNCACHED) as service:
        # As many as are in the model at once, and so many that one waits behind each.
        best = max(rate(service.url, clients, CELL, SECONDS / 4)[0] for clients in (2, 4))
        loaded, seen = rate(service.url, CLIENTS, CELL, SECONDS)
        say(f"{CLIENTS} clients, {SECONDS} s: {seen}; {loaded:.1f} a second, unloaded {best:.1f}")
        assert set(seen.statuses) <= {200, 503}
        assert seen.codes <= {"queue_full", "deadline_passed"}
        assert seen.statuses[200] > 0
        if FULL:
            assert loaded >= 0.85 * best
            assert seen.late < 6 * median(seen.seconds)
        assert list(service.scratch.rglob("*")) == []


@pytest.mark.skipif(not FULL, reason="takes minutes: `make torture` does it")
def test_memory_is_flat(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, workers="2", **UNCACHED) as service:
        service.wait_for(lambda: len(service.workers()) == 2)
        send_so_many(service.url, CLIENTS, CELL, 500)
        early = resident(service.workers())
        send_so_many(service.url, CLIENTS, CELL, 4_500)
        late = resident(service.workers())
        say(f"resident after 500 requests {early / 1024:.0f} MB, after 5,000 {late / 1024:.0f} MB, over two workers")
        assert late <= 1.05 * early


def test_a_killed_worker_takes_only_what_it_had_in_flight(tmp_path: Path, free_port: int) -> None:
    clients = CLIENTS if FULL else 8
    with running(free_port, tmp_path, workers="2", queue=str(clients), **UNCACHED) as service:
        service.wait_for(lambda: len(service.workers()) == 2)
        with load(service.url, clients, CELL) as seen:
            service.wait_for(lambda: seen.statuses[200] > clients)
            killed = max(service.workers(), key=sockets)  # not one that has not begun yet
            had = sockets(killed)
            os.kill(killed, signal.SIGKILL)
            service.wait_for(lambda: killed not in service.workers() and len(service.workers()) == 2)
            before = seen.statuses[200]
            service.wait_for(lambda: seen.statuses[200] > before + 2 * clients)
        say(f"a worker killed under {clients} clients: {seen}")
        assert set(seen.statuses) <= {200, FAILED}
        assert max(seen.failed.values(), default=0) <= 1  # each client has one in flight
        assert 1 <= seen.statuses[FAILED] <= had


def test_the_database_goes_and_comes_back_under_load(tmp_path: Path, free_port: int, own_cluster: Cluster) -> None:
    url = own_cluster.new_database()
    with opened(Settings(database_url=url)) as engine:
        migrate(engine)
    with running(free_port, tmp_path, database_url=url) as service:

        def recorded(says: bool) -> int:
            return sum(body["recorded"] is says for body in seen.bodies)

        with load(service.url, 4, CELL, keep=True) as seen:
            service.wait_for(lambda: recorded(True) > 4)
            own_cluster.stop()
            service.wait_for(lambda: recorded(False) > 8)
            away = requests.get(f"{service.url}/health", timeout=30).json()["database"]["status"]
            own_cluster.start()
            kept = recorded(True)
            service.wait_for(lambda: recorded(True) > kept + 8)
        say(f"the database away and back: {seen}, {recorded(True)} recorded, {recorded(False)} not")
        assert away == "away"
        assert set(seen.statuses) == {200}


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, free_port: int) -> None:
    """Temporary files and pictures to keep find no room; whoever needs none is answered."""
    records = tmp_path / "records"
    opened_records = Records.open(Settings(records=records))
    work = opened_records.open_work("a study", 3)
    opened_records.close()
    with ExitStack() as stack:
        stack.enter_context(small_disk(records / "pictures", 64))
        stack.enter_context(small_disk(tmp_path / "scratch", 64))
        service = stack.enter_context(running(free_port, tmp_path))
        fill(service.scratch)
        jpeg = {"Content-Type": "image/jpeg"}
        for _ in range(3):
            refused = requests.post(f"{service.url}/classify?work={work}", data=LARGE, headers=jpeg, timeout=30)
            assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
        for sent in ({"data": LARGE, "headers": jpeg}, {"files": {"image": LARGE}}):
            assert requests.post(f"{service.url}/classify", timeout=30, **sent).status_code == 200  # type: ignore[arg-type]
        assert list((records / "pictures").iterdir()) == []
        assert [path.name for path in service.scratch.iterdir()] == ["filled"]
        service.stop()


def test_told_to_stop_under_load_it_fails_nobody(tmp_path: Path, free_port: int) -> None:
    """The clients look away as a balancer does: when `/health/ready` says so, while requests are still taken."""
    clients = CLIENTS if FULL else 8
    with running(free_port, tmp_path, queue=str(clients), drain="5", **UNCACHED) as service:
        with load(service.url, clients, CELL) as seen:
            service.wait_for(lambda: seen.statuses[200] > clients)
            service.process.send_signal(signal.SIGTERM)
            service.wait_for(lambda: not ready(service))
        assert service.process.wait(60) == 0
        say(f"SIGTERM under {clients} clients: {seen}")
        assert set(seen.statuses) == {200}
        assert list(service.scratch.rglob("*")) == []


def sockets(process: int) -> int:
    """How many this process has open."""
    found = 0
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found += os.readlink(descriptor).startswith("socket:")  # noqa: PTH115  (it is no path)
    return found


def ready(service: Running) -> bool:
    time.sleep(0.05)
    return requests.get(f"{service.url}/health/ready", timeout=10).ok
