"""What the endpoints work with, wired in one place; a test wires its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from flask import current_app

from hematovision.errors import HematoVisionError, ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.records.recorder import Recorder
from hematovision.settings import Settings

log = logging.getLogger(__name__)

EXTENSION = "hematovision"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """The settings, the model or the reason why there is none, what records its answers: nothing, if not given; and the
    clock by which sessions and tokens end."""

    settings: Settings
    model: InferenceService | HematoVisionError
    recorder: Recorder = field(default_factory=lambda: Recorder(Settings(recording="off")))
    clock: Callable[[], datetime] = _now

    @classmethod
    def from_settings(cls, settings: Settings) -> Services:
        """Open the current bundle, and the records beside it. Neither stops the service: /health then says why."""
        recorder = Recorder(settings)
        try:
            return cls(settings, InferenceService.open(settings.models, settings.runtime, settings.limits), recorder)
        except HematoVisionError as error:
            log.error("no verified model", extra={"code": error.code, "reason": str(error)})
            return cls(settings, error, recorder)

    @property
    def idle(self) -> timedelta:
        """How long a session may be unused."""
        return timedelta(minutes=self.settings.idle_minutes)

    @property
    def inference(self) -> InferenceService:
        """The model. Raises `ModelUnavailable` with the reason while there is none."""
        if isinstance(self.model, InferenceService):
            return self.model
        raise ModelUnavailable(str(self.model))


def services() -> Services:
    """Those of the app that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
