"""A source through a cluster into a result: a bounded number of pictures on their way, and none lost to a fault."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from hematovision import errors
from hematovision.batch import schema
from hematovision.batch.clusters import answered
from hematovision.batch.results import Result
from hematovision.batch.schema import Row
from hematovision.batch.sources import Item, Source
from hematovision.progress import Progress

GROUP = 16  # pictures that a worker is given at once
GROUP_BYTES = 16 * 1024 * 1024  # or as many as have this many bytes, where they are sent
TRIES = 2  # of a picture alone: then it is set aside
LOOK = 2.0  # seconds between two looks at how many workers there are

log = logging.getLogger(__name__)

Group = tuple[Item, ...]


def run(source: Source, result: Result, connect: Callable[[], Client], progress: Progress) -> None:
    """Answer all pictures of the source that the result lacks, and complete it.

    What was answered is written in any case. Raises what the source, the cluster or the result do.
    """
    batch = _Batch(source, result, connect, progress)
    try:
        batch.run()
    except (errors.StorageFull, errors.RecordsUnavailable):
        raise
    except BaseException:
        result.write()
        raise
    result.complete()


class _Batch:
    """Each worker has one group at a time, so that the death of a worker tells of its group alone. The pictures of
    that group are then tried one by one. One with which a worker dies again is tried last, with nothing else on its
    way, since it may have waited at a worker that another one ended; and then it is set aside."""

    def __init__(self, source: Source, result: Result, connect: Callable[[], Client], progress: Progress) -> None:
        self._source, self._result, self._connect, self._progress = source, result, connect, progress
        self._again: deque[Group] = deque()  # before any other
        self._suspects: deque[Group] = deque()  # after all others
        self._tries: dict[str, int] = {}
        self._on_their_way: dict[Future[Any], Group] = {}
        self._slots = 1

    def run(self) -> None:
        self._begin()
        groups = self._groups()
        try:
            while True:
                self._fill(groups)
                if not self._on_their_way:
                    return
                self._take(*next(self._completed))
        finally:
            self._client.close()

    def _begin(self) -> None:
        self._client = self._connect()
        self._completed = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        self._looked_at = 0.0

    def _groups(self) -> Iterator[Group]:
        group: list[Item] = []
        for item in self._source(self._result.has):
            group.append(item)
            total = self._source.total or math.inf
            size = min(GROUP, max(1, math.ceil(total / (4 * self._slots))) if total < math.inf else GROUP)
            if len(group) >= size or sum(len(each.data or b"") for each in group) >= GROUP_BYTES:
                yield tuple(group)
                group = []
        if group:
            yield tuple(group)

    def _fill(self, groups: Iterator[Group]) -> None:
        if time.monotonic() - self._looked_at > LOOK:
            self._look()
        while len(self._on_their_way) < self._slots:
            group = self._again.popleft() if self._again else next(groups, None)
            if group is None:
                break
            self._send(group)
        if self._suspects and not self._on_their_way:
            self._send(self._suspects.popleft())

    def _look(self) -> None:
        with suppress(OSError, CancelledError):  # the scheduler is gone, as the groups on their way will tell
            self._slots = max(1, sum(self._client.nthreads().values()))
        self._looked_at = time.monotonic()

    def _send(self, group: Group) -> None:
        future = self._client.submit(answered, group, pure=False, retries=0)
        self._on_their_way[future] = group
        self._completed.add(future)

    def _take(self, future: Future[Any], outcome: list[list[Row]] | tuple[type, BaseException, object]) -> None:
        if (group := self._on_their_way.pop(future, None)) is None:
            return
        if future.status == "finished" and isinstance(outcome, list):
            for rows in outcome:
                self._done(rows)
        elif future.status == "error" and isinstance(outcome, tuple):
            self._failed(group, outcome[1])
        else:
            self._again.append(group)
            self._connect_again()

    def _done(self, rows: Sequence[Row]) -> None:
        self._result.add(rows)
        self._progress("answering", self._result.pictures, max(self._source.total or 0, self._result.pictures))

    def _failed(self, group: Group, error: BaseException) -> None:
        if not isinstance(error, KilledWorker):
            raise error
        if len(group) > 1:
            self._again += ((item,) for item in group)
            return
        (item,) = group
        self._tries[item.name] = self._tries.get(item.name, 0) + 1
        if self._tries[item.name] < TRIES:
            self._suspects.append(group)
            return
        ended = errors.WorkerEnded(
            f"The worker process ended with this picture, {TRIES} times, alone. Open it in a viewer, save it anew."
        )
        self._done(schema.failure(item.name, ended.code, str(ended)))

    def _connect_again(self) -> None:
        """The scheduler went away and with it all that was on its way, which is sent once more."""
        log.warning("the scheduler is gone; waiting for it")
        self._again += self._on_their_way.values()
        self._on_their_way = {}
        self._client.close(timeout=1)
        self._begin()
