"""POST /batches and what is asked about them: an archive is taken whole or not at all, and any replica tells of it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from problems import problem_in
from uploads import archive, form

import hematovision.batch
from discs import with_fakes
from hematovision.api import batches as api
from hematovision.api.app import create_app
from hematovision.api.batch_schemas import BatchesSchema, BatchSchema
from hematovision.api.services import Services
from hematovision.batch import archives
from hematovision.inference import InferenceService
from hematovision.records.recorder import Recorder
from hematovision.records.store import Records
from hematovision.records.values import BatchProgress
from hematovision.settings import Settings
from patient import patient

ZIP = archive(2)
RAW = {"content_type": "application/zip"}


@pytest.fixture
def small(recording: Settings) -> Settings:
    return replace(recording, max_archive=100_000)


@pytest.fixture
def replicas(small: Settings, service: InferenceService) -> Iterator[list[FlaskClient]]:
    """Two services over one database and one folder of records."""
    Records.open(small).close()  # its tables are made: what follows takes no time
    recorders = [patient(small) for _ in range(2)]
    while any(each.state.status == "opening" for each in recorders):
        time.sleep(0.05)
    yield [create_app(small, Services(small, with_fakes(service), each)).test_client() for each in recorders]
    for each in recorders:
        each.close()


@pytest.fixture
def client(replicas: list[FlaskClient]) -> FlaskClient:
    return replicas[0]


def tar() -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("empty.png"))
    return written.getvalue()


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        ({"data": ZIP, **RAW}, ZIP),
        ({"data": ZIP, "content_type": "application/octet-stream"}, ZIP),
        (form(ZIP, field="archive", name="../pictures.zip", media_type="application/zip"), ZIP),
        ({"data": tar(), "content_type": "application/gzip"}, None),
    ],
    ids=["raw", "of no kind", "form", "tar"],
)
def test_an_archive_waits_where_only_its_service_can_read_it_and_every_replica_tells_of_it(
    replicas: list[FlaskClient], records: Records, sent: dict[str, Any], data: bytes | None
) -> None:
    response = replicas[0].post("/batches", **sent)
    assert response.status_code == 202, response.text
    told = response.get_json()
    assert BatchSchema(unknown="raise").validate(told) == {}
    assert (told["state"], told["problem"], told["until"]) == ("waiting", None, None)
    assert response.headers["Location"].endswith(f"/batches/{told['id']}")
    folder = records.batches.folder_of(uuid.UUID(told["id"]))
    assert [each.name for each in folder.iterdir()] == ["archive"]
    assert data is None or (folder / "archive").read_bytes() == data
    for each in (folder, folder.parent):
        assert os.name != "posix" or stat.S_IMODE(each.stat().st_mode) == 0o700
    assert replicas[1].get(response.headers["Location"]).get_json() == told
    listed = replicas[1].get("/batches").get_json()
    assert BatchesSchema(unknown="raise").validate(listed) == {}
    assert listed == {"batches": [told], "max_bytes": 100_000}
    assert replicas[1].delete(f"/batches/{told['id']}").status_code == 204
    assert not folder.exists()
    assert problem_in(replicas[0].get(f"/batches/{told['id']}"))["code"] == "batch_unknown"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no archive": ({"data": b"x" * 2000, **RAW}, "source_refused"),
    "a zip cut off": ({"data": ZIP[:-200], **RAW}, "source_refused"),
    "a tar cut off": ({"data": tar()[:20], **RAW}, "source_refused"),
    "nothing": ({"data": b"", **RAW}, "source_refused"),
    "no body": ({}, "media_type_refused"),
    "of another kind": ({"data": ZIP, "content_type": "text/plain"}, "media_type_refused"),
    "two": (form(ZIP, ZIP, field="archive"), "source_refused"),
    "under another name": (form(ZIP, field="image"), "source_refused"),
    "too large": ({"data": archive(0, text=b"x" * 100_000) + b"x" * 70_000, **RAW}, "archive_too_large"),
    "a little too large": ({"data": archive(0, text=bytes(100_000)), **RAW}, "archive_too_large"),
    "too large in a form": (form(b"x" * 200_000, field="archive"), "archive_too_large"),
}


@pytest.mark.parametrize(("sent", "code"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_what_is_refused_nothing_stays(
    client: FlaskClient, records: Records, sent: dict[str, Any], code: str
) -> None:
    problem = problem_in(client.post("/batches", **sent))
    assert problem["code"] == code
    assert list(records.batches.folder.glob("*")) == []
    assert client.get("/batches").get_json()["batches"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_zip_of_too_many_members_is_refused_before_they_are_read(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LONGEST_DIRECTORY", 200)
    assert client.post("/batches", data=archive(2), **RAW).status_code == 202
    problem = problem_in(client.post("/batches", data=archive(9), **RAW))
    assert (problem["code"], "too many members" in problem["detail"]) == ("source_refused", True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_so_many_archives_arrive_at_once(client: FlaskClient) -> None:
    for _ in range(api.AT_ONCE):
        api._arriving.acquire()
    try:
        assert problem_in(client.post("/batches", data=ZIP, **RAW))["code"] == "queue_full"
    finally:
        api._arriving.release(api.AT_ONCE)
    assert client.post("/batches", data=ZIP, **RAW).status_code == 202


def test_a_result_is_given_when_it_is_there_and_in_no_other_format(client: FlaskClient, records: Records) -> None:
    id = uuid.UUID(client.post("/batches", data=ZIP, **RAW).get_json()["id"])
    path, runner = f"/batches/{id}/results", uuid.uuid4()
    assert problem_in(client.get(path))["code"] == "batch_unfinished"
    now = records.batches.one(id).at
    records.batches.take(runner, now)
    records.batches.end(id, runner, BatchProgress(2, 0, 2), now)
    assert problem_in(client.get(path))["code"] == "batch_unknown"  # its files are elsewhere
    for kind in ("parquet", "csv"):
        (records.batches.folder_of(id) / f"result.{kind}").write_bytes(kind.encode())
    csv = client.get(f"{path}?format=csv", buffered=True)
    assert (csv.data, csv.mimetype, csv.headers["Cache-Control"]) == (b"csv", "text/csv", "no-store")
    assert "batch.csv" in csv.headers["Content-Disposition"]
    assert client.get(path, buffered=True).data == b"parquet"
    assert problem_in(client.get(f"{path}?format=xlsx"))["code"] == "query_refused"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_extra_it_says_what_to_install(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hematovision.batch, "NEEDED", ("no_such_library",))
    for response in (client.get("/batches"), client.post("/batches", data=ZIP, **RAW)):
        problem = problem_in(response)
        assert (problem["status"], problem["code"]) == (503, "batch_unavailable")
        assert "hematovision[batch]" in problem["detail"]


def test_where_nothing_is_recorded_or_the_database_is_away_it_says_so(
    settings: Settings, service: InferenceService, free_port: int
) -> None:
    off = replace(settings, recording="off")
    away = replace(settings, database_url=f"postgresql://nobody@127.0.0.1:{free_port}/none")
    for given, code in ((off, "batch_unavailable"), (away, "records_unavailable")):
        recorder = Recorder(given)
        client = create_app(given, Services(given, with_fakes(service), recorder)).test_client()
        for response in (client.get("/batches"), client.post("/batches", data=ZIP, **RAW)):
            assert (response.status_code, problem_in(response)["code"]) == (503, code)
        recorder.close()
    assert not settings.records.joinpath("batches").exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_of_ones_own_has_them_answered(small: Settings, service: InferenceService) -> None:
    called: list[int] = []
    recorder = patient(small)
    ours = Services(small, with_fakes(service), recorder, attend=lambda: called.append(1))
    client = create_app(small, ours).test_client()
    location = client.post("/batches", data=ZIP, **RAW).headers["Location"]
    assert called == [1]
    client.get(location)
    client.get("/batches")
    assert called == [1, 1, 1]
    recorder.close()
