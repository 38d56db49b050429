"""A cell in a picture -> the standard picture of one cell. Training and serving call this one function.

Square, the cell in the middle and as large in every standard picture, the background's colour divided out and carried
on beyond the picture's edge: what differs between microscopes, cameras and croppings is gone before the classifier
looks.
"""

from __future__ import annotations

import numpy as np

from hematovision.background import WHITE, Colour, divide_out
from hematovision.images import RGB, resize


def frame(rgb: RGB, centre: tuple[float, float], side: float, size: int, background: Colour) -> RGB:
    """(H, W, 3) uint8 -> (size, size, 3) uint8: the square of `side` pixels around `centre` (x, y), its `background`
    (see `background_of`) brought to 240. What lies beyond the picture is 240."""
    height, width = rgb.shape[:2]
    left, top, scale = centre[0] - side / 2, centre[1] - side / 2, size / side
    # Whole places of the standard picture are filled from within the picture, however the square lies over its edge.
    x0, y0 = max(0, round(-left * scale)), max(0, round(-top * scale))
    x1, y1 = min(size, round((width - left) * scale)), min(size, round((height - top) * scale))
    canvas = np.full((size, size, 3), WHITE, np.uint8)
    if x1 > x0 and y1 > y0:
        box = (
            max(0.0, left + x0 / scale),
            max(0.0, top + y0 / scale),
            min(float(width), left + x1 / scale),
            min(float(height), top + y1 / scale),
        )
        canvas[y0:y1, x0:x1] = divide_out(resize(rgb, x1 - x0, y1 - y0, box), background)
    return canvas
