"""What else the classifier's features tell of a cell: attributes that people name, and a leaning to a finer class.

Each readout is one dense layer over what the network saw anyway, so it costs no second look. It says nothing about
cells of other classes than those it was fitted to, and enters no count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hematovision.calibration import softmax
from hematovision.head import Head

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Readout:
    """One question and its `values`, of cells with one of `labels`. `layer` has a column a value, its temperature
    already in it. A `leaning` is to a finer class; the others are attributes."""

    name: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    leaning: bool
    layer: Head

    def probabilities(self, means: Floats) -> NDArray[np.float64]:
        """(N, D) as of `head.pooled` -> (N, values), each row summing to 1."""
        return np.asarray(softmax(self.layer.logits(means)))
