"""What the locator's network should answer of a window."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hematovision.locator import WINDOW
from hematovision.peaks import NEAR, STRIDE, bell
from hematovision.training.windows import Scene

PLACES = WINDOW // STRIDE
PLACE = np.arange(PLACES) + 0.5
SMALLEST = 6.0  # pixels of a window: what is smaller can be neither found nor called background
IMPORTANCE = (4.0, 2.0, 1.0)  # of a kind's boxes; there are twenty red cells for each nucleated one


def wanted(window: Scene) -> NDArray[np.float32]:
    """(64, 64, 11) float32, side by side: heat of each kind; where heat counts (0 or 1, each kind); centre minus
    place and log width, log height in units of 4 px; the weight of those."""
    heat = np.zeros((PLACES, PLACES, 3), np.float32)
    counts = np.full((PLACES, PLACES, 3), float(window.complete), np.float32)
    offsets = np.zeros((PLACES, PLACES, 4), np.float32)
    weight = np.zeros((PLACES, PLACES, 1), np.float32)
    sides = window.boxes[:, 2:] - window.boxes[:, :2]
    for index in np.argsort(-sides.prod(axis=1)):  # small cells last, so that they are not hidden by large ones
        x0, y0, x1, y1 = map(float, window.boxes[index] / STRIDE)
        kind, width, height = window.kinds[index], x1 - x0, y1 - y0
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        column, line = min(int(x), PLACES - 1), min(int(y), PLACES - 1)
        lines = slice(max(0, int(y0)), max(line + 1, int(y1 + 1)))
        columns = slice(max(0, int(x0)), max(column + 1, int(x1 + 1)))
        to_x, to_y = x - PLACE[columns], y - PLACE[lines]
        hill = bell(to_x, to_y[:, np.newaxis], width, height).astype(np.float32)
        if max(sides[index]) < SMALLEST:
            counts[lines, columns] = 0
            continue
        if not window.complete:
            counts[lines, columns][hill > 0.3] = 1
        hill[line - lines.start, column - columns.start] = 1
        heat[lines, columns, kind] = np.maximum(heat[lines, columns, kind], hill)
        near = hill > NEAR
        by_line, by_column = np.nonzero(near)
        size = np.broadcast_to([math.log(width), math.log(height)], (len(by_line), 2))
        offsets[lines, columns][near] = np.column_stack([to_x[by_column], to_y[by_line], size])
        if window.exact:
            weight[lines, columns, 0][near] = IMPORTANCE[kind] * hill[near] / hill[near].sum()
    return np.concatenate([heat, counts, offsets, weight], axis=-1)
