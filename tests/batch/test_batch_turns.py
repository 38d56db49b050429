"""An archive that was sent to a service is answered by `hematovision batches`, real processes throughout."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import runs
from flask.testing import FlaskClient
from runs import PATIENCE, as_answers, workers

from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.inference import InferenceService
from hematovision.records.batches import Batches
from hematovision.records.store import Records
from hematovision.settings import Settings
from patient import patient
from pictures import drawn_cell, encoded

# With small groups and parts, as in runs.py; and one that is silent is soon taken for dead.
PROGRAM = """
from datetime import timedelta
from hematovision.batch import engine, results, turns
from hematovision.cli import main
from hematovision.records import batches

engine.GROUP, results.PICTURES_A_PART, batches.STALE = 2, 4, timedelta(seconds=4)
turns.BEAT = 0.2
if __name__ == "__main__":
    main(prog_name="hematovision")
"""


def packed(count: int, **files: bytes) -> bytes:
    """A zip of so many pictures, no two alike, and of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for number in range(count):
            archive.writestr(f"slide/{number:04}.png", encoded(drawn_cell(number)))
    return written.getvalue()


@pytest.fixture
def client(settings: Settings, service: InferenceService) -> Iterator[FlaskClient]:
    Records.open(settings).close()  # its tables are made: what follows takes no time
    recorder = patient(settings)
    while recorder.state.status == "opening":
        time.sleep(0.05)
    yield create_app(settings, Services(settings, service, recorder)).test_client()
    recorder.close()


@pytest.fixture
def kept(client: FlaskClient, settings: Settings) -> Batches:
    batches: Batches = client.application.extensions["hematovision"].recorder.records.batches
    return batches


@pytest.fixture
def begin(settings: Settings) -> Callable[..., subprocess.Popen[str]]:
    def begun(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, "batches", "--workers", "2", "--child", *options]
        env = runs.os.environ | {"HEMATOVISION_RECORDS": str(settings.records)}
        pipe = subprocess.PIPE
        run = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8")
        runs.BEGUN.append(run)
        return run

    return begun


def sent(client: FlaskClient, archive: bytes) -> str:
    response = client.post("/batches", data=archive, content_type="application/zip")
    assert response.status_code == 202, response.text
    return str(response.headers["Location"])


def wait_for(client: FlaskClient, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while not holds(told := client.get(path).get_json()):
        assert time.monotonic() < until, told
        time.sleep(0.05)
    return dict(told)


def ended(client: FlaskClient, path: str) -> dict[str, Any]:
    return wait_for(client, path, lambda told: told["state"] in ("done", "failed"))


def rows(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    data = client.get(f"{path}/results", buffered=True).data
    table: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    return table


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.glob("*")}


def test_what_is_answered_is_what_classify_answers(
    client: FlaskClient, kept: Batches, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    archive = packed(6, **{"broken.jpg": b"\xff\xd8\xff", "read me.txt": b"no picture"})
    first, second = sent(client, archive), sent(client, packed(1))
    run = begin()
    told = ended(client, first)
    assert (told["state"], told["problem"], told["seconds_left"]) == ("done", None, None)
    assert {name: told["progress"][name] for name in ("pictures", "failures", "total")} == {
        "pictures": 7, "failures": 1, "total": 7,
    }  # fmt: skip
    assert told["until"] > told["at"]
    answered = as_answers(rows(client, first))
    for name, answer in answered.items():
        with zipfile.ZipFile(io.BytesIO(archive)) as pictures:
            said = client.post("/classify", data={"image": (io.BytesIO(pictures.read(name)), "p")}).get_json()
        assert answer == {key: said[key] for key in answer}
    assert len(answered) == 7
    in_csv = csv.DictReader(io.StringIO(client.get(f"{first}/results?format=csv", buffered=True).text))
    assert sorted(row["picture"] for row in in_csv) == sorted(row["picture"] for row in rows(client, first))
    assert ended(client, second)["state"] == "done"
    assert run.wait(PATIENCE) == 0, run.communicate()
    assert files(kept.folder_of(uuid.UUID(told["id"]))) == {"result.csv", "result.parquet"}


def test_one_whose_process_was_killed_is_gone_on_with_by_another(
    client: FlaskClient, kept: Batches, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    path = sent(client, packed(40))
    killed = begin()
    told = wait_for(client, path, lambda told: told["progress"]["pictures"] >= 8)
    left = workers(killed)
    killed.kill()
    assert left and told["state"] == "running"
    parts = kept.folder_of(uuid.UUID(told["id"])) / "parts"
    before = {each.name for each in parts.glob("part-*")}
    assert before
    begin()
    told = wait_for(client, path, lambda told: told["state"] != "running" or before < files(parts))
    told = ended(client, path)
    assert (told["state"], told["progress"]["pictures"]) == ("done", 40), told
    pictures = [row["picture"] for row in rows(client, path) if row["row"] != "cell"]
    assert sorted(pictures) == [f"slide/{number:04}.png" for number in range(40)]


def test_of_one_that_is_cancelled_nothing_stays_and_the_next_is_answered(
    client: FlaskClient, kept: Batches, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    cancelled, other = sent(client, packed(200)), sent(client, packed(2))
    run = begin()
    wait_for(client, cancelled, lambda told: told["progress"]["pictures"] > 0)
    assert client.delete(cancelled).status_code == 204
    assert ended(client, other)["state"] == "done"
    assert run.wait(PATIENCE) == 0
    assert client.get(cancelled).status_code == 404
    assert files(kept.folder) == {other.rpartition("/")[2]}


def test_one_that_is_no_honest_archive_fails_and_says_why(
    client: FlaskClient, kept: Batches, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb.png", bytes(100_000_000))
    path = sent(client, bomb.getvalue())
    assert begin().wait(PATIENCE) == 0
    told = ended(client, path)
    assert (told["state"], told["problem"]["code"]) == ("failed", "source_refused")
    assert client.get(f"{path}/results").get_json()["code"] == "batch_unfinished"
    assert files(kept.folder_of(uuid.UUID(told["id"]))) == set()


def test_a_process_whose_service_has_ended_puts_its_batch_back(
    client: FlaskClient, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    path = sent(client, packed(200))
    run = begin()
    wait_for(client, path, lambda told: told["progress"]["pictures"] > 0)
    assert run.stdin
    run.stdin.close()  # as it is when the one who holds it has died
    run.stdin = None
    assert run.wait(PATIENCE) == 0
    told = client.get(path).get_json()
    assert (told["state"], json.dumps(told["problem"])) == ("waiting", "null")
