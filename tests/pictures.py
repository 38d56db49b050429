"""Pictures of cells that no microscope saw, drawn for the tests, and their files in every accepted form."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

RGB = NDArray[np.uint8]

# Format -> how to save it, and the media type it is sent under.
SAVED_AS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92},
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
}
MEDIA_TYPE = {name: f"image/{name.lower()}" for name in SAVED_AS}


def drawn_cell(seed: int = 0, width: int = 120, height: int = 96) -> Image.Image:
    """One lobed nucleus among red cells, unlike its own mirror and turned images; the same for the same seed."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (width, height), (238, 224, 216))
    draw = ImageDraw.Draw(picture)

    def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    side = min(width, height)
    for x, y in random.uniform(0, 1, (9, 2)):
        disc(x * width, y * height, side * 0.1, (220, 162, 158))
    disc(0.5 * width, 0.5 * height, side * 0.28, (204, 180, 206))
    for angle in random.uniform(0, 2 * np.pi, 3):
        disc(
            0.5 * width + side * 0.09 * np.cos(angle),
            0.5 * height + side * 0.09 * np.sin(angle),
            side * 0.1,
            (98, 52, 138),
        )
    disc(0.12 * width, 0.15 * height, side * 0.08, (70, 32, 108))  # one corner is not like the others
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def pixels(image: Image.Image) -> RGB:
    """(H, W, 3) uint8."""
    return np.asarray(image.convert("RGB"))


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of the picture's file."""
    file = io.BytesIO()
    image.save(file, format, **({**SAVED_AS.get(format, {}), **options}))
    return file.getvalue()
