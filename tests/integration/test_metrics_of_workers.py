"""What several workers count together, whichever of them is asked: also when one dies, and on a full disk."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from disks import fill, small_disk
from exposed import Exposed
from house import port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import Running, running

CELL = encoded(drawn_cell(), "JPEG")
WORKERS = 3
FILES = 3  # that each worker counts in


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(port_nobody_listens_on(), tmp_path_factory.mktemp("several"), workers=str(WORKERS)) as service:
        service.wait_for(lambda: told(service)("hematovision_workers", state="ready") == WORKERS)
        yield service


def told(service: Running) -> Exposed:
    """By one of the workers."""
    response = requests.get(f"{service.url}/metrics", timeout=10)
    assert response.status_code == 200, response.text
    return Exposed(response.text)


def classify(service: Running, times: int) -> None:
    """Each by a connection of its own, so that they meet different workers."""
    for _ in range(times):
        assert requests.post(f"{service.url}/classify", files={"image": CELL}, timeout=30).status_code == 200


def counted(service: Running) -> tuple[float, float]:
    now = told(service)
    return now("hematovision_answers_total"), now("hematovision_request_seconds_count", route="/classify")


def test_whichever_worker_is_asked_tells_of_all(several: Running) -> None:
    before = counted(several)
    classify(several, 12)
    each = {counted(several) for _ in range(12)}
    assert each == {(before[0] + 12, before[1] + 12)}
    assert told(several)("hematovision_cache_hits_total") > 0
    assert told(several)("hematovision_queue_places") == WORKERS * 16


def test_one_that_dies_has_counted_and_is_counted_no_longer(several: Running) -> None:
    classify(several, 3)
    before = counted(several)
    for _ in range(3):
        killed = several.workers()[0]
        os.kill(killed, signal.SIGKILL)
        several.wait_for(lambda gone=killed: gone not in several.workers() and len(several.workers()) == WORKERS)
    several.wait_for(lambda: told(several)("hematovision_workers", state="ready") == WORKERS)
    now = told(several)
    assert counted(several) == before
    assert now("hematovision_workers") == now("hematovision_model") == WORKERS
    files = [path for path in several.scratch.rglob("*") if path.is_file()]
    assert len(files) == FILES * WORKERS  # however many have died
    classify(several, 3)
    assert counted(several) == (before[0] + 3, before[1] + 3)


def test_after_the_end_nothing_is_left(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, workers="2") as service:
        classify(service, 2)
        assert list(service.scratch.rglob("*.db"))
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        assert list(service.scratch.rglob("*")) == []


def test_a_disk_that_becomes_full_stops_neither_answers_nor_counts(tmp_path: Path, free_port: int) -> None:
    with small_disk(tmp_path / "scratch", 3000), running(free_port, tmp_path, workers="2") as service:
        service.wait_for(lambda: told(service)("hematovision_workers", state="ready") == 2)
        fill(service.scratch)
        before, workers = counted(service), service.workers()
        paths = ("health", "health/live", "model", "history", "history/statistics", "examples", "nowhere", "docs")
        for path in paths * 6:  # routes and codes that were not counted before
            requests.get(f"{service.url}/{path}", timeout=10)
        classify(service, 6)
        assert counted(service) == (before[0] + 6, before[1] + 6)
        assert service.workers() == workers


def test_a_disk_that_is_full_from_the_start_stops_no_answer(tmp_path: Path, free_port: int) -> None:
    with small_disk(tmp_path / "scratch", 1000), running(free_port, tmp_path, workers="2") as service:
        classify(service, 6)
        told(service)
        assert '"metrics not shared"' in service.log.read_text()
        assert list(service.scratch.rglob("*.new")) == []
