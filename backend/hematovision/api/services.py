"""What the endpoints work with, wired in one place; a test wires its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import cast

from flask import current_app

from hematovision.api.following import ModelInUse
from hematovision.api.metrics import Metrics
from hematovision.api.remembered import Answers
from hematovision.api.waiting import ModelQueue
from hematovision.errors import HematoVisionError
from hematovision.inference import InferenceService
from hematovision.records.recorder import Recorder
from hematovision.settings import Settings

log = logging.getLogger(__name__)

EXTENSION = "hematovision"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """The settings, the model to begin with or the reason why there is none, what records its answers:
    nothing, if not given; and the clock by which sessions and tokens end. `stopping`: the process was told to stop.
    `attend` has waiting batches answered, where that is the service's own task."""

    settings: Settings
    model: InferenceService | HematoVisionError
    recorder: Recorder = field(default_factory=lambda: Recorder(Settings(recording="off")))
    clock: Callable[[], datetime] = _now
    stopping: Event = field(default_factory=Event)
    attend: Callable[[], None] = lambda: None
    queue: ModelQueue = field(init=False)
    in_use: ModelInUse = field(init=False)
    answers: Answers = field(init=False)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answers", Answers(self.settings.cache))
        object.__setattr__(self, "metrics", Metrics())
        object.__setattr__(self, "in_use", ModelInUse(self.model))
        object.__setattr__(self, "queue", ModelQueue(self.settings.threads, self.settings.queue))

    @classmethod
    def from_settings(
        cls, settings: Settings, stopping: Event | None = None, attend: Callable[[], None] = lambda: None
    ) -> Services:
        """Open the current bundle, and the records beside it. Neither stops the service: /health then says why."""
        recorder, stopping = Recorder(settings), stopping or Event()
        model: InferenceService | HematoVisionError
        try:
            model = InferenceService.open(settings.models, settings.runtime, settings.limits)
        except HematoVisionError as error:
            log.error("no verified model", extra={"code": error.code, "reason": str(error)})
            model = error
        return cls(settings, model, recorder, stopping=stopping, attend=attend)

    @property
    def idle(self) -> timedelta:
        """How long a session may be unused."""
        return timedelta(minutes=self.settings.idle_minutes)

    @property
    def inference(self) -> InferenceService:
        """The model in use now. Raises `ModelUnavailable` with the reason while there is none."""
        return self.in_use.inference


def services() -> Services:
    """Those of the app that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
