"""Cells that were perhaps photographed twice, where pictures of one smear overlap. For a person to look at, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hematovision.cells import Cell
from hematovision.sketch import bits

MOST_COMPARED = 2_000  # cells; each is compared with every other
# Of 64 bits of the two sketches. At ten, nine in ten of the cells shown twice by cuts of val fields are suspected, and
# hardly a pair among a hundred different cells: `python tests/bench/overlaps.py` prints both.
MOST_UNLIKE = 10


@dataclass(frozen=True, order=True)
class Place:
    """One cell by positions from 0: of its picture among those given, and of the cell in that picture."""

    picture: int
    cell: int


@dataclass(frozen=True)
class Overlap:
    """Two cells in different pictures that are perhaps one and the same."""

    first: Place
    second: Place


def suspected_overlaps(cells: Sequence[tuple[Place, Cell]]) -> tuple[Overlap, ...]:
    """Each cell with the one before it, in another picture, that it is most like, where they are alike enough.

    Conservative: a person is rather shown too few pairs than many that are two cells. None are looked for among more
    than `MOST_COMPARED` cells, nor for a cell without a sketch.
    """
    sketched = [(place, cell.sketch) for place, cell in cells if cell.sketch]
    if len(cells) > MOST_COMPARED or not sketched:
        return ()
    pictures = np.array([place.picture for place, _ in sketched])
    looks = bits([sketch for _, sketch in sketched])
    found = []
    for i in range(1, len(sketched)):
        unlike = np.where(pictures[:i] == pictures[i], MOST_UNLIKE + 1, np.bitwise_count(looks[:i] ^ looks[i]))
        nearest = int(unlike.argmin())
        if unlike[nearest] <= MOST_UNLIKE:
            found.append(Overlap(sketched[nearest][0], sketched[i][0]))
    return tuple(found)
