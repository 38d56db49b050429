"""What `hematovision batch` adds to bare decode and inference, two workers against one, and whether memory stays flat.

Part of `make bench`. Asked for are two workers at 1.8 times one or more, at most 10 % of a picture's bare time on top
of it, and flat memory over 20,000 pictures (`--flat 20000`). From the parts that are measured follows a short model of
10 and of 1,000 cores, checked against the measured one and two.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tarfile
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet
from PIL import Image

from hematovision.batch import start
from hematovision.batch.clusters import Model, cluster
from hematovision.batch.engine import GROUP
from hematovision.batch.results import Result, parts
from hematovision.batch.sources import Source
from hematovision.bundle import current_path, open_bundle
from hematovision.settings import Settings
from hematovision.training.drawn import Drawn, drawn_field

DIFFERENT = 40  # pictures drawn; the rest are further names of these
IDLE = 5  # seconds
HANDED_OUT = 5  # times each picture's rows
WARM = 0.1  # of a run, before its rate is taken
MEGABYTE = 1024 * 1024


@dataclass
class Run:
    """What one run showed: seconds a picture once it was warm, and megabytes as it went on."""

    workers: int
    wall: float = 0
    bare: float = 0  # seconds a picture in decode and inference, as the workers took them
    memory: list[tuple[int, float, float]] = field(default_factory=list)  # pictures, the command, its largest worker

    @property
    def rate(self) -> float:
        return 1 / self.wall

    @property
    def overhead(self) -> float:
        """Of a worker's time, as a share of bare decode and inference in this run."""
        return self.wall * self.workers / self.bare - 1


def draw(folder: Path, count: int) -> Path:
    """A new folder of so many files of crops as in classify.py, each with one cell."""
    (folder / "drawn").mkdir(parents=True)
    for number in range(count):
        first = folder / "drawn" / f"{number % DIFFERENT:06}.jpg"
        if number < DIFFERENT:
            rgb = drawn_field(360, 363, [Drawn("nucleated", 180, 181, 66, 1 + number % 4)], seed=number)
            Image.fromarray(rgb).save(first, "JPEG", quality=92)
        else:
            (folder / "drawn" / f"{number:06}.jpg").hardlink_to(first)
    return folder


def measured(source: Path, out: Path, workers: int, watching: bool = False) -> Run:
    """One run over a source; `watching` its memory costs the command some time."""
    run, marks = Run(workers), []

    def progress(what: str, done: int, total: int) -> None:
        marks.append((done, time.perf_counter()))

    over = threading.Event()
    watch = threading.Thread(target=watched, args=(run, marks, over))
    if watching:
        watch.start()
    try:
        start.answer_all(str(source), out, "parquet", workers, Settings.from_env(), progress)
    finally:
        over.set()
        if watching:
            watch.join()
    begun, ended = next(mark for mark in marks if mark[0] >= WARM * marks[-1][0]), marks[-1]
    run.wall = (ended[1] - begun[1]) / (ended[0] - begun[0])
    times = [row["total_ms"] for part in parts(out) for row in rows_of(part) if row["row"] == "picture"]
    run.bare = statistics.fmean(times) / 1000
    return run


def watched(run: Run, marks: list[Any], over: threading.Event) -> None:
    """Note the memory each second."""
    command = psutil.Process()
    while not over.wait(1):
        children = [each.memory_info().rss for each in command.children(recursive=True)]
        if marks and children:
            run.memory.append((marks[-1][0], command.memory_info().rss / MEGABYTE, max(children) / MEGABYTE))


