"""The colour of a picture where no cell is, and that colour divided out.

Light that passes no cell has the colour of lamp, glass and camera; dividing by it leaves what the cells absorb
(transmittance, Beer-Lambert). Smears from pink, yellow, green and blue microscopes then share one white.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hematovision.images import RGB

Colour = NDArray[np.float64]

WHITE = 240  # the level that a background gets: a little below the top, so that brighter specks keep their shape
_BRIGHT = 85  # percentile of each channel taken for the background; cells seldom cover more of a picture than that
_SAMPLES = 4_000  # pixels looked at, in a regular grid


def background_of(rgb: RGB) -> Colour:
    """(H, W, 3) uint8 -> (3,) float64 levels in 1..255: what the bare slide looks like."""
    step = max(1, int((rgb.shape[0] * rgb.shape[1] / _SAMPLES) ** 0.5))
    bright = np.percentile(rgb[::step, ::step].reshape(-1, 3), _BRIGHT, axis=0)
    return np.maximum(bright, 1.0)


def divide_out(rgb: RGB, background: Colour) -> RGB:
    """(H, W, 3) uint8 with `background` brought to 240 in each channel; what is brighter than it stops at 255."""
    factors = WHITE / background
    table = np.minimum(np.arange(256)[:, np.newaxis] * factors + 0.5, 255).astype(np.uint8)
    out = np.empty_like(rgb)
    for channel in range(3):
        out[..., channel] = table[:, channel].take(rgb[..., channel])
    return out
