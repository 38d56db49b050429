"""An archive on its way to the real service, through the real nginx: larger and slower than a picture may be."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from fronting import fronting
from house import port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import PATIENCE, Running, running

MOST = 4_000_000
DEADLINE = 2  # seconds, for all that is no archive
GIVEN = {"max_bytes": "1000000", "max_archive": str(MOST)}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Running]:
    """A service without login, which has batches answered by itself."""
    given = {"open": "1", "proxies": "1", "deadline": str(DEADLINE), **GIVEN}
    with running(port_nobody_listens_on(), tmp_path, **given) as service:
        yield service


def packed(padding: int) -> bytes:
    """A tar of one picture and of so many bytes that are none."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, data in (("cell.jpg", encoded(drawn_cell(), "JPEG")), ("padding", bytes(padding))):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return written.getvalue()


def slowly(data: bytes) -> Iterator[bytes]:
    """In pieces, over twice the time that a picture has."""
    for at in range(8):
        yield data[at * len(data) // 8 : (at + 1) * len(data) // 8]
        time.sleep(DEADLINE / 4)


def test_an_archive_may_be_larger_and_slower_than_a_picture_and_is_answered(own: Running, tmp_path: Path) -> None:
    raw = {"Content-Type": "application/x-tar"}
    with fronting(tmp_path / "nginx", [own], rate="0", **GIVEN) as front:
        sent = requests.post(f"{front.url}/api/batches", data=slowly(packed(3_000_000)), headers=raw, timeout=60)
        assert sent.status_code == 202, sent.text
        where = sent.headers["Location"]
        assert where.startswith("/api/batches/")
        told, until = sent.json(), time.monotonic() + PATIENCE
        while told["state"] in ("waiting", "running"):
            assert time.monotonic() < until, own.log.read_text()[-4000:]
            time.sleep(0.1)
            told = requests.get(f"{front.url}{where}", timeout=10).json()
        assert (told["state"], told["progress"]["pictures"], told["progress"]["failures"]) == ("done", 1, 0)
        result = requests.get(f"{front.url}{where}/results?format=csv", timeout=10)
        assert result.text.count("cell.jpg") >= 1
        too_large = requests.post(f"{front.url}/api/batches", data=packed(MOST), headers=raw, timeout=60)
        assert (too_large.status_code, too_large.headers["Content-Type"]) == (413, "application/problem+json")
    slow = requests.post(
        f"{own.url}/classify", data=slowly(bytes(1000)), headers={"Content-Type": "image/png"}, timeout=60
    )
    assert slow.status_code == 408


def test_the_process_of_a_service_of_ones_own_ends_with_it(own: Running) -> None:
    members = packed(0)
    requests.post(f"{own.url}/batches", data=members, headers={"Content-Type": "application/x-tar"}, timeout=60)
    begun = [each for each in psutil.Process(own.process.pid).children(recursive=True) if "batches" in each.cmdline()]
    assert len(begun) == 1
    own.stop()
    _, alive = psutil.wait_procs(begun, PATIENCE)
    assert alive == []
