"""The box of a platelet in the middle of its crop. Nobody drew it, but it is the only stained thing there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hematovision.background import WHITE
from hematovision.images import RGB

MIDDLE, AROUND = 0.06, 0.2  # of the shorter side: within this far of the centre is the platelet, beyond that are others
HELD = 0.1  # of the shorter side: as far from the centre may the spot's nearest pixel be
RIM = 0.35  # of the way from what is around to the platelet: where its border is


def spot(rgb: RGB) -> NDArray[np.float64] | None:
    """(H, W, 3) uint8, background at 240 -> the box x0, y0, x1, y1 around what is stained in the middle, or None.

    By the density in the red channel: thiazine dyes absorb red light, haemoglobin hardly does.
    """
    density = ndimage.gaussian_filter(-np.log(np.maximum(rgb[..., 0], 1) / WHITE), 1)
    height, width = density.shape
    side = min(height, width)
    y, x = np.ogrid[:height, :width]
    away = np.hypot(y - height / 2, x - width / 2) / side
    platelet, others = np.percentile(density[away < MIDDLE], 75), np.percentile(density[away > AROUND], 60)
    marked, _ = ndimage.label(density > max(others + RIM * (platelet - others), 0.03))
    held = marked[(away < HELD) & (marked > 0)]
    if not len(held):
        return None
    down, across = ndimage.find_objects(marked)[np.bincount(held).argmax() - 1]
    return np.array([across.start, down.start, across.stop, down.stop], np.float64)
