"""The app, its client and its command line around the real model; and what to do where a machine lacks something."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from databases import Cluster, postgresql
from discs import with_fakes
from hematovision.api import requests_log
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.bundle import SELF_TEST, current_path
from hematovision.inference import InferenceService
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records
from hematovision.settings import Settings
from house import REPOSITORY, LogLines, MakeClient, lacking, port_nobody_listens_on

# Files that take minutes. Handed out first, so that no process is left alone with one in the end.
LONG = (
    "test_training.py",
    "test_manifest.py",
    "test_notebook.py",
    "test_drawn_fields.py",
    "test_adapting.py",
    "test_other_cpus.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of released bundles; tests read it and never write there."""
    return Path(os.environ.get("HEMATOVISION_MODELS") or REPOSITORY / "models")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of labelled pictures, read where it lies."""
    folder = Path(os.environ.get("HEMATOVISION_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "cells.csv").is_file():
        lacking(f"no labelled pictures at {folder}")
    return folder


@pytest.fixture(scope="session")
def weights() -> Path:
    """The file of ImageNet weights, read where it lies."""
    beside = REPOSITORY.parent / "shared" / "weights" / "mobilenet_v2_1.0_224_no_top.weights.h5"
    file = Path(os.environ.get("HEMATOVISION_WEIGHTS") or beside)
    if not file.is_file():
        lacking(f"no ImageNet weights at {file}")
    return file


@pytest.fixture(scope="session")
def service(models: Path) -> InferenceService:
    """The real model, opened and self-tested once."""
    return InferenceService.open(models)


@pytest.fixture(scope="session")
def record(models: Path) -> dict[str, Any]:
    """bundle.json of the bundle in use: no test knows a version or a figure by heart."""
    content: dict[str, Any] = json.loads((current_path(models) / "bundle.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def classified(models: Path) -> bytes:
    """A file with a cell in it that the bundle in use classifies: a picture of its self-test."""
    path = current_path(models)
    pictures = json.loads((path / SELF_TEST).read_text(encoding="utf-8"))["pictures"]
    return (path / "selftest" / next(name for name, cells in pictures.items() if cells)).read_bytes()


@pytest.fixture(scope="session", autouse=True)
def nothing_in_the_users_own_records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever a test starts without saying where its records are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEMATOVISION_RECORDS", str(tmp_path_factory.mktemp("records")))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server."""
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each engine, as the setting names it; empty for the SQLite file of the default."""
    return "" if request.param == "sqlite" else request.getfixturevalue("cluster").new_database()


@pytest.fixture
def settings(models: Path, tmp_path: Path) -> Settings:
    return Settings(models=models, examples=tmp_path / "examples", records=tmp_path / "records")


@pytest.fixture
def recording(settings: Settings, database_url: str) -> Settings:
    """Settings that name an empty database, in which the tables are made."""
    recording = replace(settings, database_url=database_url)
    if database_url:  # a SQLite file is brought up when it is opened
        with opened(recording) as engine:
            migrate(engine)
    return recording


@pytest.fixture
def records(recording: Settings) -> Iterator[Records]:
    ours = Records.open(recording)
    yield ours
    ours.close()


@pytest.fixture
def app(settings: Settings, service: InferenceService) -> Flask:
    return create_app(settings, Services(settings, service))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def seeing(settings: Settings, service: InferenceService) -> FlaskClient:
    """A client of a service whose networks know discs: what it answers is decided by what is drawn."""
    return create_app(settings, Services(settings, with_fakes(service))).test_client()


@pytest.fixture
def make_client(models: Path, tmp_path: Path) -> MakeClient:
    """`make_client(max_bytes=...)` is a client of an app with other settings, opened as the service opens it."""

    def make(**given: Any) -> FlaskClient:
        settings = Settings(**{"models": models, "examples": tmp_path / "examples", "recording": "off", **given})
        return create_app(settings).test_client()

    return make


@pytest.fixture
def runner() -> CliRunner:
    """Runs a command of `hematovision` in this process."""
    return CliRunner()


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """All that the service has logged so far, as it logs in production."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        requests_log.configure("debug")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger("hematovision").handlers.clear()


@pytest.fixture
def free_port() -> int:
    return port_nobody_listens_on()
