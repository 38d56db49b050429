"""The same answer on another kind of CPU, by whose instructions the networks' kernels are chosen: QEMU stands in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from house import lacking
from pictures import drawn_cell, encoded

KINDS = ("Nehalem", "Haswell", "max")  # without AVX; with AVX2 and FMA; all that QEMU knows
TRIED = KINDS if os.environ.get("TORTURE") == "1" else KINDS[:1]


# Every cell's probabilities before its size is weighed.
LOOKS = """
import json, sys
from pathlib import Path
from hematovision.bundle import current_path, open_bundle
from hematovision.images import decode
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.settings import Settings
folder = current_path(Settings.from_env().models)
road, rgb = Road(open_bundle(folder), open_networks("litert", folder)), decode(Path(sys.argv[1]).read_bytes()).rgb
cells = [each for each in road.locate(rgb) if each.kind != "red"]
print(json.dumps([{"looks": road.classify(rgb, cells, []).probabilities.ravel().tolist()}]))
"""


def answer(picture: Path, *before: str, asking: Sequence[str] = ("-m", "hematovision", "classify", "--json")) -> Any:
    """QEMU itself gets lost among threads once in a while, as its own signal 4; an instruction that the CPU lacks ends
    each of three tries, and where in Python it stood is printed."""
    command = [*before, sys.executable, "-X", "faulthandler", *asking, str(picture)]
    # OPENBLAS_CORETYPE would tell numpy of the CPU that is here, whichever QEMU stands in for.
    env = {key: each for key, each in os.environ.items() if key != "OPENBLAS_CORETYPE"} | {"OPENBLAS_NUM_THREADS": "1"}
    for _ in range(3 if before else 1):
        run = subprocess.run(command, env=env, capture_output=True, text=True)
        if run.returncode != -signal.SIGILL:
            break
        sys.stdout.write(f"{' '.join(before)}: {run.stderr}\n")
    assert run.returncode == 0, run.stderr
    (found,) = json.loads(run.stdout)
    return found


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
    looks_here, looks_there = (answer(picture, *by, asking=("-c", LOOKS)) for by in ((), (str(emulator), "-cpu", kind)))
    assert looks_there["looks"] == pytest.approx(looks_here["looks"], abs=1e-4, rel=0)
    # Its size makes this cell unsure, where the same difference in what the network says shows most: held as a share.
    assert numbers(there) == pytest.approx(numbers(here), abs=0, rel=1e-3)
    for one, other in zip(here["cells"], there["cells"], strict=True):
        assert (one["label"], one["kind"], one["sketch"]) == (other["label"], other["kind"], other["sketch"])
    largest = max(abs(one - other) for one, other in zip(numbers(here), numbers(there), strict=True))
    sys.stdout.write(f"{kind}: probabilities differ by {largest:.1e} at most\n")
