"""A window's answer -> boxes: one where the heat of a kind has a peak, as the places around the peak agree on it.

Every place near a cell's centre learns that cell's box (training/targets.py), and each errs a little in its own way.
The mean of those that mean the same cell is steadier than the peak's own box when the picture is turned or scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STRIDE = 4  # pixels a side of one place of the network's answer
NEAR = 0.6  # of the bell's height: places that learn the box of the cell in whose middle they are
_REACH = 3  # places around a peak that are asked
_AROUND = np.array(list(product(range(-_REACH, _REACH + 1), repeat=2)))  # (49, 2) lines and columns
_ALIKE = 0.5  # overlap from which two places mean the same cell

Floats = NDArray[np.floating]


class Sought(NamedTuple):
    """What the network answers of N windows: `heat` (N, 64, 64, 3), 0..1 a kind; `boxes` (N, 64, 64, 4), centre minus
    place and the logarithms of width and height, in units of 4 px."""

    heat: Floats
    boxes: Floats


def bell(to_x: Floats, to_y: Floats, width: Floats | float, height: Floats | float) -> Floats:
    """How much of a cell's middle a place is, 0..1: `to_x` and `to_y` from its centre, in a box of that size, all in
    places. Three standard deviations are the whole box; one place at least."""
    across, down = to_x / np.maximum(np.divide(width, 6), 0.6), to_y / np.maximum(np.divide(height, 6), 0.6)
    return np.asarray(np.exp(-(across**2 + down**2) / 2))


def candidates(sought: Sought, limits: Sequence[float]) -> Floats:
    """Of one window: (N, 6) x0, y0, x1, y1 in its pixels, score, kind; each kind from its limit on."""
    heat = sought.heat[0]
    padded = np.pad(heat, ((1, 1), (1, 1), (0, 0)))
    side = len(heat)
    around = [padded[y : y + side, x : x + side] for y, x in product(range(3), range(3))]
    peaks = (heat >= np.max(around, axis=0)) & (heat >= np.asarray(limits))
    line, column, kind = np.nonzero(peaks)
    return np.column_stack([_boxes(heat, sought.boxes[0], (line, column, kind)), heat[line, column, kind], kind])


def overlap(one: Floats, others: Floats) -> Floats:
    """Intersection over union of a box (4,), or boxes (M, 1, 4), with each of (N, 4) or (M, N, 4): x0, y0, x1, y1 ->
    (N,) or (M, N), 0..1."""
    sides = np.minimum(one[..., 2:], others[..., 2:]) - np.maximum(one[..., :2], others[..., :2])
    common = sides.clip(0).prod(axis=-1)
    areas = (others[..., 2:] - others[..., :2]).prod(axis=-1) + (one[..., 2:] - one[..., :2]).prod(axis=-1)
    return np.asarray(common / (areas - common))


def _boxes(heat: Floats, boxes: Floats, peaks: tuple[NDArray[np.intp], ...]) -> Floats:
    """One window's answer and its N peaks, line, column and kind -> (N, 4) x0, y0, x1, y1 in pixels: the mean of the
    boxes of the places near each, by their heat."""
    line, column, kind = (each[:, np.newaxis] for each in peaks)
    lines, columns = line + _AROUND[:, 0], column + _AROUND[:, 1]
    inside = (lines >= 0) & (lines < len(heat)) & (columns >= 0) & (columns < len(heat))
    lines, columns = lines.clip(0, len(heat) - 1), columns.clip(0, len(heat) - 1)
    across, down, width, height = np.moveaxis(boxes[lines, columns].astype(np.float64), -1, 0)
    x, y = columns + 0.5 + across, lines + 0.5 + down
    width, height = np.exp(np.minimum(width, 5)), np.exp(np.minimum(height, 5))
    each = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=-1)
    peak = slice(len(_AROUND) // 2, len(_AROUND) // 2 + 1)  # the place in the middle of those around it
    near = bell(columns + 0.5 - x[:, peak], lines + 0.5 - y[:, peak], width[:, peak], height[:, peak]) > NEAR
    near &= inside & (overlap(each[:, peak], each) > _ALIKE)
    near[:, peak] = True
    weights = near * np.maximum(heat[lines, columns, kind], 1e-9)
    return np.asarray(STRIDE * np.einsum("np,npk->nk", weights, each) / weights.sum(axis=1, keepdims=True))
