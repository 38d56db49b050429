"""Waiting for the model: so many pictures are in it, so many wait in order, and the next one is refused at once.

A request holds a thread of the server while its body arrives and while it waits; the model has threads of its own, and
none of them ever waits for a client.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import NamedTuple, TypeVar

from hematovision import errors

T = TypeVar("T")


class QueueState(NamedTuple):
    """Pictures in the model and waiting for it now, and how many may wait."""

    in_model: int
    waiting: int
    places: int


class ModelQueue:
    """The queue before one worker's model, first come, first served. Thread-safe."""

    def __init__(self, threads: int, places: int) -> None:
        """`threads` pictures in the model at once, `places` waiting."""
        self._pool = ThreadPoolExecutor(threads, "model")
        self._threads, self._places = threads, places
        self._lock, self._taken = threading.Lock(), 0

    @property
    def state(self) -> QueueState:
        """How it is at this moment."""
        taken = self._taken
        return QueueState(min(taken, self._threads), max(0, taken - self._threads), self._places)

    def refuse_if_full(self) -> None:
        """Raises `QueueFull`; asked before a picture is read, so that none lies in memory for nothing."""
        if self._taken >= self._threads + self._places:
            raise errors.QueueFull(
                "Too many pictures wait for the model here. Send this one again after the seconds in Retry-After."
            )

    def run(self, work: Callable[[], T], gone: Callable[[], bool], until: float) -> T:
        """What `work` returns, done in a thread of the model when its turn comes.

        It is not begun if its client is `gone` by then, and not waited for any longer than `until`, by the monotonic
        clock. Raises `QueueFull`, `DeadlinePassed`, `ClientGone`, or what `work` raises.
        """
        with self._lock:
            self.refuse_if_full()
            self._taken += 1
        try:
            turn = self._pool.submit(_unless_gone, work, gone)
        except BaseException:
            self._leave()
            raise
        turn.add_done_callback(self._leave)  # also where nobody waits any longer: until then its place is taken
        try:
            return turn.result(max(0.0, until - time.monotonic()))
        except (NotInTime, CancelledError):
            if turn.done() and not turn.cancelled():  # `work` itself ran into a timeout
                raise
            turn.cancel()
            raise errors.DeadlinePassed(
                "The picture could not be answered in time. Send it again after the seconds in Retry-After."
            ) from None

    def _leave(self, _: Future[T] | None = None) -> None:
        with self._lock:
            self._taken -= 1


def _unless_gone(work: Callable[[], T], gone: Callable[[], bool]) -> T:
    if gone():
        raise errors.ClientGone("Whoever sent the picture has hung up.")
    return work()
