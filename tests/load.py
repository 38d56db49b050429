"""Clients that send pictures over connections that they keep, and count what comes back."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from statistics import median, quantiles

from running import PATIENCE

PROBLEM = "application/problem+json"
FAILED = 0  # the status of a request that got no answer


@dataclass
class Load:
    """What the clients have seen so far. Written by their threads, each append whole by itself."""

    answers: list[tuple[int, str, float]] = field(default_factory=list)  # status, code of the problem, seconds
    bodies: list[dict[str, object]] = field(default_factory=list)  # of the 200s, where they are wanted
    failed: Counter[int] = field(default_factory=Counter)  # client -> requests without an answer

    @property
    def statuses(self) -> Counter[int]:
        """How often each status came; `FAILED` for no answer."""
        return Counter(status for status, _, _ in self.answers)

    @property
    def codes(self) -> set[str]:
        """Of the problems."""
        return {code for status, code, _ in self.answers if status not in (200, FAILED)}

    @property
    def seconds(self) -> list[float]:
        """That the 200s took, each."""
        return [seconds for status, _, seconds in self.answers if status == 200]

    def __str__(self) -> str:
        told = f"{dict(sorted(self.statuses.items()))}"
        if len(self.seconds) < 2:
            return told
        return f"{told}, median {median(self.seconds) * 1000:.0f} ms, 99th percentile {self.late * 1000:.0f} ms"

    @property
    def late(self) -> float:
        """The 99th percentile of `seconds`."""
        return quantiles(self.seconds, n=100)[-1]


@contextmanager
def load(url: str, clients: int, picture: bytes, path: str = "/classify", keep: bool = False) -> Iterator[Load]:
    """So many clients, each sending this picture to `host:port` again and again until the end of the block; then what
    they have begun is finished. One that is refused waits as long as Retry-After says. `keep` keeps the 200s."""
    seen, over = Load(), threading.Event()
    host = url.removeprefix("http://")

    def send(number: int) -> None:
        connection = HTTPConnection(host, timeout=PATIENCE)
        while not over.is_set():
            begun, code, wait = time.perf_counter(), "", 0.0
            try:
                connection.request("POST", path, picture, {"Content-Type": "image/jpeg"})
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
                if status != 200:
                    assert answer.headers["Content-Type"] == PROBLEM, body
                    code, wait = json.loads(body)["code"], float(answer.headers["Retry-After"] or 0)
                elif keep:
                    seen.bodies.append(json.loads(body))
            except (OSError, HTTPException):
                status, wait = FAILED, 0.1
                seen.failed[number] += 1
            seen.answers.append((status, code, time.perf_counter() - begun))
            if status != 200:
                connection.close()  # else the service would, while this one waits
                over.wait(wait)
        connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def rate(url: str, clients: int, picture: bytes, seconds: float) -> tuple[float, Load]:
    """200s a second within so many seconds of this load, and all that was seen."""
    with load(url, clients, picture) as seen:
        time.sleep(seconds)
        answered = len(seen.seconds)
    return answered / seconds, seen


def send_so_many(url: str, clients: int, picture: bytes, requests: int) -> Load:
    """Until so many 200s have come."""
    with load(url, clients, picture) as seen:
        for _ in count():
            if seen.statuses[200] >= requests:
                return seen
            time.sleep(0.05)
    raise AssertionError("unreachable")


def resident(processes: list[int]) -> int:
    """Kilobytes of memory that these processes hold in all."""
    lines = [line for pid in processes for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
