"""A picture that shall be kept meets a full disk: a problem that says so, and nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from problems import problem_in
from uploads import form

from discs import with_fakes
from disks import small_disk
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.inference import InferenceService
from hematovision.settings import Settings
from patient import patient
from pictures import drawn_cell, encoded

SMALL = encoded(drawn_cell())
LARGE = encoded(drawn_cell(width=900, height=900), "JPEG")  # its pixels have more bytes than the disk


@pytest.fixture
def pictures(settings: Settings) -> Iterator[Path]:
    """The folder of kept pictures, on a disk of 64 kB."""
    folder = settings.records / "pictures"
    with small_disk(folder, 64):
        yield folder


def test_it_is_told_and_nothing_is_left(settings: Settings, service: InferenceService, pictures: Path) -> None:
    recorder = patient(settings)
    client = create_app(settings, Services(settings, with_fakes(service), recorder)).test_client()
    work = recorder.records.open_work("a study", 3)
    response = client.post(f"/classify?work={work}", **form(LARGE))
    problem = problem_in(response)
    assert (problem["status"], problem["code"]) == (507, "storage_full")
    assert list(pictures.iterdir()) == []
    assert not recorder.records.page().lines
    kept = client.post(f"/classify?work={work}", **form(SMALL))
    assert kept.get_json()["recorded"]
    assert len(list(pictures.iterdir())) == 1
    assert client.post("/classify", **form(LARGE)).get_json()["recorded"]
    recorder.close()
