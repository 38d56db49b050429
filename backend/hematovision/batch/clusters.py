"""The Dask cluster of a batch: worker processes on this machine, or the one that DASK_SCHEDULER_ADDRESS names.

The model is loaded once in each worker process, by a plugin that is there before its first picture.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dask
from distributed import Client, LocalCluster, Worker, WorkerPlugin, get_worker

from hematovision import errors
from hematovision.batch import schema
from hematovision.batch.schema import Row
from hematovision.batch.sources import Item
from hematovision.inference import InferenceService
from hematovision.settings import Limits, Settings

PATIENCE = 120  # seconds until a cluster without a scheduler or a worker is given up
LOCAL = {
    "distributed.scheduler.allowed-failures": 0,  # one death of a worker is told at once; engine.py has the last word
    # Nobody would look at these, which take a core's time away from pictures.
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
}

log = logging.getLogger(__name__)


class Model(WorkerPlugin):
    """The model of a worker process, which must be the one the batch was begun with."""

    name = "hematovision"

    def __init__(self, sha256: str, limits: Limits) -> None:
        self.sha256, self.limits = sha256, limits

    def setup(self, worker: Worker) -> None:
        """Open the bundle that this machine's settings name. Raises `BundleRefused` for another than the batch's."""
        settings = Settings.from_env()
        self.service = InferenceService.open(settings.models, settings.runtime, self.limits)
        if self.service.bundle.sha256 != self.sha256:
            raise errors.BundleRefused(
                f"The worker {worker.address} has another bundle. Install the same one on every machine of the cluster."
            )


def answered(items: Sequence[Item]) -> list[list[Row]]:
    """What a worker does: the rows of each of these pictures."""
    model: Model = get_worker().plugins[Model.name]  # type: ignore[assignment]  # a plugin of any kind, to Dask
    return [rows_of(model.service, item) for item in items]


def rows_of(service: InferenceService, item: Item) -> list[Row]:
    """The rows of one picture, from the function that answers /classify; one row with the reason if it cannot."""
    sha256 = None
    try:
        data = item.read(service.limits)
        sha256 = hashlib.sha256(data).hexdigest() if len(data) <= service.limits.max_bytes else None
        return schema.rows_of(item.name, service.classify(data))
    except errors.HematoVisionError as error:
        return schema.failure(item.name, error.code, str(error), sha256)
    except Exception as error:
        log.exception("a picture could not be answered")
        root = errors.HematoVisionError
        return schema.failure(item.name, root.code, f"{root.title}: {type(error).__name__}.", sha256)


@contextmanager
def cluster(workers: int, model: Model) -> Iterator[Callable[[], Client]]:
    """A function that connects to the cluster, and does so again after its scheduler went away. It raises
    `BatchUnavailable` where none answers."""
    if address := dask.config.get("scheduler-address", None):
        yield lambda: _connected(address, model)
        return
    # Whoever reaches a scheduler can run code in its workers: only what knows this run's own certificate does.
    local = {
        "n_workers": workers,
        "threads_per_worker": 1,
        "security": True,
        "dashboard_address": "127.0.0.1:0",  # Dask opens a port in any case
        "scheduler_kwargs": {"dashboard": False},
    }
    with dask.config.set(LOCAL), LocalCluster(**local, silence_logs=logging.CRITICAL) as running:
        yield lambda: _connected(running, model)


def _connected(where: str | LocalCluster, model: Model) -> Client:
    client = None
    try:
        client = Client(where, timeout=PATIENCE)
        client.wait_for_workers(1, timeout=PATIENCE)
        client.register_plugin(model)
    except (OSError, TimeoutError) as error:
        if client:
            client.close(timeout=1)
        raise errors.BatchUnavailable(
            f"No Dask cluster answers at {where}. Start its scheduler and workers, and run the same command again."
        ) from error
    return client
