"""Batches that were sent over the API, answered one after the other by a process of its own.

Several such processes may run. Each second they tell the records how far they are and hear whether that is still
wanted; one that is silent has died, and another goes on with its batch where the parts of the result end.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Self
from uuid import UUID

from hematovision import errors
from hematovision.batch import ARCHIVE, result_file
from hematovision.batch.results import FORMATS, Result, joined
from hematovision.batch.start import answer_all
from hematovision.records.batches import Batches
from hematovision.records.store import Records
from hematovision.records.values import BatchProgress
from hematovision.settings import Settings

BEAT = 1.0  # seconds between two looks at the records
PATIENCE = 10.0  # seconds that a word to the records may take
PAUSE = 20.0  # seconds after which what is no batch's own fault is tried again
LATELY = 30  # beats over which a rate is measured
TRIES = 3  # of a batch with which its process ends
MOST_PICTURES = 200_000  # in one archive

# What whoever runs the service has to mend; the batch waits for that.
_NOT_ITS_FAULT = (
    errors.BatchUnavailable, errors.ModelUnavailable, errors.RecordsUnavailable, errors.ResultInUse, errors.StorageFull,
)  # fmt: skip

log = logging.getLogger(__name__)


class NoLongerWanted(Exception):
    """The batch was cancelled, or is another process's by now."""


def attend(settings: Settings, workers: int, lasting: bool = True) -> None:
    """Answer each batch when its turn has come, with so many worker processes; unless `lasting`, until all are.

    Whoever stops it raises KeyboardInterrupt in it: the batch in hand waits again then. Raises `SchemaRefused`.
    """
    runner = uuid.uuid4()
    while True:
        try:
            with closing(Records.open(settings, PATIENCE)) as records:
                batches = records.batches
                while (found := _turn(batches, runner, settings, workers)) or lasting or batches.unfinished():
                    if not found:
                        time.sleep(BEAT)
                return
        except errors.SchemaRefused:
            raise
        except errors.RecordsUnavailable as error:
            log.error("database away", extra={"code": error.code, "reason": str(error)})
            time.sleep(PAUSE)


def _turn(batches: Batches, runner: UUID, settings: Settings, workers: int) -> bool:
    """Answer the batch whose turn it is; False if none waits."""
    taken = batches.take(runner, datetime.now(UTC))
    if taken is None:
        return False
    folder, failed, paused = batches.folder_of(taken.id), None, False
    log.info("batch begun", extra={"batch": str(taken.id)})
    with _Told(lambda progress: batches.tell(taken.id, runner, progress, datetime.now(UTC))) as told:
        try:
            if taken.tries >= TRIES:
                raise errors.WorkerEnded(f"The process that answered it ended, {TRIES} times. Send fewer pictures.")
            _answer(folder, workers, settings, told)
        except NoLongerWanted:
            pass
        except KeyboardInterrupt:
            batches.put_back(taken.id, runner)
            raise
        except _NOT_ITS_FAULT as error:
            batches.put_back(taken.id, runner, error)
            log.error("batch waits", extra={"batch": str(taken.id), "code": error.code, "reason": str(error)})
            paused = True
        except errors.HematoVisionError as error:
            failed = error
        except Exception:
            log.exception("batch failed")
            failed = errors.HematoVisionError(
                "The batch failed in a way that nobody foresaw; the service's log has it."
            )
    if paused:
        time.sleep(PAUSE)
        return True
    until = datetime.now(UTC) + timedelta(days=settings.batch_days)
    if told.wanted and batches.end(taken.id, runner, told.progress, until, failed):
        log.info("batch ended", extra={"batch": str(taken.id), "code": failed.code if failed else None})
        shutil.rmtree(folder / "parts", ignore_errors=True)
        (folder / ARCHIVE).unlink(missing_ok=True)
    else:
        _clear_unless_taken_over(batches, taken.id)
    return True


def _answer(folder: Path, workers: int, settings: Settings, told: _Told) -> None:
    """From the archive to a file of each format. A result begun by another model, or damaged, is begun anew."""
    archive, parts = folder / ARCHIVE, folder / "parts"
    if not archive.is_file():
        raise errors.SourceRefused("Its archive is gone: the folder of records is another one. Send it again.")

    def answer() -> None:
        answer_all(str(archive), parts, "parquet", workers, settings, told.advance, MOST_PICTURES, told.begun)

    try:
        answer()
    except errors.ResultInUse:
        raise
    except errors.ResultRefused as error:
        log.warning("batch begun anew", extra={"reason": str(error)})
        shutil.rmtree(parts, ignore_errors=True)
        answer()
    for kind in FORMATS:
        partial = folder / f"partial.{kind}"
        joined(parts, kind, partial)
        partial.replace(result_file(folder, kind))


def _clear_unless_taken_over(batches: Batches, batch: UUID) -> None:
    """Of one that was cancelled nothing stays; of one that another process has by now, everything."""
    try:
        batches.one(batch)
    except errors.BatchUnknown:
        shutil.rmtree(batches.folder_of(batch), ignore_errors=True)


class _Told:
    """A thread that tells how far a batch is, each `BEAT`, whatever else happens; and what it heard."""

    def __init__(self, tell: Callable[[BatchProgress], bool]) -> None:
        self.wanted, self.progress = True, BatchProgress()
        self._tell = tell
        self._result: Result | None = None
        self._total: int | None = None
        self._lately: deque[tuple[float, int]] = deque(maxlen=LATELY)
        self._over = Event()
        self._thread = Thread(target=self._beat, name="beat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def begun(self, result: Result) -> None:
        """The result that is being written."""
        self._result = result
        self._lately.clear()

    def advance(self, what: str, done: int, total: int) -> None:
        """As answering goes on. Raises `NoLongerWanted`."""
        self._total = total
        if not self.wanted:
            raise NoLongerWanted

    def _look(self) -> None:
        if self._result:
            pictures = self._result.pictures
            self._lately.append((time.monotonic(), pictures))
            (since, before), (now, _) = self._lately[0], self._lately[-1]
            rate = round((pictures - before) / (now - since), 3) if pictures > before else None
            self.progress = BatchProgress(pictures, self._result.failures, self._total, rate)

    def _beat(self) -> None:
        while not self._over.wait(BEAT) and self.wanted:
            self._look()
            try:
                self.wanted = self._tell(self.progress)
            except errors.RecordsUnavailable as error:  # answering goes on, and the end will be told
                log.error("database away", extra={"code": error.code, "reason": str(error)})
