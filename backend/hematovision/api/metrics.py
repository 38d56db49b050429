"""What the service counts of itself, for Prometheus: the only module that knows its library.

Labels are words of this code, the bundle's classes and its version: few, and nothing of whoever asks.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from hematovision.api.schemas import DATABASE_STATUSES
from hematovision.api.waiting import QueueState
from hematovision.cells import Answer, Model
from hematovision.errors import HematoVisionError

__all__ = ["MEDIA_TYPE", "STAGES", "Metrics", "SharedFolder", "State"]

log = logging.getLogger(__name__)

STAGES = ("read", "wait", "decode", "locate", "classify", "record", "encode")
WORKER_STATES = ("ready", "no_model", "stopping")

_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name for it
_KINDS = ("counter", "histogram", "gauge_livesum")  # of file, one of each for a worker
_ROOM = 256 * 1024  # bytes of each, several times what all labels take

disable_created_metrics()  # a series more for each one


class State(NamedTuple):
    """How a worker is at this moment; the words are those of `WORKER_STATES` and `DATABASE_STATUSES`."""

    worker: str
    model: Model | None
    bundle_refused: bool
    records: str
    queue: QueueState


class Metrics:
    """The counts of one worker; exposed are those of all that share a folder. Thread-safe."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        of_worker: dict[str, Any] = {"registry": self._registry, "multiprocess_mode": "livesum"}
        self._requests = Histogram(
            "hematovision_request_seconds",
            "From the request's head to its answer.",
            ["route"],
            buckets=_REQUEST_SECONDS,
            registry=self._registry,
        )
        stages = Histogram(
            "hematovision_stage_seconds",
            "Where the time of a picture goes.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=self._registry,
        )
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._problems = Counter(
            "hematovision_problems", "Requests answered by a problem.", ["code"], registry=self._registry
        )
        for code in _codes():  # from zero, so that the first one is seen as a rise
            self._problems.labels(code)
        self._answers = Counter(
            "hematovision_answers", "Pictures, by their main cell.", ["status", "label"], registry=self._registry
        )
        self._hits = Counter("hematovision_cache_hits", "Pictures answered from memory.", registry=self._registry)
        self._workers = Gauge("hematovision_workers", "Workers.", ["state"], **of_worker)
        self._models = Gauge("hematovision_model", "Workers that answer by it.", ["name", "version"], **of_worker)
        self._refused = Gauge("hematovision_bundle_refused", "Workers that refused the bundle named now.", **of_worker)
        self._records = Gauge("hematovision_records", "Workers, by how they find the database.", ["state"], **of_worker)
        self._queue = Gauge("hematovision_queue", "Pictures in the models, and waiting.", ["place"], **of_worker)
        self._places = Gauge("hematovision_queue_places", "Pictures that may wait.", **of_worker)
        self._seen: set[Model] = set()

    def request(self, route: str, code: str | None, seconds: float) -> None:
        """One request was answered, by a problem where there is a code."""
        self._requests.labels(route).observe(seconds)
        if code:
            self._problems.labels(code).inc()

    def took(self, stage: str, seconds: float) -> None:
        """One of `STAGES` took so long."""
        self._stages[stage].observe(seconds)

    def answer(self, answer: Answer, cached: bool) -> None:
        """One picture was answered."""
        self._answers.labels(answer.status, answer.label or "none").inc()
        if cached:
            self._hits.inc()
            return
        for stage in ("decode", "locate", "classify"):
            self.took(stage, getattr(answer.milliseconds, stage) / 1000)

    def note(self, state: State) -> None:
        """How this worker is now."""
        for each in WORKER_STATES:
            self._workers.labels(each).set(each == state.worker)
        for each in DATABASE_STATUSES:
            self._records.labels(each).set(each == state.records)
        if state.model:
            self._seen.add(state.model)
        for model in tuple(self._seen):
            self._models.labels(model.name, model.version).set(model == state.model)
        self._refused.set(state.bundle_refused)
        self._queue.labels("in_model").set(state.queue.in_model)
        self._queue.labels("waiting").set(state.queue.waiting)
        self._places.set(state.queue.places)

    def exposed(self) -> bytes:
        """All of it in Prometheus's text format, of `MEDIA_TYPE`."""
        registry = self._registry
        if folder := os.environ.get(_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)
        return generate_latest(registry)


class SharedFolder:
    """Where several workers count together: hooks of gunicorn's, by their names, which the first process calls.

    A worker has a place rather than its process's number, so that the one that replaces it counts on in its files and
    they never become more. What is in the folder is memory that was taken at the start: a disk that is full later
    costs no worker its life, as writing into a hole of a file does.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None

    def hooks(self) -> dict[str, Any]:
        """For gunicorn's settings."""
        return {name: getattr(self, name) for name in ("when_ready", "pre_fork", "post_fork", "child_exit", "on_exit")}

    def when_ready(self, _: Any) -> None:
        """It listens, and has no workers yet."""
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="hematovision-metrics-"))
        except OSError as error:
            log.error("metrics not shared", extra={"reason": error.strerror})

    def pre_fork(self, server: Any, worker: Any) -> None:
        """The lowest place that no living worker has."""
        taken = {each.place for each in server.WORKERS.values()}
        worker.place = next(place for place in count() if place not in taken)

    def post_fork(self, _: Any, worker: Any) -> None:
        """In the worker. Where there is no room it counts alone, and is missing from what is exposed."""
        if self._folder is None:
            return
        os.environ[_FOLDER] = str(self._folder)
        try:
            for kind in _KINDS:
                _take_room(self._folder / f"{kind}_{worker.place}.db")
        except OSError as error:
            log.error("metrics not shared", extra={"reason": error.strerror})
        else:
            # By the library itself this is chosen when it is imported, which the first process has done.
            values.ValueClass = values.MultiProcessValue(lambda: worker.place)

    def child_exit(self, _: Any, worker: Any) -> None:
        """What it counted stays; how it was does not."""
        if self._folder:
            mark_process_dead(worker.place, str(self._folder))

    def on_exit(self, _: Any) -> None:
        """The last of it."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _take_room(file: Path) -> None:
    """Make it as large as it will ever be, at once or not at all; one that is there goes on."""
    if not file.exists():
        new = file.with_suffix(".new")
        try:
            new.write_bytes(bytes(_ROOM))
            new.rename(file)
        finally:
            new.unlink(missing_ok=True)


def _codes() -> set[str]:
    """Of every failure that we name, and of the one that nobody foresaw."""
    kinds: list[type[HematoVisionError]] = [HematoVisionError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {kind.code for kind in kinds} | {"internal_error"}
