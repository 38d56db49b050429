"""Drawn cells: pictures of no real blood, for self-tests, benchmarks and tests that must know where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hematovision.images import RGB

# What light each lets through, in red, green and blue.
RED_CELL, PALLOR = (0.86, 0.66, 0.68), (0.95, 0.86, 0.86)
CYTOPLASM, NUCLEUS, PLATELET = (0.84, 0.76, 0.88), (0.40, 0.24, 0.56), (0.62, 0.44, 0.70)
SLIDE = (236, 226, 222)

Wave = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Drawn:
    """A cell to draw: `kind` nucleated, platelet or red, its centre and radius in pixels. `lobes` are the parts of one
    nucleus, touching each other; 1 is a round one."""

    kind: str
    x: float
    y: float
    radius: float
    lobes: int = 1


def draw(width: int, height: int, cells: Sequence[Drawn], seed: int = 0) -> RGB:
    """(height, width, 3) uint8 with the cells; the seed decides their grain and the lobes' places."""
    random = np.random.default_rng(seed)
    light = np.ones((height, width, 3)) * np.array(SLIDE) / 255
    light *= 1 + random.normal(0, 0.006, (height, width, 1))
    for cell in sorted(cells, key=lambda each: each.kind != "red"):
        if cell.kind == "red":
            _stain(light, _disc(light, cell.x, cell.y, cell.radius), RED_CELL)
            _lift(light, _disc(light, cell.x, cell.y, 0.42 * cell.radius, soft=0.6), PALLOR)
        elif cell.kind == "platelet":
            shape = _disc(light, cell.x, cell.y, cell.radius, soft=0.3)
            _stain(light, shape * _grain(light, random, 0.5, cell.radius / 3), PLATELET)
        else:
            cytoplasm = _disc(light, cell.x, cell.y, cell.radius, wave=_wave(random))
            _stain(light, cytoplasm * _grain(light, random, 0.3, cell.radius / 12), CYTOPLASM)
            nucleus = _nucleus(light, cell, random)
            for size in (5, 14):
                nucleus = nucleus * _grain(light, random, 0.25, cell.radius / size)
            _stain(light, nucleus, NUCLEUS)
    levels = (255 * light.clip(0, 1)).astype(np.uint8)
    return np.asarray(Image.fromarray(levels).filter(ImageFilter.GaussianBlur(0.8)))


def drawn_cell(seed: int, side: int = 224) -> RGB:
    """(side, side, 3) uint8: a nucleated cell of 1 to 3 lobes in the middle, red cells and platelets around it."""
    return drawn_field(side, side, [Drawn("nucleated", side / 2, side / 2, 0.19 * side, 1 + seed % 3)], seed)


def drawn_field(width: int, height: int, cells: Sequence[Drawn], seed: int) -> RGB:
    """(height, width, 3) uint8 with the cells given, and red cells and a few platelets where there is room, of sizes
    that go with the first of them."""
    random = np.random.default_rng(seed)
    placed, radius = list(cells), 0.53 * cells[0].radius
    for kind, tries, size in (("red", 400, radius), ("platelet", 12, 0.42 * radius)):
        for _ in range(tries):
            x, y, r = random.uniform(0, width), random.uniform(0, height), size * random.uniform(0.92, 1.08)
            if all(np.hypot(x - other.x, y - other.y) > 1.08 * (r + other.radius) for other in placed):
                placed.append(Drawn(kind, x, y, r))
    return draw(width, height, placed, seed)


def _disc(
    light: NDArray[np.float64], x: float, y: float, radius: float, soft: float = 0.08, wave: Wave = ()
) -> NDArray[np.float64]:
    """(H, W) 0..1: inside a circle, or what `wave` makes of it, fading over `soft` of its radius."""
    down, across = np.ogrid[: light.shape[0], : light.shape[1]]
    down, across = down + 0.5 - y, across + 0.5 - x
    away, angle = np.hypot(down, across) / radius, np.arctan2(down, across)
    for times, (height, start) in enumerate(wave, 2):
        away = away * (1 + height * np.cos(times * angle + start))
    return np.asarray(((1 + soft / 2 - away) / soft).clip(0, 1))


def _wave(random: np.random.Generator) -> Wave:
    """How an outline strays from a circle: for two bulges, three and more how high they are, as a share of the radius,
    and where."""
    return [(random.uniform(0, 0.07) / times, random.uniform(0, 2 * np.pi)) for times in range(1, 5)]


def _nucleus(light: NDArray[np.float64], cell: Drawn, random: np.random.Generator) -> NDArray[np.float64]:
    if cell.lobes == 1:
        return _disc(light, cell.x, cell.y, 0.72 * cell.radius, wave=_wave(random))
    shape = np.zeros(light.shape[:2])
    start, reach = random.uniform(0, 2 * np.pi), 0.42 * cell.radius
    for lobe in range(cell.lobes):
        angle = start + lobe * min(1.6, 4.8 / cell.lobes)
        x, y = cell.x + reach * np.cos(angle), cell.y + reach * np.sin(angle)
        shape = np.maximum(shape, _disc(light, x, y, 0.44 * cell.radius, 0.15, _wave(random)))
    return shape


def _grain(
    light: NDArray[np.float64], random: np.random.Generator, strength: float, size: float
) -> NDArray[np.float64]:
    """(H, W) around 1: blotches of about `size` pixels."""
    coarse = [max(1, round(side / max(size, 1))) for side in light.shape[:2]]
    noise = Image.fromarray(random.uniform(-1, 1, coarse).astype(np.float32))
    return np.asarray(1 + strength * np.asarray(noise.resize(light.shape[1::-1], Image.Resampling.BICUBIC)))


def _stain(light: NDArray[np.float64], amount: NDArray[np.float64], colour: tuple[float, float, float]) -> None:
    """Multiply by the colour, as much as there is of it (Beer-Lambert)."""
    light *= np.array(colour) ** amount[..., np.newaxis]


def _lift(light: NDArray[np.float64], amount: NDArray[np.float64], colour: tuple[float, float, float]) -> None:
    """Bring towards a paler colour."""
    target = np.array(colour) * np.array(SLIDE) / 255
    light += amount[..., np.newaxis] * (target - light)
