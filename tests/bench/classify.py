"""`make bench`: /classify of one 360 x 363 JPEG, against the same Keras model called with `model.predict` in Flask.

Both behind gunicorn, one worker, one thread, kept connections; the two answer in turn, so that a machine whose speed
drifts slows both. Prints a table in Markdown; its ratios are what holds elsewhere.
"""

from __future__ import annotations

import http.client
import io
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from PIL import Image

from hematovision.bundle import current_path
from hematovision.settings import Settings
from hematovision.training.export import drawn_cell

WARM_UP, ROUNDS, STARTS = 10, 100, 5
OURS, USUAL = "hematovision.api.serve:wsgi()", "usual_way:app"
HERE = Path(__file__).parent
OPTIONS = ["--worker-class", "gthread", "--workers", "1", "--threads", "1", "--no-control-socket"]


@dataclass
class Server:
    """A gunicorn with one worker, ready, and how many seconds that took."""

    url: str
    process: psutil.Process
    ready_after: float
    connection: http.client.HTTPConnection

    @property
    def megabytes(self) -> float:
        """Resident memory of the worker."""
        return float(max(child.memory_info().rss for child in self.process.children())) / 1e6

    def classify(self, form: requests.PreparedRequest) -> float:
        """Milliseconds of one answer, as a client sees them that adds next to nothing of its own."""
        started = time.perf_counter()
        self.connection.request("POST", "/classify", form.body, dict(form.headers))
        answer = self.connection.getresponse()
        answer.read()
        took = 1000 * (time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"{self.url} answered {answer.status}")
        return took


@contextmanager
def gunicorn(application: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BENCH_BUNDLE": str(current_path(Settings.from_env().models)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, "--bind", f"127.0.0.1:{port}", application]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                requests.get(url + "/health", timeout=60).raise_for_status()
                break
            except requests.RequestException:
                if process.poll() is not None or time.perf_counter() - started > 120:
                    raise SystemExit(f"{application} did not start") from None
                time.sleep(0.01)
        ready_after = time.perf_counter() - started
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        yield Server(url, psutil.Process(process.pid), ready_after, connection)
    finally:
        process.terminate()
        process.wait()


def drawn_jpeg() -> bytes:
    """A drawn cell of 360 x 363 pixels, as a camera would send it."""
    file = io.BytesIO()
    Image.fromarray(drawn_cell(0, 363)).crop((0, 0, 360, 363)).save(file, "JPEG", quality=92)
    return file.getvalue()


def main() -> None:
    files = {"image": ("cell.jpg", drawn_jpeg())}
    form = requests.Request("POST", "http://127.0.0.1/classify", files=files).prepare()
    starts = [(seconds_to_ready(OURS), seconds_to_ready(USUAL)) for _ in range(STARTS)]
    with gunicorn(OURS) as ours, gunicorn(USUAL) as usual:
        for _ in range(WARM_UP):
            ours.classify(form), usual.classify(form)
        pairs = [(ours.classify(form), usual.classify(form)) for _ in range(ROUNDS)]
        rows = [
            ("median latency, ms", *medians(pairs)),
            ("resident memory of the worker, MB", ours.megabytes, usual.megabytes),
            ("from start to ready, s", *medians(starts)),
        ]
    echo = sys.stdout.write
    machine = f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    echo(f"{machine}, {ROUNDS} requests and {STARTS} starts in turn\n\n")
    echo("| one 360 x 363 JPEG | HematoVision | Flask + `model.predict` | ratio |\n| --- | --- | --- | --- |\n")
    for what, mine, theirs in rows:
        echo(f"| {what} | {mine:.3g} | {theirs:.3g} | {theirs / mine:.1f} |\n")


def seconds_to_ready(application: str) -> float:
    """From the command to the first answer of /health."""
    with gunicorn(application) as server:
        return server.ready_after


def medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Of ours, and of the usual way's."""
    ours, usual = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(usual)


def processor() -> str:
    """The machine's name for its processor."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
