"""A recorder for tests in which no database hangs: it waits as long as a busy machine may need."""

from __future__ import annotations

from hematovision.records.recorder import Recorder
from hematovision.settings import Settings
from running import PATIENCE


def patient(settings: Settings) -> Recorder:
    return Recorder(settings, glance=0.05, patience=PATIENCE)
