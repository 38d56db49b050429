"""The model in use, which may become another one while the service runs: each worker follows models/CURRENT."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from hematovision.bundle import CURRENT, RECORD, current_path, sha256_of
from hematovision.errors import HematoVisionError, ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.settings import Settings

log = logging.getLogger(__name__)

GLANCE = 1.0  # seconds between two looks at models/CURRENT


class ModelInUse:
    """One worker's model, or the reason why there is none. Whoever has taken it goes on with the one that they took."""

    def __init__(self, model: InferenceService | HematoVisionError) -> None:
        self._model = model
        self._refused: HematoVisionError | None = None

    @property
    def inference(self) -> InferenceService:
        """The model. Raises `ModelUnavailable` with the reason while there is none."""
        if isinstance(self._model, InferenceService):
            return self._model
        raise ModelUnavailable(str(self._model))

    @property
    def refused(self) -> str | None:
        """Why the bundle that models/CURRENT names now was refused, so that the one before it goes on; else None."""
        return str(self._refused) if self._refused else None

    def follow(self, settings: Settings, glance: float = GLANCE) -> None:
        """Look after models/CURRENT from now on, in a thread of its own."""
        Thread(target=self._follow, args=(settings, glance), name="model", daemon=True).start()

    def _follow(self, settings: Settings, glance: float) -> None:
        seen = None  # so that what was replaced while the first one was opened is seen, too
        while True:
            if (now := _identity(settings.models / CURRENT)) != seen:
                seen = now
                self._take(settings)
            time.sleep(glance)

    def _take(self, settings: Settings) -> None:
        """Open what models/CURRENT names beside the model in use, self-test it, then put it in its place."""
        try:
            path = current_path(settings.models)
            if not self._is(path):
                self._model = InferenceService.open(settings.models, settings.runtime, settings.limits)
                named = {"bundle": self._model.bundle.name, "version": self._model.bundle.version}
                log.info("model swapped", extra=named)
            self._refused = None
        except HematoVisionError as error:
            self._refuse(error)
        except Exception:  # the thread must outlive whatever this was
            log.exception("bundle failed")
            self._refuse(ModelUnavailable("The bundle cannot be opened; the log says why. Name another one."))

    def _is(self, path: Path) -> bool:
        """Whether the model in use is of this folder as it is now."""
        if not isinstance(self._model, InferenceService) or path != self._model.bundle.path:
            return False
        with suppress(OSError):
            return sha256_of(path / RECORD) == self._model.bundle.sha256
        return False

    def _refuse(self, error: HematoVisionError) -> None:
        log.error("bundle refused", extra={"code": error.code, "reason": str(error)})
        if isinstance(self._model, InferenceService):
            self._refused = error
        else:
            self._model = error


def _identity(file: Path) -> tuple[int, int, int] | None:
    """What tells a file from the one that replaced it; None where there is none."""
    with suppress(OSError):
        return ((found := file.stat()).st_ino, found.st_mtime_ns, found.st_size)
    return None
