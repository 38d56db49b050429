"""Cells that were perhaps photographed twice, where pictures of one smear overlap. For a person to look at, no more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hematovision.cells import Cell

MOST_COMPARED = 2_000  # cells; each is compared with every other, half a second's work

# One cell, photographed again, keeps its label, the sides of its box within 2 px, and each probability within a tenth.
# Measured on Barcelona's val rows with bundle 0.9.0, boxes aside: of 1,770 pairs of cells of one class 2 are so alike
# (to three digits: 185), and of cells shifted by some pixels and saved again a third (to three digits: half).
SAME_SIDE = 2
SAME_RATIO = 1.1
LEAST_PROBABILITY = 1e-6  # below it ratios are noise


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

    Conservative: most of what is shown twice is missed rather than a person shown many pairs that are two cells. None
    are looked for among more than `MOST_COMPARED` cells.
    """
    if len(cells) > MOST_COMPARED:
        return ()
    pictures = np.array([place.picture for place, _ in cells])
    labels = np.array([cell.label for _, cell in cells])
    sides = np.array([(cell.box.width, cell.box.height) for _, cell in cells], float)
    logs = _log_probabilities([cell for _, cell in cells])
    found = []
    for i in range(1, len(cells)):
        alike = (pictures[:i] != pictures[i]) & (labels[:i] == labels[i])
        alike &= (abs(sides[:i] - sides[i]) <= SAME_SIDE).all(axis=1)
        candidates = np.flatnonzero(alike)
        if not len(candidates):
            continue
        distance = abs(logs[candidates] - logs[i]).max(axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] <= math.log(SAME_RATIO):
            found.append(Overlap(cells[candidates[nearest]][0], cells[i][0]))
    return tuple(found)


def _log_probabilities(cells: Sequence[Cell]) -> np.typing.NDArray[np.float64]:
    """(N, K), K the classes that any cell names; a cell without probabilities is infinitely unlike every other."""
    classes = {label: k for k, label in enumerate({each.label: None for cell in cells for each in cell.probabilities})}
    logs = np.full((len(cells), max(1, len(classes))), math.log(LEAST_PROBABILITY))
    for row, cell in zip(logs, cells, strict=True):
        for each in cell.probabilities:
            row[classes[each.label]] = math.log(max(LEAST_PROBABILITY, each.probability))
        if not cell.probabilities:
            row[:] = np.inf
    return logs
