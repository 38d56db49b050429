"""`make bench`: /classify of a crop and of fields, against the whole picture classified as in 1.0 and against the same
Keras model called with `model.predict` in Flask.

All behind gunicorn, one worker, one thread, kept connections; they answer in turn, so that a machine whose speed
drifts slows all. Prints a table in Markdown; its ratios are what holds elsewhere.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests
from PIL import Image

from hematovision.bundle import current_path
from hematovision.images import RGB
from hematovision.settings import Settings
from hematovision.training.drawn import Drawn, drawn_field

WARM_UP, ROUNDS, STARTS = 10, 100, 5
OURS, BEFORE, USUAL = "hematovision.api.serve:wsgi()", "whole_picture:wsgi()", "usual_way:app"

# Drawings in which one cell is classified, and no platelet.
CROP = drawn_field(360, 363, [Drawn("nucleated", 180, 181, 66, 3)], seed=6)
ONE_CELL = drawn_field(640, 480, [Drawn("nucleated", 300, 250, 80, 3)], seed=6)
TWENTY_CELLS = drawn_field(
    960, 720, [Drawn("nucleated", 110 + 180 * (k % 5), 100 + 170 * (k // 5), 56, 1 + k % 3) for k in range(20)], seed=2
)
LARGE = np.tile(ONE_CELL, (7, 7, 1))[:3000, :4000]
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

    @property
    def cpu_seconds(self) -> float:
        """What its workers have used so far."""
        return float(sum(sum(child.cpu_times()[:2]) for child in self.process.children()))

    def classify(self, form: requests.PreparedRequest) -> float:
        """Milliseconds of one answer, as a client sees them that adds next to nothing of its own."""
        started = time.perf_counter()
        self._send(form)
        return 1000 * (time.perf_counter() - started)

    def answer(self, form: requests.PreparedRequest) -> Any:
        """One answer."""
        return json.loads(self._send(form))

    def _send(self, form: requests.PreparedRequest) -> bytes:
        self.connection.request("POST", "/classify", form.body, dict(form.headers))
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{self.url} answered {answer.status}")
        return body


@contextmanager
def gunicorn(application: str, *options: str, **settings: str) -> Iterator[Server]:
    """With these options of gunicorn and `HEMATOVISION_*` settings; records go to a folder that is gone after, unless
    one is named."""
    scratch = tempfile.TemporaryDirectory()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BENCH_BUNDLE": str(current_path(Settings.from_env().models)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HEMATOVISION_RECORDS": scratch.name,
        "HEMATOVISION_CACHE": "0",  # the model is measured, not the memory of its answers
        **{f"HEMATOVISION_{name.upper()}": value for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, *options, "--bind", f"127.0.0.1:{port}", application]
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
        scratch.cleanup()


def jpeg(rgb: RGB) -> bytes:
    """As a camera would send it."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=92)
    return file.getvalue()


def form(rgb: RGB) -> requests.PreparedRequest:
    return requests.Request("POST", "http://127.0.0.1/classify", files={"image": ("cell.jpg", jpeg(rgb))}).prepare()


def main() -> None:
    crop, field, crowd, large = (form(rgb) for rgb in (CROP, ONE_CELL, TWENTY_CELLS, LARGE))
    starts = [(seconds_to_ready(OURS), seconds_to_ready(USUAL)) for _ in range(STARTS)]
    with gunicorn(OURS) as ours, gunicorn(BEFORE) as before, gunicorn(USUAL) as usual:
        for _ in range(WARM_UP):
            ours.classify(crop), before.classify(crop), usual.classify(crop), ours.classify(field), ours.classify(crowd)
        took = [
            (ours.classify(crop), before.classify(crop), usual.classify(crop), ours.classify(field))
            for _ in range(ROUNDS)
        ]
        of_crowd = [ours.answer(crowd) for _ in range(ROUNDS // 4)]
        memory = ours.megabytes, before.megabytes, usual.megabytes
        with_large = ours.answer(large), ours.megabytes
    mine, whole, theirs, of_field = (statistics.median(each) for each in zip(*took, strict=True))
    started, usual_started = (statistics.median(each) for each in zip(*starts, strict=True))
    echo = sys.stdout.write
    machine = f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    echo(f"{machine}, {ROUNDS} requests and {STARTS} starts in turn\n\n")
    echo("| | HematoVision | whole picture, as in 1.0 | Flask + `model.predict` |\n| --- | --- | --- | --- |\n")
    echo(f"| 360 x 363 JPEG of one cell, median ms | {mine:.3g} | {whole:.3g} | {theirs:.3g} |\n")
    echo(f"| 640 x 480 JPEG of a field with one white cell, median ms | {of_field:.3g} | | |\n")
    echo(f"| resident memory of the worker, MB | {memory[0]:.0f} | {memory[1]:.0f} | {memory[2]:.0f} |\n")
    echo(f"| from start to ready, s | {started:.2g} | | {usual_started:.2g} |\n\n")
    shares = [answer["milliseconds"]["locate"] / answer["milliseconds"]["total"] for answer in of_crowd]
    cells = len(of_crowd[0]["cells"])
    echo(f"- a field against one crop as in 1.0: {of_field / whole:.2f} times\n")
    echo(f"- one crop against `model.predict`: {theirs / mine:.1f} times faster, {memory[2] / memory[0]:.1f} times ")
    echo(f"less memory, {usual_started / started:.1f} times sooner ready\n")
    echo(f"- 960 x 720 with {cells} cells to classify: locating takes {statistics.median(shares):.0%} of the time\n")
    seen = with_large[0]["seen"]
    echo(f"- 4000 x 3000 with {seen['nucleated']} nucleated and {seen['red']} red cells seen: ")
    echo(f"{with_large[0]['milliseconds']['total']:.0f} ms, {with_large[1]:.0f} MB resident after it\n")


def seconds_to_ready(application: str) -> float:
    """From the command to the first answer of /health."""
    with gunicorn(application) as server:
        return server.ready_after


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
