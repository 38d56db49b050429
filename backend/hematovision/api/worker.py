"""gunicorn's worker with threads, with two habits more: a request that takes too long to arrive is cut off, and a
worker told to stop says so for a while before it does."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from threading import Event
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LATER = 1.0  # seconds after the application's own end of a request, which then says 408 itself


class Worker(ThreadWorker):
    """`app.deadline` seconds for a request's head to arrive and as many for its body, `app.upload` where
    that is an archive; `app.drain` seconds between
    SIGTERM and the last request taken, in which `app.stopping` is set."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._cut_off_at: dict[Any, float] = {}  # by connection, on the monotonic clock
        self._stop_at: float | None = None

    def handle(self, conn: Any) -> Any:
        """One request; it is read in here, in a thread, by blocking reads that know no end of their own."""
        self._cut_off_at[conn] = time.monotonic() + self.app.deadline
        try:
            return super().handle(conn)
        finally:
            self._cut_off_at.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The same request, its head read."""
        archive = req.method == "POST" and req.path.removeprefix("/api") == "/batches"
        self._cut_off_at[conn] = time.monotonic() + (self.app.upload if archive else self.app.deadline) + LATER
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Called by the worker's own loop, at least every second."""
        super().notify()
        now = time.monotonic()
        for conn, end in list(self._cut_off_at.items()):
            if now >= end:
                self._cut_off_at.pop(conn, None)
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)  # whoever reads sees the end; an answer can still be sent
        if self._stop_at is not None and now >= self._stop_at:
            self._take_no_more()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM."""
        stopping: Event = self.app.stopping
        if not stopping.is_set():
            stopping.set()
            self._stop_at = time.monotonic() + self.app.drain
            self.method_queue.defer(lambda: None)  # wakes the loop

    def _take_no_more(self) -> None:
        """Take the connections that the kernel has accepted already, else they would be reset; then finish them all."""
        self._stop_at = None
        for listener in self.sockets:
            before = None
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
        self.alive = False
