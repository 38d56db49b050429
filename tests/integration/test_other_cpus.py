"""The same answer on another kind of CPU, by whose instructions the networks' kernels are chosen: QEMU stands in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from house import lacking
from pictures import drawn_cell, encoded

KINDS = ("Nehalem", "Haswell", "max")  # without AVX; with AVX2 and FMA; all that QEMU knows
TRIED = KINDS if os.environ.get("TORTURE") == "1" else KINDS[:1]


def answer(picture: Path, *before: str) -> dict[str, Any]:
    """QEMU itself gets lost among threads once in a while, as its own signal 4; an instruction that the CPU lacks ends
    each of three tries, and where in Python it stood is printed."""
    command = [*before, sys.executable, "-X", "faulthandler", "-m", "hematovision", "classify", "--json", str(picture)]
    # OPENBLAS_CORETYPE would tell numpy of the CPU that is here, whichever QEMU stands in for.
    env = {key: each for key, each in os.environ.items() if key != "OPENBLAS_CORETYPE"} | {"OPENBLAS_NUM_THREADS": "1"}
    for _ in range(3 if before else 1):
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        if run.returncode != -signal.SIGILL:
            break
        sys.stdout.write(f"{' '.join(before)}: {run.stderr}\n")
    assert run.returncode == 0, run.stderr
    (found,) = json.loads(run.stdout)
    return dict(found)


def numbers(answered: dict[str, Any]) -> list[float]:
    """Every probability of every cell, one after the other."""
    return [each["probability"] for cell in answered["cells"] for each in cell["probabilities"]]


@pytest.mark.parametrize("kind", TRIED)
def test_a_cpu_of_another_kind_answers_alike(kind: str, tmp_path: Path) -> None:
    emulator = shutil.which("qemu-x86_64") or lacking("no qemu-x86_64 (on Debian: apt-get install qemu-user)")
    picture = tmp_path / "cell.png"
    picture.write_bytes(encoded(drawn_cell(1)))
    here, there = answer(picture), answer(picture, str(emulator), "-cpu", kind)
    assert here["cells"] and here["seen"] == there["seen"]
    # 1e-4 before a cell's size was weighed: boxes differ by thousandths of a pixel, which now moves what is unsure.
    assert numbers(there) == pytest.approx(numbers(here), abs=2e-4, rel=0)
    for one, other in zip(here["cells"], there["cells"], strict=True):
        assert (one["label"], one["kind"], one["sketch"]) == (other["label"], other["kind"], other["sketch"])
    largest = max(abs(one - other) for one, other in zip(numbers(here), numbers(there), strict=True))
    sys.stdout.write(f"{kind}: probabilities differ by {largest:.1e} at most\n")
