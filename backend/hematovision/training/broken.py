"""Cells as a smear breaks them: dragged, burst, run out to a stain.

No class is theirs, and a classifier that was never shown one calls many of them something with confidence (outlier
exposure: Hendrycks et al., ICLR 2019, arXiv:1812.04606).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hematovision.background import WHITE
from hematovision.images import RGB

Floats = NDArray[np.floating]


def broken(rgb: RGB, side: float, random: np.random.Generator) -> RGB:
    """A square picture (N, N, 3) uint8, its background divided out, of a cell of longer side `side`, pixels, in its
    middle -> the same with the cell broken in one of three ways."""
    density = -np.log(np.clip(rgb, 1, WHITE).astype(np.float32) / WHITE)
    made = WAYS[int(random.integers(len(WAYS)))](density, side / 2, random)
    return np.asarray((WHITE * np.exp(-made)).clip(0, 255).astype(np.uint8))


def _dragged(density: Floats, radius: float, random: np.random.Generator) -> Floats:
    """To one side, each line of the picture as far as it likes."""
    angle, size = random.uniform(0, 360), len(density)
    lines = np.exp(0.5 * _waves(size, int(random.integers(8, 40)), random)[:, :1])
    kept = np.exp(-3 / np.maximum(radius * random.uniform(0.6, 2) * lines, 3))
    turned = _turned(density, angle)
    near = _near(size, 1.1 * radius)
    tail = np.ascontiguousarray((turned * near * (1 - kept)[:, np.newaxis]).swapaxes(0, 1))
    for column in range(1, size):
        tail[column] += tail[column - 1] * kept
    tail = tail.swapaxes(0, 1)
    return _turned(turned * (1 - near) + tail * np.float32(random.uniform(1, 1.6)), -angle)


def _burst(density: Floats, radius: float, random: np.random.Generator) -> Floats:
    """Each part of it elsewhere, in coarse and fine, and soft."""
    size = len(density)
    near = _near(size, 1.2 * radius)
    places = []
    for place in np.mgrid[:size, :size].astype(np.float32):
        moved = sum(share * _waves(size, waves, random) for waves, share in ((5, 0.25), (12, 0.15), (30, 0.06)))
        moved *= radius * random.uniform(1.5, 3) * near[..., 0]
        places.append((place + moved).round().astype(int).clip(0, size - 1))
    apart = Image.fromarray((WHITE * np.exp(-density[places[0], places[1]])).astype(np.uint8))
    soft = apart.filter(ImageFilter.GaussianBlur(random.uniform(0.02, 0.12) * radius))
    pale = np.float32(random.uniform(0.6, 1))
    return density * (1 - near) + near * pale * -np.log(np.maximum(np.asarray(soft, np.float32), 1) / WHITE)


def _stain(density: Floats, radius: float, random: np.random.Generator) -> Floats:
    """A nucleus run out, shapeless and rough, and nothing else of the cell."""
    size = len(density)
    away = _distance(size) / radius
    strength = density.mean(axis=2)
    nucleus = density[(away < 1) & (strength >= np.quantile(strength[away < 1], 0.8))].mean(axis=0)
    angle, (long, wide) = random.uniform(0, np.pi), random.uniform((0.8, 0.5), (1.5, 1))
    down, across = np.mgrid[:size, :size] - size / 2
    along, aside = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    edge = np.hypot(along / long, aside / wide) / radius + 0.3 * _waves(size, int(random.integers(5, 10)), random)
    edge += 0.12 * _waves(size, 24, random)
    within = 1 / (1 + np.exp((edge - 0.85) / random.uniform(0.03, 0.2)))
    rough = 1 + 0.25 * _waves(size, int(random.integers(10, 50)), random) + 0.15 * _waves(size, 70, random)
    around = density * np.exp(-8 * np.maximum(1.25 - away, 0))[..., np.newaxis]
    return np.asarray(around + nucleus * random.uniform(0.3, 0.9) * (within * rough.clip(0.2, 2))[..., np.newaxis])


WAYS = (_dragged, _burst, _stain)


def _waves(size: int, count: int, random: np.random.Generator) -> Floats:
    """(size, size), smooth, about 0, of standard deviation 1 or a little less: some `count` waves a side."""
    coarse = Image.fromarray(random.standard_normal((count, count)).astype(np.float32))
    return np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))


def _near(size: int, radius: float) -> Floats:
    """(size, size, 1): 1 in the middle, less than 0.4 beyond the radius."""
    return np.asarray(np.exp(-((_distance(size) / radius) ** 2))[..., np.newaxis])


def _distance(size: int) -> Floats:
    """(size, size): of each pixel to the middle."""
    along = np.arange(size, dtype=np.float32) - size / 2
    return np.asarray(np.hypot(along[:, np.newaxis], along))


def _turned(density: Floats, angle: float) -> Floats:
    """By `angle`, degrees; what comes in is bare slide."""
    channels = [Image.fromarray(density[..., channel]) for channel in range(3)]
    return np.stack([np.asarray(each.rotate(angle, Image.Resampling.BILINEAR)) for each in channels], axis=-1)
