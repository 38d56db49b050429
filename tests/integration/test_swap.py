"""Another bundle becomes the current one while the service answers."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from hematovision.bundle import CURRENT, RECORD, current_path, seal
from hematovision.cli import main
from pictures import drawn_cell, encoded
from running import Running, running

CELL = encoded(drawn_cell(), "JPEG")
CLIENTS = int(os.environ.get("CLIENTS", "2"))  # `make torture` has 64


@pytest.fixture
def three(models: Path, tmp_path: Path) -> Path:
    """A folder of bundles: the current one, the same as 9.9.9, and 6.6.6, which is spoiled."""
    folder, current = tmp_path / "models", current_path(models)
    for version in (current.name, "9.9.9", "6.6.6"):
        shutil.copytree(current, folder / current.parent.name / version)
    shutil.copy(models / CURRENT, folder)
    later = folder / current.parent.name / "9.9.9"
    record: dict[str, Any] = json.loads((later / RECORD).read_text(encoding="utf-8"))
    del record["files"], record["format"]
    seal(later, record | {"version": "9.9.9"})
    (folder / current.parent.name / "6.6.6" / "MODEL_CARD.md").write_text("100 % accurate\n", encoding="utf-8")
    return folder


@pytest.fixture
def use(three: Path, runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`use(version)` is `hematovision bundle use` in that folder."""
    monkeypatch.setenv("HEMATOVISION_MODELS", str(three))
    return lambda version: runner.invoke(main, ["bundle", "use", version])


@contextmanager
def load(service: Running) -> Iterator[list[tuple[int, str]]]:
    """Clients that send one picture after the other; status and version of each answer."""
    seen: list[tuple[int, str]] = []
    enough = Event()

    def send() -> None:
        with requests.Session() as session:
            while not enough.is_set():
                response = session.post(f"{service.url}/classify", files={"image": CELL}, timeout=60)
                seen.append((response.status_code, response.json().get("model", {}).get("version", response.text)))

    threads = [Thread(target=send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def logged(service: Running, event: str) -> int:
    """How often."""
    return service.log.read_text(encoding="utf-8").count(f'"event": "{event}"')


def health(service: Running) -> dict[str, Any]:
    model: dict[str, Any] = requests.get(f"{service.url}/health", timeout=30).json()["model"]
    return model


def test_every_worker_goes_over_without_a_failed_request_and_a_bad_bundle_changes_nothing(
    three: Path, use: Any, tmp_path: Path, free_port: int
) -> None:
    first = current_path(three).name
    given = {"workers": "2", "cache": "0", "queue": str(max(16, CLIENTS)), "models": str(three)}
    with running(free_port, tmp_path, **given) as service:
        service.wait_for(lambda: len(service.workers()) == 2)
        with load(service) as seen:
            service.wait_for(lambda: len(seen) > 5)
            assert use("9.9.9").exit_code == 0
            service.wait_for(lambda: logged(service, "model swapped") == 2)  # once in each worker
            before = len(seen)
            service.wait_for(lambda: len(seen) > before + 10)
            (three / CURRENT).write_text(f"{current_path(three).parent.name}/6.6.6\n", encoding="utf-8")
            service.wait_for(lambda: logged(service, "bundle refused") == 2)
            after = len(seen)
            service.wait_for(lambda: len(seen) > after + 10)
        assert {status for status, _ in seen} == {200}
        sys.stdout.write(f"a good and a bad bundle under {CLIENTS} clients: {len(seen)} requests, none failed\n")
        assert seen[0][1] == first
        assert sum(version != "9.9.9" for _, version in seen[before:]) <= CLIENTS  # no more than were on their way
        told = health(service)
        assert told["version"] == "9.9.9"
        assert "MODEL_CARD.md" in told["refused"]
        assert use(first).exit_code == 0
        service.wait_for(lambda: logged(service, "model swapped") == 4)
        told = health(service)
        assert (told["version"], told["refused"]) == (first, None)


def test_a_bundle_is_verified_before_it_is_used_and_the_way_back_is_told(three: Path, use: Any) -> None:
    first = (three / CURRENT).read_text(encoding="utf-8")
    for refused, reason in (("6.6.6", "MODEL_CARD.md"), ("1.2.3", "9.9.9")):
        result = use(refused)
        assert result.exit_code == 1
        assert reason in result.stderr
        assert (three / CURRENT).read_text(encoding="utf-8") == first
    done = use("9.9.9")
    assert done.stdout.splitlines()[-1] == f"To go back: hematovision bundle use {first.strip()}"
    assert current_path(three).name == "9.9.9"
    assert {each.name for each in three.iterdir()} == {CURRENT, current_path(three).parent.name}
