"""Whatever is killed or full during a batch, no picture is repeated and none is lost. Real processes throughout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from runs import PATIENCE, begin, drawn, end, manifest, names, names_in, rows, run, wait_for, workers

from disks import small_disk
from hematovision import errors
from hematovision.batch.results import Result, parts
from house import port_nobody_listens_on

MANY = 48

# Loaded by each worker process: a picture with this in its bytes ends it.
DEADLY = b"ends its worker"
PRELOAD = f"""
import os, signal
from hematovision.inference import InferenceService
classify = getattr(InferenceService, "harmless", InferenceService.classify)  # Dask loads this twice
def deadly(self, data, *rest):
    if {DEADLY!r} in data:
        with open({{log!r}}, "a") as log:
            log.write("died\\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return classify(self, data, *rest)
InferenceService.harmless, InferenceService.classify = classify, deadly
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(tmp_path_factory.mktemp("many") / "source", MANY)


def test_a_run_that_is_stopped_and_then_killed_goes_on_from_what_it_wrote(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped = begin(many, out)
    wait_for(lambda: len(parts(out)) > 1, stopped)
    with pytest.raises(errors.ResultRefused, match="Another run is writing"):
        Result(out, "parquet", {})
    stopped.terminate()
    status, written = end(stopped)
    assert status == 1 and "the same command goes on from there" in written
    before = {part.name: part.read_bytes() for part in parts(out)}

    killed = begin(many, out)
    wait_for(lambda: len(parts(out)) > len(before), killed)
    left = workers(killed)
    killed.kill()
    end(killed)
    assert len(left) == 2
    assert not psutil.wait_procs(left, timeout=PATIENCE)[1]  # nobody works on for nobody
    before |= {part.name: part.read_bytes() for part in parts(out)}
    assert len(names(out)) < MANY and not manifest(out)["complete"]

    assert run(many, out)[0] == 0
    assert names(out) == names_in(many)
    assert {name: (out / name).read_bytes() for name in before} == before
    assert manifest(out)["complete"]
    assert sorted(each["file"] for each in manifest(out)["parts"]) == [part.name for part in parts(out)]


def test_workers_are_killed_twice(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    going = begin(many, out)
    for seen in (1, 3):
        wait_for(lambda seen=seen: len(parts(out)) >= seen and bool(workers(going)), going)
        workers(going)[0].send_signal(signal.SIGKILL)
    status, written = end(going)
    assert status == 0, written
    assert names(out) == names_in(many)


def test_a_picture_that_ends_its_worker_is_set_aside(tmp_path: Path) -> None:
    source = drawn(tmp_path / "source", 12)
    (source / "slide 0" / "deadly.png").write_bytes((source / "slide 0" / "0000.png").read_bytes() + DEADLY)
    log, preload = tmp_path / "log", tmp_path / "preload.py"
    preload.write_text(PRELOAD.format(log=str(log)))
    status, written = run(source, tmp_path / "out", DASK_DISTRIBUTED__WORKER__PRELOAD=json.dumps([str(preload)]))
    assert status == 1, written
    assert names(tmp_path / "out") == names_in(source)
    (failed,) = (row for row in rows(tmp_path / "out") if row["row"] == "failure")
    assert (failed["picture"], failed["code"]) == ("slide 0/deadly.png", "worker_ended")
    assert len(log.read_text().splitlines()) in (2, 3)  # twice alone, and once before with others beside it


def test_the_scheduler_is_restarted(many: Path, tmp_path: Path) -> None:
    port, out = port_nobody_listens_on(), tmp_path / "out"
    address = f"tcp://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []

    def dask(*arguments: str) -> subprocess.Popen[bytes]:
        program = [str(Path(sys.executable).with_name("dask")), *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        own = {"DASK_SCHEDULER_ADDRESS": ""}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
        started.append(subprocess.Popen(program, env=os.environ | own, **quiet))
        return started[-1]

    def cluster() -> subprocess.Popen[bytes]:
        scheduler = dask("scheduler", "--port", str(port))
        for _ in range(2):
            dask("worker", address, "--nthreads", "1", "--no-nanny")
        return scheduler

    try:
        scheduler = cluster()
        going = begin(many, out, DASK_SCHEDULER_ADDRESS=address)
        wait_for(lambda: bool(parts(out)), going)
        scheduler.kill()
        scheduler.wait()
        cluster()
        status, written = end(going)
        assert status == 0, written
        assert names(out) == names_in(many)
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(many: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, kilobytes=60):
        status, written = run(many, disk / "out")
        assert status == 1 and "is full. Make room and give the same command again" in written
        there = names(disk / "out")
        assert 0 < len(there) < MANY
        subprocess.run(["mount", "-o", "remount,size=10m", disk], check=True)
        assert run(many, disk / "out")[0] == 0
        assert names(disk / "out") == names_in(many)
