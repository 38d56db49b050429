"""`hematovision batch` as a process of its own, with small groups and parts, so that a run can be stopped between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet

from hematovision.batch.results import parts
from pictures import drawn_cell, encoded

PATIENCE = 300  # seconds until something that does not come is given up

BEGUN: list[subprocess.Popen[str]] = []  # by the test that runs now

PROGRAM = """
from hematovision.batch import engine, results
from hematovision.cli import main

engine.GROUP, results.PICTURES_A_PART = 4, 8
if __name__ == "__main__":
    main(prog_name="hematovision")
"""


def drawn(folder: Path, count: int) -> Path:
    """A new folder of so many small pictures, no two alike, in two folders."""
    for number in range(count):
        file = folder / f"slide {number % 2}" / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(drawn_cell(number)))
    return folder


def begin(source: object, out: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    """A run, not waited for."""
    command = [sys.executable, "-c", PROGRAM, "batch", str(source), "--out", str(out), "--workers", "2", *options]
    run = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    BEGUN.append(run)
    return run


def end(run: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status of a run that ends by itself, and what it wrote."""
    written = "".join(run.communicate(timeout=PATIENCE))
    BEGUN.remove(run)
    return run.returncode, written


def run(source: object, out: Path, *options: str, **env: str) -> tuple[int, str]:
    return end(begin(source, out, *options, **env))


def wait_for(holds: Callable[[], bool], run: subprocess.Popen[str]) -> None:
    """Until it does; fails when the run ends before."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert run.poll() is None, "".join(run.communicate())
        assert time.monotonic() < until
        time.sleep(0.02)


def workers(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that answer pictures."""
    children = psutil.Process(run.pid).children(recursive=True)
    return [each for each in children if "spawn_main" in " ".join(each.cmdline())]


def rows(out: Path) -> list[dict[str, Any]]:
    """All that a Parquet result holds."""
    return [row for part in parts(out) for row in pyarrow.parquet.read_table(part).to_pylist()]


def names(out: Path) -> list[str]:
    """Each picture and failure of a result, as often as it is there, in order."""
    return sorted(row["picture"] for row in rows(out) if row["row"] != "cell")


def names_in(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())


def manifest(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "_manifest.json").read_text(encoding="utf-8"))
    return content


def as_answers(table: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows -> what /classify would have said of each picture, without milliseconds; of a failure, its problem."""
    found: dict[str, dict[str, Any]] = {}
    for row in table:
        said = {key: row[key] for key in ("status", "label", "confidence", "probabilities", "reasons")}
        if row["row"] == "failure":
            found[row["picture"]] = {"code": row["code"], "detail": row["detail"]}
        elif row["row"] == "picture":
            found[row["picture"]] = {
                **said,
                "model": {"name": row["model"], "version": row["version"]},
                "image": {key: row[key] for key in ("width", "height", "sha256")},
                "seen": {key: row[key] for key in ("nucleated", "platelet", "red")},
                "cells": [],
            }
        else:
            box = {"x": row["x"], "y": row["y"], "width": row["box_width"], "height": row["box_height"]}
            cells = found[row["picture"]]["cells"]
            assert row["cell"] == len(cells)
            cells.append({**said, "box": box, **{key: row[key] for key in ("kind", "edge", "sketch")}, "why": None})
    return found
