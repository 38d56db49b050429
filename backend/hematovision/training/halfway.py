"""What a classifier's lower half made of the cells that its bundle remembers: what its upper half learns from again
when it is adapted to a laboratory, so that no old picture is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import HALFWAY

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def write(folder: Path, outputs: Floats, classes: Ints) -> None:
    """(N, h, w, C) and the N classes, as positions, into a bundle's folder: in 8 bits, each channel by its largest."""
    step = np.maximum(np.abs(outputs).max(axis=(0, 1, 2)), 1e-6).astype(np.float32) / 127
    levels = np.rint(outputs / step).astype(np.int8)
    np.savez_compressed(folder / HALFWAY, outputs=levels, step=step, labels=classes.astype(np.uint8))


def read(folder: Path) -> tuple[Floats, Ints]:
    """What `write` wrote, to within half a step."""
    with np.load(folder / HALFWAY, allow_pickle=False) as kept:
        return kept["outputs"] * kept["step"], kept["labels"].astype(np.int64)
