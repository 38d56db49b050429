"""What a poorer microscope and camera make of a picture: out of focus, colours apart, edges sharpened, a veil of stray
light, a cast that differs from place to place, noise."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from hematovision.background import WHITE
from hematovision.images import RGB

CELL = 107  # pixels across a cell, for which the lengths below are meant


def worse(rgb: RGB, most: float, random: np.random.Generator, cell: float = CELL) -> RGB:
    """A square picture (N, N, 3) uint8, its background divided out, through optics as poor as `most`, 0 for perfect, 1
    for a microscope that one can just work with; each fault in some pictures only, and seldom all at once. `cell`: how
    many pixels a nucleated cell has across."""
    picture, scale = Image.fromarray(rgb), cell / CELL
    if random.random() < 0.5:
        picture = _out_of_focus(picture, random.uniform(0, 4) * most * scale, random)
    if random.random() < 0.4:
        picture = _colours_apart(picture, random.uniform(0, 2.5) * most * scale, random)
    if random.random() < 0.3:
        radius = random.uniform(1, 5) * scale
        picture = picture.filter(ImageFilter.UnsharpMask(radius, int(random.uniform(50, 250) * most), 0))
    levels = np.asarray(picture, np.float64)
    if random.random() < 0.5:
        veil = random.uniform(0, 0.6 * most)
        levels = levels * (1 - veil) + veil * WHITE
    if random.random() < 0.5:
        levels = levels * _cast(len(rgb), most, random)
    if random.random() < 0.5:
        of_each_channel = random.random() < 0.5
        levels = levels + random.normal(
            0, random.uniform(0, 7 * most), (*levels.shape[:2], 3 if of_each_channel else 1)
        )
    return np.asarray(levels.clip(0, 255).astype(np.uint8))


def shaded(rgb: RGB, most: float, random: np.random.Generator) -> RGB:
    """A square picture (N, N, 3) uint8, darker towards one side, or towards the rim, by a share of `most` at most; each
    channel differently, so that the light's colour runs, too."""
    along = np.linspace(-1, 1, len(rgb))
    slope = random.uniform(-1, 1, 2)
    plane = (slope[0] * along[:, np.newaxis] + slope[1] * along) / 2
    bowl = random.uniform(-1, 1) * (along[:, np.newaxis] ** 2 + along**2) / 2
    shade = (plane + bowl)[..., np.newaxis] * most * random.uniform(0, 1, 3)
    return np.asarray((rgb * (1 - shade + shade.min(axis=(0, 1)))).clip(0, 255).astype(np.uint8))


def _out_of_focus(picture: Image.Image, radius: float, random: np.random.Generator) -> Image.Image:
    """By a disc with soft edges of about this radius, pixels, each colour a little differently."""
    radii = [0.7 * radius * random.uniform(0.75, 1.25) for _ in range(3)]
    blurred = (
        channel.filter(ImageFilter.GaussianBlur(each)).filter(ImageFilter.BoxBlur(each))
        for channel, each in zip(picture.split(), radii, strict=True)
    )
    return Image.merge("RGB", tuple(blurred))


def _colours_apart(picture: Image.Image, distance: float, random: np.random.Generator) -> Image.Image:
    """Red to one side and blue to the other, by this many pixels, as a lens does away from its axis."""
    angle = random.uniform(0, 2 * math.pi)
    across, down = distance * math.cos(angle), distance * math.sin(angle)
    red, green, blue = picture.split()
    moved = (
        channel.transform(
            channel.size,
            Image.Transform.AFFINE,
            (1, 0, side * across, 0, 1, side * down),
            Image.Resampling.BILINEAR,
            fillcolor=WHITE,
        )
        for channel, side in ((red, 1), (blue, -1))
    )
    return Image.merge("RGB", (next(moved), green, next(moved)))


def _cast(size: int, most: float, random: np.random.Generator) -> np.ndarray:
    """(size, size, 3): factors about 1 that run from one side to the other, each colour its own way."""
    along = np.linspace(-1, 1, size)
    all_over, across, down = (random.normal(0, spread * most, 3) for spread in (0.07, 0.05, 0.05))
    runs = all_over + along[np.newaxis, :, np.newaxis] * across + along[:, np.newaxis, np.newaxis] * down
    return np.asarray(np.exp(runs - 0.7 * max(float(runs.max()), 0)))
