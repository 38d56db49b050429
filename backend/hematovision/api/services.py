"""What the endpoints work with, wired in one place; a test wires its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast

from flask import current_app

from hematovision.errors import HematoVisionError, ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.settings import Settings

log = logging.getLogger(__name__)

EXTENSION = "hematovision"


@dataclass(frozen=True)
class Services:
    """The settings, and the model or the reason why there is none."""

    settings: Settings
    model: InferenceService | HematoVisionError

    @classmethod
    def from_settings(cls, settings: Settings) -> Services:
        """Open the current bundle. A refused one does not stop the service: /health then says why."""
        try:
            return cls(settings, InferenceService.open(settings.models, settings.runtime, settings.limits))
        except HematoVisionError as error:
            log.error("no verified model", extra={"code": error.code, "reason": str(error)})
            return cls(settings, error)

    @property
    def inference(self) -> InferenceService:
        """The model. Raises `ModelUnavailable` with the reason while there is none."""
        if isinstance(self.model, InferenceService):
            return self.model
        raise ModelUnavailable(str(self.model))


def services() -> Services:
    """Those of the app that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
