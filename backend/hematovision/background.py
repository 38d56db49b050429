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
_ACROSS = 48  # about so many pixels of the longer side are looked at where the light may fall off
_FEWEST = 40  # of them, at least, show the bare slide
_NEAR_LEVEL, _NEAR_FIT = (0.2, 0.2), (0.07, 0.08)  # below and above, as logarithms


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


def bare_slide(rgb: RGB) -> NDArray[np.float64]:
    """(H, W, 3) uint8 -> (H, W, 3) float64 levels, above 0: what the bare slide looks like in each place, where the
    light falls off towards a side or the rim. Nowhere brighter than `background_of`.

    The logarithm of light that falls off is close to a polynomial of second degree in the place. It is fitted to the
    pixels about as bright as the background, then, eight times over, to those that keep close to the fit: cells, far
    darker, drop out.
    """
    background, step = background_of(rgb), max(1, max(rgb.shape[:2]) // _ACROSS)
    seen = np.log(np.maximum(rgb[::step, ::step].reshape(-1, 3), 1.0))
    seen_at = _terms(*(np.arange(0, side, step) / side for side in rgb.shape[:2]))
    down, across = (np.arange(side) / side for side in rgb.shape[:2])
    slide = np.empty(rgb.shape)
    for channel, level in enumerate(np.log(background)):
        fitted = np.full(len(seen), level)
        near = _NEAR_LEVEL
        for _ in range(8):
            kept = (seen[:, channel] > fitted - near[0]) & (seen[:, channel] < fitted + near[1])
            if kept.sum() < _FEWEST:
                break
            of = seen_at[kept]
            factors = np.linalg.lstsq(of.T @ of, of.T @ seen[kept, channel], rcond=None)[0]
            fitted, near = seen_at @ factors, _NEAR_FIT
        else:
            level = np.minimum(_terms(down, across) @ factors, level).reshape(rgb.shape[:2])
        slide[..., channel] = np.exp(level)
    return slide


def _terms(down: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
    """1, y, x, y², yx, x² at each place of a grid, row by row."""
    y, x = (each.ravel() for each in np.meshgrid(down, across, indexing="ij"))
    return np.stack([np.ones(len(y)), y, x, y * y, y * x, x * x], axis=1)
