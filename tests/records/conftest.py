"""An open store on each engine, and answers to record in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hematovision.records.database import database_url as url_of
from hematovision.records.database import open_engine
from hematovision.records.schema import migrate
from hematovision.records.store import Records
from hematovision.settings import Settings


@pytest.fixture
def recording(settings: Settings, database_url: str) -> Settings:
    """Settings that name an empty database, in which the tables are made."""
    recording = replace(settings, database_url=database_url)
    if database_url:  # a SQLite file is brought up when it is opened
        engine = open_engine(url_of(recording))
        migrate(engine)
        engine.dispose()
    return recording


@pytest.fixture
def records(recording: Settings) -> Iterator[Records]:
    opened = Records.open(recording)
    yield opened
    opened.close()
