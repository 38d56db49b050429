"""Labelled cells -> standard pictures, with room around the cell for turning and shifting."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hematovision.background import Colour, background_of
from hematovision.detection import SAME
from hematovision.framing import frame
from hematovision.images import RGB, decode
from hematovision.locator import Found, main_of
from hematovision.peaks import overlap
from hematovision.progress import Progress
from hematovision.sizes import beside_red
from hematovision.training.labs import LabelledCell, naming

ROOM = 1.75  # side of what is kept, in sides of the standard picture

Locate = Callable[[RGB], list[Found]]


@dataclass(frozen=True)
class FramedCell:
    """A labelled cell's standard picture with `ROOM`: (ROOM * size, ROOM * size, 3) uint8; the kind of object it was
    located as, the background that it had, and its size as of `sizes.beside_red`."""

    cell: LabelledCell
    rgb: RGB
    kind: str
    background: Colour
    beside_red: float


def framed(
    cells: Sequence[LabelledCell], locate: Locate, size: int, context: float, progress: Progress
) -> list[FramedCell]:
    """Each cell where a nucleated cell or a platelet is found; the others teach nothing about one and are left out.

    Raises `LabelsRefused` with the name of a picture that cannot be read.
    """

    def one(cell: LabelledCell) -> FramedCell | None:
        with naming(cell.path):
            rgb = decode(cell.path.read_bytes()).rgb
        found = locate(rgb)
        meant = main_of(found, rgb.shape[1], rgb.shape[0]) if cell.box is None else boxed(found, cell.box)
        if meant is None:
            return None
        side, background = ROOM * context * meant.side, background_of(rgb)
        standard = frame(rgb, meant.centre, side, round(ROOM * size), background)
        return FramedCell(cell, standard, meant.kind, background, float(beside_red([meant], found)[0]))

    kept = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and the network let other threads run
        for done, each in enumerate(pool.map(one, cells), 1):
            kept += [each] if each else []
            progress("framing cells", done, len(cells))
    return kept


def boxed(found: Sequence[Found], box: tuple[float, float, float, float]) -> Found | None:
    """What was found in this box, if anything but a red cell was."""
    cells = [each for each in found if each.kind != "red"]
    if not cells:
        return None
    corners = np.array([[each.x0, each.y0, each.x1, each.y1] for each in cells])
    shared = overlap(np.array(box), corners)
    return cells[int(shared.argmax())] if shared.max() >= SAME else None


def middle(rgb: RGB, size: int) -> RGB:
    """The standard picture alone, without the room around it: (size, size, 3) uint8."""
    start = (len(rgb) - size) // 2
    return rgb[start : start + size, start : start + size]
