"""Nucleated cells as some stains leave them: a cytoplasm nearly as pale as the slide, so that the lobes of a nucleus
seem to lie apart. A locator that was never shown this takes each lobe for a cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hematovision.images import RGB

Floats = NDArray[np.float64]


def faded(rgb: RGB, boxes: Floats, random: np.random.Generator) -> RGB:
    """(H, W, 3) uint8 and the boxes (N, 4), x0, y0, x1, y1 in its pixels, of the cells to change -> the same with paler
    ones, half of them with a smaller nucleus, too. What is darker than two thirds of its nucleus stays as it is."""
    rgb = rgb.copy()
    for x0, y0, x1, y1 in np.round(boxes).astype(int):
        part = rgb[y0:y1, x0:x1]
        seen = Image.fromarray(part)
        if (worn := int(random.uniform(0, 0.06) * max(part.shape[:2]))) and random.random() < 0.5:
            seen = seen.filter(ImageFilter.GaussianBlur(worn / 2)).filter(ImageFilter.MaxFilter(2 * worn + 1))
        slide = np.percentile(part, 95, axis=(0, 1)).clip(1)
        dense = np.log(slide / np.asarray(seen).clip(1))
        strength = dense.mean(axis=2, keepdims=True)
        dark = strength / max(np.percentile(strength, 90), 0.1)
        kept = 1 - random.uniform(0.3, 1) * np.clip((0.65 - dark) / 0.25, 0, 1)
        down, across = (np.linspace(-1, 1, side) for side in part.shape[:2])
        inside = np.clip((1.1 - np.hypot(down[:, np.newaxis], across)) / 0.2, 0, 1)[..., np.newaxis]
        rgb[y0:y1, x0:x1] = (1 - inside) * part + inside * (slide * np.exp(-dense * kept)).clip(0, 255)
    return rgb
