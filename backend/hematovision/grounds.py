"""Why a cell got its label: where in it the classifier saw the class, and what else it reads off the cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import Bundle
from hematovision.cells import Cell, Reading, ReadValue, Why
from hematovision.head import pooled
from hematovision.locator import Found
from hematovision.readout import Readout


def grounds(bundle: Bundle, cell: Cell, found: Found, features: NDArray[np.float32]) -> Why | None:
    """Of one cell as it was judged and located, with what the network saw of it (h, w, D); None for one without a
    label, since nothing is claimed of it."""
    if cell.label is None:
        return None
    seen_at = bundle.head.seen_at(features, bundle.labels.index(cell.label))
    means = pooled(features[np.newaxis])
    side = bundle.context * found.side
    x, y = found.centre
    return Why(
        x=round(x - side / 2, 2),
        y=round(y - side / 2, 2),
        side=round(side, 2),
        seen_at=tuple(tuple(round(each, 3) for each in row) for row in seen_at.tolist()),
        readings=tuple(_reading(each, means) for each in bundle.readouts if cell.label in each.labels),
    )


def _reading(readout: Readout, means: NDArray[np.float32]) -> Reading:
    probabilities = [round(each, 4) for each in readout.probabilities(means)[0].tolist()]
    return Reading(readout.name, readout.leaning, tuple(map(ReadValue, readout.values, probabilities)))
