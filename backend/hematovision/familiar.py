"""How far a cell is from those that were learned from: by its features, to the nearest of some hundred that the bundle
remembers (Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, arXiv:2204.06507).

A classifier names one of its classes whatever it is shown. What lies further from every remembered cell than nearly all
cells of the val rows do, or has another colour than a stained nucleus, is unfamiliar, and gets no label. What lies
further than most of them do is never confident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Familiar:
    """`features` (N, D) of N remembered cells, as of `head.pooled`; `labels` (N,), each the position of the cell's
    class in the bundle's labels. Beyond `limit`, 0..2, a cell is unfamiliar; `rate` of the val cells at least are
    within it. Beyond `near`, at most `limit`, no answer is confident; `near_rate` of the val cells are within that.
    Unfamiliar, too, is one less purple than `purple_from`, -1..1, as of `dye.purple`: `rate` of each laboratory's val
    cells are not."""

    features: NDArray[np.float32]
    labels: NDArray[np.integer]
    limit: float
    rate: float
    near: float
    near_rate: float
    purple_from: float

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        return directions(self.features)

    def distances(self, features: Floats) -> NDArray[np.float64]:
        """(M, D) as of `head.pooled` -> (M,) 0..2: one minus the cosine to the nearest remembered cell."""
        return nearest(directions(features), self._directions)


def directions(features: Floats) -> NDArray[np.float32]:
    """(N, D), each row scaled to unit length."""
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12), np.float32)


def nearest(features: Floats, known: Floats) -> NDArray[np.float64]:
    """(M, D) and (N, D) of unit length -> (M,) 0..2: one minus the cosine to the nearest of `known`."""
    # Not `@`: its library starts a thread on each core for these few products, which a busy service waits 20 ms for.
    return np.asarray(1 - np.einsum("md,nd->mn", features, known).max(axis=1), np.float64)
