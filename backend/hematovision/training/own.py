"""A laboratory's own cells as a bundle sees them, and what fitting it to them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hematovision.dye import purple
from hematovision.errors import LabelsRefused
from hematovision.head import Head, pooled
from hematovision.images import RGB
from hematovision.progress import Progress
from hematovision.road import Road
from hematovision.training.framed import framed, middle
from hematovision.training.labs import LabelledCell

PARTS = 5
FEWEST = 2 * PARTS  # cells, in two classes at least


class Sight(NamedTuple):
    """What a network makes of N cells: `means` (N, D), as of `head.pooled`, and `texture` (N, T), as of
    `runtime.Outputs`."""

    means: NDArray[np.float32]
    texture: NDArray[np.float32]

    def of(self, which: NDArray[np.bool_]) -> Sight:
        return Sight(self.means[which], self.texture[which])

    def and_of(self, other: Sight) -> Sight:
        return Sight(*(np.concatenate(both) for both in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Own:
    """The cells of the laboratory that were found: their standard pictures with room around them, what the bundle's
    network makes of them, their classes (N,), the part (N,) in which each is held back, how purple it is (N,), the
    kinds that they were located as, and their sizes (N,) as of `sizes.beside_red`; `missed` are the classes of those in
    which none was found."""

    pictures: list[RGB]
    sight: Sight
    classes: NDArray[np.int64]
    parts: NDArray[np.int64]
    purple: NDArray[np.float64]
    kinds: list[str]
    beside_red: NDArray[np.float64]
    missed: NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """A last layer, and what it is fitted to: what the network makes of the laboratory's cells, and of the remembered
    ones with their `classes` (M,)."""

    head: Head
    own: Sight
    remembered: Sight
    classes: NDArray[np.integer]


class Way(Protocol):
    """Of fitting a bundle to those of a laboratory's cells that are `learned` from (N,)."""

    def fit(self, learned: NDArray[np.bool_]) -> Fit: ...

    def write(self, folder: Path) -> dict[str, Any]:
        """Into the copy of the bundle, what was changed by the last fit but for the last layer and what is familiar.
        Returns what is otherwise in its record."""


def seen(road: Road, cells: Sequence[LabelledCell], progress: Progress) -> Own:
    """What the network sees of each cell, as it is served. Raises `LabelsRefused` for a class that the bundle lacks,
    for a picture that cannot be read, and where too few cells are found."""
    labels, size = road.bundle.labels, road.bundle.size
    foreign = {cell.label for cell in cells} - set(labels)
    if foreign:
        raise LabelsRefused(
            f"The model has no class {sorted(foreign)[0]!r}. Name the folders after its classes: {', '.join(labels)}."
        )
    kept = framed(cells, road.locate, size, road.bundle.context, progress)
    classes = np.array([labels.index(each.cell.label) for each in kept], np.int64)
    if len(classes) < FEWEST or len(set(classes)) < 2:
        raise LabelsRefused(
            f"A cell was found in {len(classes)} of the {len(cells)} pictures. To adapt takes {FEWEST} at least, of "
            "two classes; about a hundred do well."
        )
    found = {id(each.cell) for each in kept}
    standard = [middle(each.rgb, size) for each in kept]
    outputs = [road.seen(each[np.newaxis]) for each in standard]
    return Own(
        pictures=[each.rgb for each in kept],
        sight=Sight(
            np.concatenate([pooled(each.features) for each in outputs]),
            np.concatenate([each.texture for each in outputs]),
        ),
        classes=classes,
        parts=_parts(classes),
        purple=np.array([purple(each) for each in standard]),
        kinds=[each.kind for each in kept],
        beside_red=np.array([each.beside_red for each in kept]),
        missed=np.array([labels.index(cell.label) for cell in cells if id(cell) not in found], np.int64),
    )


def _parts(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """In which part each of N cells is held back: those of a class spread evenly; the same for the same cells."""
    random, parts, start = np.random.default_rng(1), np.zeros(len(classes), np.int64), 0
    for each in np.unique(classes):
        members = random.permutation(np.flatnonzero(classes == each))
        parts[members] = (start + np.arange(len(members))) % PARTS
        start += len(members)
    return parts


def evenly(classes: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) of sum 1: classes weigh by the square root of how many cells they have, as in training."""
    counts = np.bincount(classes)
    weights = 1 / np.sqrt(counts[classes])
    return np.asarray(weights / weights.sum())
