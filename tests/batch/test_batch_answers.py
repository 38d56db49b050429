"""`hematovision batch` answers as /classify does, whatever the source, the format and the number of workers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from runs import as_answers, drawn, manifest, names_in, rows, run

from hematovision.batch.results import parts
from hematovision.records.store import Records
from hematovision.settings import Settings
from house import port_nobody_listens_on
from pictures import drawn_cell, encoded


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = drawn(tmp_path_factory.mktemp("batch") / "source", 8)
    (folder / "field.jpg").write_bytes(encoded(drawn_cell(99, 640, 480), "JPEG"))
    (folder / "slide 0" / "bröken.png").write_bytes((folder / "slide 0" / "0000.png").read_bytes()[:300])
    (folder / "empty.tif").write_bytes(b"")
    return folder


def classified(client: FlaskClient, folder: Path) -> dict[str, dict[str, Any]]:
    """What /classify says of each."""
    answers = {}
    for name in names_in(folder):
        answer = json.loads(
            client.post("/classify", data={"image": (io.BytesIO((folder / name).read_bytes()), "p")}).data
        )
        wanted = ("code", "detail") if "code" in answer else set(answer) - {"milliseconds", "cached", "recorded", "id"}
        answers[name] = {key: answer[key] for key in wanted}
    return answers


@pytest.mark.parametrize("workers", ["1", "2"])
def test_answers_are_those_of_classify(client: FlaskClient, source: Path, tmp_path: Path, workers: str) -> None:
    status, written = run(source, tmp_path / "out", "--workers", workers)
    answers = as_answers(rows(tmp_path / "out"))
    assert answers == classified(client, source)
    assert sum(len(answer.get("cells", ())) for answer in answers.values()) > 8
    assert status == 1 and "11 pictures in" in written and "2 of them could not be answered" in written
    assert "pictures/s" in written
    told = manifest(tmp_path / "out")
    assert (told["complete"], told["pictures"], told["failures"]) == (True, 11, 2)


def test_a_tar_is_answered_as_its_folder_is(source: Path, tmp_path: Path, client: FlaskClient) -> None:
    with tarfile.open(tmp_path / "pictures.tgz", "w:gz") as archive:
        archive.add(source, "")
    run(tmp_path / "pictures.tgz", tmp_path / "out", "--workers", "1")
    assert as_answers(rows(tmp_path / "out")) == classified(client, source)


def test_a_zip_is_too_and_csv_says_the_same(source: Path, tmp_path: Path, client: FlaskClient) -> None:
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in names_in(source):
            archive.write(source / name, name)
    run(tmp_path / "pictures.zip", tmp_path / "out", "--format", "csv", "--workers", "1")
    quoted = {"row", "picture", "sha256", "model", "version", "kind", "status", "label", "sketch", "code", "detail"}
    table = [
        {key: (text if key in quoted else json.loads(text)) if text else None for key, text in row.items()}
        for part in parts(tmp_path / "out")
        for row in csv.DictReader(io.StringIO(part.read_text(encoding="utf-8")))
    ]
    assert as_answers(table) == classified(client, source)


def test_a_bucket_is_read_by_the_workers(source: Path, tmp_path: Path, client: FlaskClient) -> None:
    port = port_nobody_listens_on()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with requests.Session() as session:
            retry = requests.adapters.HTTPAdapter(max_retries=requests.adapters.Retry(20, backoff_factor=0.1))
            session.mount("http://", retry)
            session.put(f"{url}/smears", timeout=30).raise_for_status()
            for name in names_in(source):
                data = (source / name).read_bytes()
                session.put(f"{url}/smears/of monday/{name}", data=data, timeout=30).raise_for_status()
        own = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything"}
        status, written = run("s3://smears/of monday", tmp_path / "out", "--workers", "1", **own)
        assert status == 1, written
        assert as_answers(rows(tmp_path / "out")) == classified(client, source)
        status, written = run("s3://smears/of tuesday", tmp_path / "none", **own)
        assert status == 1 and "There is nothing at s3://smears/of tuesday" in written
    finally:
        server.kill()
        server.wait()


def test_answers_are_recorded_once_however_often_the_run_is_begun(
    source: Path, tmp_path: Path, recording: Settings
) -> None:
    out = tmp_path / "out"
    env = {"HEMATOVISION_RECORDS": str(recording.records), "HEMATOVISION_DATABASE_URL": recording.database_url}
    assert run(source, out, "--record", **env)[0] == 1
    part = parts(out)[0]  # written after its answers were recorded; lost, they are answered again
    part.unlink()
    assert run(source, out, "--record", **env)[0] == 1
    with closing(Records.open(recording)) as records:
        lines = list(records.lines())
        entries = {line.image.sha256: records.entry(line.id).answer for line in lines}
    answered = [answer for answer in as_answers(rows(out)).values() if "code" not in answer]
    assert len(lines) == len(answered) == 9
    for answer in answered:
        kept = entries[answer["image"]["sha256"]]
        assert [kept.label, kept.confidence] == [answer["label"], answer["confidence"]]
        assert len(kept.cells) == len(answer["cells"])


def test_nothing_is_recorded_where_that_is_off(source: Path, tmp_path: Path) -> None:
    status, written = run(source, tmp_path / "out", "--record", HEMATOVISION_RECORDING="off")
    assert status != 0 and "HEMATOVISION_RECORDING is off" in written and not (tmp_path / "out").exists()


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfound = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'pyarrow' else found(name, *rest)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "hematovision", "batch", str(tmp_path), "--out", str(tmp_path / "out")],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "A batch needs pyarrow. Install them with `pip install hematovision[batch]`." in done.stderr
