"""A service with login, on each engine, and the clock by which its sessions end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from discs import with_fakes
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.inference import InferenceService
from hematovision.settings import Settings
from patient import patient
from people import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(recording: Settings, service: InferenceService, clock: Clock) -> Iterator[Flask]:
    """With login on; `records` are its records."""
    settings = replace(recording, login="on")
    recorder = patient(settings)
    yield create_app(settings, Services(settings, with_fakes(service), recorder, clock))
    recorder.close()