def rows_of(part: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(part).to_pylist()
    return rows


def seconds_to_read(source: Path, packed: bool) -> float:
    """A picture, by a worker from a folder, or by the command from a tar."""
    limits = Settings.from_env().limits
    if packed:
        with tarfile.open(source.parent / "pictures.tar", "w", dereference=True) as archive:
            archive.add(source, "")
    begun = time.perf_counter()
    pictures = Source(str(source.parent / "pictures.tar" if packed else source), limits)
    count = sum(1 for item in pictures(lambda name: False) if item.read(limits))
    return (time.perf_counter() - begun) / count


def rows_by_picture(out: Path) -> list[list[dict[str, Any]]]:
    """Of a result."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in parts(out):
        for row in rows_of(part):
            found.setdefault(row["picture"], []).append(row)
    return list(found.values())


def seconds_to_write(pictures: list[list[dict[str, Any]]], folder: Path) -> float:
    """CPU seconds a picture for the rows of a run, once more into another result."""
    result = Result(folder, "parquet", {})
    begun = time.process_time()
    for rows in pictures:
        result.add(rows)
    result.write()
    took = (time.process_time() - begun) / len(pictures)
    result.close()
    return took


def same(rows: Any) -> Any:
    """What a worker answers who has nothing to do."""
    return rows


def seconds_to_hand_out(pictures: list[list[dict[str, Any]]]) -> tuple[float, float]:
    """CPU of client and scheduler: a share of a core when idle, and seconds a picture beyond that, for rows of a run
    sent to two workers and back, of which a batch sends back alone."""
    settings = Settings.from_env()
    bundle = open_bundle(current_path(settings.models))
    groups = [pictures[k : k + GROUP] for k in range(0, len(pictures), GROUP)] * HANDED_OUT
    with cluster(2, Model(bundle.sha256, settings.limits)) as connect, connect() as client:
        begun, cpu = time.perf_counter(), time.process_time()
        time.sleep(IDLE)
        idle = (time.process_time() - cpu) / (time.perf_counter() - begun)
        begun, cpu = time.perf_counter(), time.process_time()
        for k in range(0, len(groups), 2):
            client.gather([client.submit(same, group, pure=False) for group in groups[k : k + 2]])
        spent = time.process_time() - cpu - idle * (time.perf_counter() - begun)
    return idle, spent / sum(len(group) for group in groups)


def flat(run: Run) -> str:
    """How the memory went, in words."""
    warm = [each for each in run.memory if each[0] >= WARM * run.memory[-1][0]]
    third = max(1, len(warm) // 3)
    said = []
    for name, column in (("the command", 1), ("its largest worker", 2)):
        early, late = (statistics.median(each[column] for each in some) for some in (warm[:third], warm[-third:]))
        said.append(f"{name} {early:.0f} MB in the first third and {late:.0f} MB in the last")
    return "; ".join(said)


def model(one: Run, two: Run, idle: float, hand_out: float, write: float, read: float, read_packed: float) -> str:
    """What 10 and 1,000 cores would do: no worker waits until the command's one process is busy all the time."""
    worker, command = one.wall, hand_out + write
    cores_here = psutil.cpu_count() or 1

    def rate(workers: int, cores: int, packed: bool = False) -> float:
        mine = command + (read_packed if packed else 0)
        return min(workers / worker, (cores - idle) / (worker + mine), (1 - idle) / mine)

    lines = io.StringIO()
    lines.write("\nThe model, from the parts measured with one worker, in ms a picture:\n\n")
    lines.write("| part | ms | done by |\n| --- | --- | --- |\n")
    for name, seconds, who in (
        ("decode and inference", one.bare, "a worker"),
        ("all else of a worker: reading, and waiting for its next group", worker - one.bare, "a worker"),
        ("reading alone, from a folder", read, "a worker"),
        ("reading alone, from a tar", read_packed, "the command"),
        ("client and scheduler", hand_out, "the command"),
        ("results", write, "the command"),
    ):
        lines.write(f"| {name} | {1000 * seconds:.2f} | {who} |\n")
    lines.write("\n| cores | pictures/s by the model | measured |\n| --- | --- | --- |\n")
    for workers, run in ((1, one), (2, two)):
        foreseen = rate(workers, cores_here)
        off = foreseen / run.rate - 1
        lines.write(f"| {workers} | {foreseen:.1f} | {run.rate:.1f} ({off:+.0%} by the model) |\n")
    for workers in (10, 1000):
        said = f"{rate(workers, workers + 1):,.0f}; from a tar {rate(workers, workers + 1, packed=True):,.0f}"
        lines.write(f"| {workers:,} and one for the command | {said} | |\n")
    most, packed = rate(10**9, 10**9), rate(10**9, 10**9, packed=True)
    lines.write(
        f"\nIt stops scaling at {worker * most:,.0f} cores and {most:,.0f} pictures/s, where the one process of "
        f"client, scheduler and results is busy all the time; from a tar, which that process reads too, at "
        f"{worker * packed:,.0f} and {packed:,.0f}. Beyond, give each of several runs its share of the source.\n\n"
        "Assumed: every core is as fast as these; the store gives each worker what it asks for; a picture's rows and "
        "its group's message cost what they cost here, on one machine; the process of client, scheduler and results "
        f"takes {idle:.1%} of a core by itself, whatever the number of workers; no worker dies.\n"
    )
    return lines.getvalue()


def main() -> None:
    """Print it all in Markdown."""
    options = argparse.ArgumentParser()
    options.add_argument("--pictures", type=int, default=400, help="of each timed run")
    options.add_argument("--flat", type=int, default=2000, help="of the run whose memory is watched")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        source = draw(here / "timed", given.pictures)
        one, two = (measured(source, here / f"by {workers}", workers) for workers in (1, 2))
        read, packed = seconds_to_read(source, packed=False), seconds_to_read(source, packed=True)
        pictures = rows_by_picture(here / "by 1")
        idle, hand_out = seconds_to_hand_out(pictures)
        write = seconds_to_write(pictures, here / "again")
        sys.stdout.write("| | one worker | two workers |\n| --- | --- | --- |\n")
        sys.stdout.write(f"| pictures/s | {one.rate:.1f} | {two.rate:.1f} ({two.rate / one.rate:.2f} times) |\n")
        sys.stdout.write(f"| decode and inference, ms | {1000 * one.bare:.1f} | {1000 * two.bare:.1f} |\n")
        sys.stdout.write(f"| on top of it | {one.overhead:.1%} | {two.overhead:.1%} |\n")
        sys.stdout.write(model(one, two, idle, hand_out, write, read, packed))
        watched_run = measured(draw(here / "flat", given.flat), here / "flat result", 2, watching=True)
        sys.stdout.write(f"\nMemory over {given.flat:,} pictures: {flat(watched_run)}.\n")


if __name__ == "__main__":
    main()
