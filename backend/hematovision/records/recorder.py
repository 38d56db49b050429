"""Recorder: writes predictions down for the service, which answers whether or not there is a database."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID

from hematovision import errors
from hematovision.bundle import Bundle
from hematovision.cells import Answer
from hematovision.records.values import Keeping
from hematovision.settings import Settings

if TYPE_CHECKING:
    from hematovision.records.store import Records

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that a request waits at most
GLANCE = 5.0  # seconds between two looks at the database while nothing is written
SWEEP = 3600.0  # seconds between two looks for pictures whose days are over

_OFF = "Nothing is recorded here: HEMATOVISION_RECORDING is off."
_OPENING = "The database is being opened. Try again in a moment."
_FAILED = "The database cannot be opened; the log says why. Pictures are answered and not recorded."
_NOT_IN_TIME = "The database took too long. Pictures are answered and not recorded until it is back."


@dataclass(frozen=True)
class State:
    """What /health says of the database: `ok`, or with the reason `opening`, `away` or `off`."""

    status: str
    reason: str | None = None


class _Write(NamedTuple):
    """What `Records.record` is given, and what becomes of it."""

    what: tuple[Answer, Bundle, UUID | None, Keeping | None]
    done: Future[UUID]


class Recorder:
    """The records of a running service. One thread of its own opens the database, looks whether it is still there,
    sweeps, and makes every write, so that no request waits longer than its patience whatever hangs.

    While the database is away, requests do not wait for it at all; the thread sees when it is back.
    """

    def __init__(self, settings: Settings, glance: float = GLANCE, patience: float = PATIENCE) -> None:
        """Returns at once: SQLAlchemy is imported, and the database opened, while the model is. `glance` and
        `patience` in seconds."""
        self._settings, self._glance, self._patience = settings, glance, patience
        self._writes: SimpleQueue[_Write | None] = SimpleQueue()
        self._records: Records | None = None
        self._trouble: errors.HematoVisionError | None = errors.RecordsUnavailable(_OPENING)
        self._looked = Event()
        self._thread = Thread(target=self._look_after, name="recorder", daemon=True)
        if settings.recording == "on":
            self._thread.start()
        else:
            self._trouble = errors.RecordsOff(_OFF)
            self._looked.set()

    def record(
        self, answer: Answer, bundle: Bundle, by: UUID | None = None, keeping: Keeping | None = None
    ) -> UUID | None:
        """The prediction's id once it is on disk. None where nothing is recorded, and where it is not known to be on
        disk in time, which is logged.

        Raises `WorkUnknown` as the store does, and `RecordsOff` where a picture shall be kept and nothing is recorded.
        """
        if self._settings.recording == "off" and not keeping:
            return None
        write = _Write((answer, bundle, by, keeping), Future())
        try:
            self._refuse_in_trouble()
            self._writes.put(write)
            return write.done.result(self._patience)
        except NotInTime:
            write.done.cancel()
            reason = errors.RecordsUnavailable(_NOT_IN_TIME)
            self._lose(reason)
        except errors.RecordsUnavailable as error:
            reason = error
        except errors.HematoVisionError:
            raise
        except Exception as error:  # a fault of ours, whose text may hold values of the row; the answer goes out
            reason = errors.RecordsUnavailable(f"{type(error).__name__} while writing. Report this, please.")
        log.error("prediction not recorded", extra={"code": reason.code, "reason": str(reason)})
        return None

    @property
    def records(self) -> Records:
        """The open records, to read. Raises `RecordsUnavailable` or `RecordsOff` with the reason."""
        self._refuse_in_trouble()
        return cast("Records", self._records)  # open, whenever there is no trouble

    @property
    def state(self) -> State:
        """How it was at the last look."""
        trouble = self._trouble
        if not self._looked.is_set():
            return State("opening", str(trouble))
        if trouble is None:
            return State("ok")
        return State("off" if isinstance(trouble, errors.RecordsOff) else "away", str(trouble))

    def close(self) -> None:
        """Make the writes that wait, then close the database."""
        self._writes.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _refuse_in_trouble(self) -> None:
        self._looked.wait(self._patience)
        if trouble := self._trouble:
            raise type(trouble)(str(trouble))

    def _lose(self, trouble: errors.HematoVisionError) -> None:
        if str(trouble) != str(self._trouble):  # else it is known already
            said = " ".join(getattr(trouble, "__notes__", ()))
            log.error("database away", extra={"code": trouble.code, "reason": str(trouble), "said": said})
        self._trouble = trouble

    def _look_after(self) -> None:
        """What the thread does."""
        swept, told_to_stop = -SWEEP, False
        while not told_to_stop:
            self._look()
            self._looked.set()
            if not self._trouble and time.monotonic() - swept >= SWEEP:
                self._sweep()
                swept = time.monotonic()
            told_to_stop = self._write_until(time.monotonic() + self._glance)
        if self._records:
            self._records.close()

    def _look(self) -> None:
        """Open the database, or ask it whether it is there; after trouble it is opened anew."""
        from hematovision.records.store import Records

        if self._trouble and self._records:
            self._records.close()
            self._records = None
        try:
            if self._records:
                self._records.ping()
            else:
                self._records = Records.open(self._settings, self._patience)
                log.info("database open")
            self._trouble = None
        except errors.HematoVisionError as error:
            self._lose(error)
        except Exception:  # the thread must outlive whatever this was
            log.exception("database failed")
            self._lose(errors.RecordsUnavailable(_FAILED))

    def _sweep(self) -> None:
        try:
            if gone := self.records.sweep():
                log.info("pictures swept", extra={"pictures": gone})
        except errors.RecordsUnavailable as error:
            self._lose(error)
        except OSError as error:  # a file that cannot be deleted is tried again, and told each time
            log.error("sweep failed", extra={"reason": error.strerror})

    def _write_until(self, end: float) -> bool:
        """Make writes until `end`, by the monotonic clock, or until one fails; True when told to stop."""
        while time.monotonic() < end:
            try:
                write = self._writes.get(timeout=max(0, end - time.monotonic()))
            except Empty:
                return False
            if write is None:
                return True
            if not write.done.set_running_or_notify_cancel():
                continue  # whoever asked for it has given up
            try:
                write.done.set_result(self.records.record(*write.what))
            except errors.RecordsUnavailable as error:
                self._lose(error)
                write.done.set_exception(error)
                return False
            except Exception as error:
                write.done.set_exception(error)
        return False
