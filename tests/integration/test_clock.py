"""The machine's clock jumps by an hour, either way, while the real service runs: libfaketime stands in for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from hematovision.records.store import Records
from hematovision.settings import Settings
from house import lacking, port_nobody_listens_on
from load import load
from people import PASSWORD, add
from pictures import drawn_cell, encoded
from running import Running, running

CELL = encoded(drawn_cell(), "JPEG")
JUMPS = ["-1h", "+1h"]
# Python's own sleep is until a moment, which libfaketime 0.9 gets wrong where it leaves the monotonic clock alone.
SERVE = (
    "-c",
    "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds);"
    "from hematovision.cli import main; main(['serve'])",
)
SetClock = Callable[[str], None]


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetClock]:
    """`set_clock("-1h")` sets the wall clock of what is started from here; the monotonic one goes on, as a kernel's."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        lacking("no libfaketime (on Debian: apt-get install faketime)")
    file = tmp_path / "clock"

    def put(by: str) -> None:
        (tmp_path / "clock.new").write_text(f"{by}\n")
        (tmp_path / "clock.new").replace(file)

    put("+0")
    for name, value in {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else threads that wait for each other do so busily
        "NO_FAKE_STAT": "1",
    }.items():
        monkeypatch.setenv(name, value)
    yield put


def logged_in(service: Running) -> requests.Session:
    browser = requests.Session()
    assert browser.post(f"{service.url}/session", json={"name": "anna", "password": PASSWORD}, timeout=30).ok
    return browser


def is_in(service: Running, browser: requests.Session) -> bool:
    return requests.get(f"{service.url}/session", cookies=browser.cookies, timeout=30).json()["user"] is not None


def begun(service: Running) -> socket.socket:
    """A client that has sent half a picture."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    head = (
        f"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(CELL)}\r\n\r\n"
    )
    client.sendall(head.encode() + CELL[: len(CELL) // 2])
    service.wait_for(lambda: service.unread(client) == 0)
    return client


def test_a_jump_lengthens_no_session(tmp_path: Path, set_clock: SetClock) -> None:
    """A session that was found over while the clock was wrong does not live again when it is right."""
    with closing(Records.open(Settings(records=tmp_path / "records"))) as records:
        add(records, "anna")
    with running(port_nobody_listens_on(), tmp_path, SERVE, login="on") as service:
        for by in JUMPS:
            browser = logged_in(service)
            assert is_in(service, browser)
            set_clock(by)
            assert not is_in(service, browser)
            during = logged_in(service)
            assert is_in(service, during)
            set_clock("+0")
            assert not is_in(service, browser)
            # Made an hour late it is over; made an hour early it was unused for longer than a session may be.
            assert not is_in(service, during)


def test_a_jump_ends_no_request(tmp_path: Path, set_clock: SetClock) -> None:
    """Nor does it end one worker, which gunicorn would take for hung by the wall clock."""
    with running(port_nobody_listens_on(), tmp_path, SERVE, cache="0", recording="off") as service:
        workers = service.workers()
        with load(service.url, 4, CELL) as seen:
            for by in (*JUMPS, "+0"):
                set_clock(by)
                before = seen.statuses[200]
                service.wait_for(lambda before=before: seen.statuses[200] > before + 12)
            time.sleep(1.5)  # gunicorn looks at its workers every second
        assert set(seen.statuses) == {200}
        assert service.workers() == workers
        for by in JUMPS:  # a request that has begun to arrive before it
            connection = begun(service)
            set_clock(by)
            connection.sendall(CELL[len(CELL) // 2 :])
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            connection.close()
            set_clock("+0")
