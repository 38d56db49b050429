"""Stained cells that no microscope saw: for pictures of the page, and for examples in tests."""

from __future__ import annotations

import itertools
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

BACKGROUND: Colour = (253, 229, 206)
RED_CELL: Colour = (207, 160, 157)
PALLOR: Colour = (232, 198, 184)
CYTOPLASM: Colour = (226, 192, 201)
GRANULE: Colour = (178, 122, 160)
NUCLEUS: Colour = (84, 40, 128)
CHROMATIN: Colour = (52, 20, 92)

_OVERSAMPLED = 2  # drawn larger and reduced: smooth edges


def stained_cell(seed: int = 1, side: int = 360, lobes: int = 3) -> Image.Image:
    """One white cell with a nucleus of `lobes` among red cells, `side` x `side` RGB; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  (a drawing, not a secret)
    size = side * _OVERSAMPLED
    picture = Image.new("RGB", (size, size), BACKGROUND)
    for centre in _places_of_red_cells(chance, size):
        _red_cell(picture, centre, size * chance.uniform(0.105, 0.12), chance)
    _white_cell(picture, (size * 0.5, size * 0.5), size * 0.215, lobes, chance)
    picture = ImageChops.add(picture, _grain(chance, size), scale=1, offset=-128)
    return picture.filter(ImageFilter.GaussianBlur(_OVERSAMPLED * 0.9)).resize((side, side), Image.Resampling.LANCZOS)


def stained_field(
    seed: int = 1, width: int = 960, height: int = 720, lobes: tuple[int, ...] = (3, 1, 4)
) -> Image.Image:
    """A field of red cells with some platelets and one white cell for each of `lobes`; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  (a drawing, not a secret)
    size = (width * _OVERSAMPLED, height * _OVERSAMPLED)
    unit = height * _OVERSAMPLED
    picture = Image.new("RGB", size, BACKGROUND)
    taken: list[tuple[Point, float]] = []
    white = [_free_place(chance, size, unit * 0.095, taken, margin=unit * 0.12) for _ in lobes]
    small = [_free_place(chance, size, unit * 0.016, taken, margin=unit * 0.03) for _ in range(5)]
    for _ in range(70):
        if place := _free_place(chance, size, unit * 0.052, taken, margin=-unit * 0.03):
            _red_cell(picture, place, unit * chance.uniform(0.047, 0.053), chance)
    for centre, number in zip(white, lobes, strict=True):
        if centre:
            _white_cell(picture, centre, unit * 0.082, number, chance)
    for centre in small:
        if centre:
            _paint(picture, [_blob(centre, unit * 0.013, 0.12, chance)], GRANULE, blur=unit * 0.002)
            grains = [_blob(_around(centre, unit * 0.008, chance), unit * 0.0025, 0.1, chance) for _ in range(9)]
            _paint(picture, grains, NUCLEUS, blur=unit * 0.0012, strength=0.7)
    picture = ImageChops.add(picture, _grain(chance, max(size)).crop((0, 0, *size)), scale=1, offset=-128)
    blurred = picture.filter(ImageFilter.GaussianBlur(_OVERSAMPLED * 0.9))
    return blurred.resize((width, height), Image.Resampling.LANCZOS)


def _free_place(
    chance: random.Random, size: tuple[int, int], radius: float, taken: list[tuple[Point, float]], margin: float
) -> Point | None:
    """A place `margin` inside the picture for something of this radius, touching nothing; it is taken then."""
    for _ in range(200):
        place = chance.uniform(margin, size[0] - margin), chance.uniform(margin, size[1] - margin)
        if all(math.dist(place, other) > radius + reach for other, reach in taken):
            taken.append((place, radius))
            return place
    return None


def _places_of_red_cells(chance: random.Random, size: int) -> list[Point]:
    """Scattered, seldom touching, clear of the middle."""
    places: list[Point] = []
    for _ in range(600):
        x, y = chance.uniform(-0.05, 1.05) * size, chance.uniform(-0.05, 1.05) * size
        clear = math.dist((x, y), (size / 2, size / 2)) > 0.33 * size
        if clear and all(math.dist((x, y), other) > 0.225 * size for other in places):
            places.append((x, y))
    return places


def _red_cell(picture: Image.Image, centre: Point, radius: float, chance: random.Random) -> None:
    outline = _blob(centre, radius, 0.05, chance)
    _paint(picture, [outline], RED_CELL, blur=radius * 0.05)
    _paint(picture, [_blob(centre, radius * 0.42, 0.06, chance)], PALLOR, blur=radius * 0.24)


def _white_cell(picture: Image.Image, centre: Point, radius: float, lobes: int, chance: random.Random) -> None:
    _paint(picture, [_blob(centre, radius, 0.035, chance)], CYTOPLASM, blur=radius * 0.03)
    granules = [_blob(_around(centre, radius * 0.9, chance), radius * 0.022, 0.1, chance) for _ in range(240)]
    _paint(picture, granules, GRANULE, blur=radius * 0.012, strength=0.55)

    turn = chance.uniform(0, math.tau)
    arc = [turn + (k - (lobes - 1) / 2) * 1.75 for k in range(lobes)]
    off, large = (0.44, 0.34) if lobes > 1 else (0.06, 0.7)  # one lobe is the round nucleus of a lymphocyte
    middles = [(centre[0] + off * radius * math.cos(a), centre[1] + off * radius * math.sin(a)) for a in arc]
    shapes = [_blob(middle, radius * large * chance.uniform(0.92, 1.06), 0.09, chance) for middle in middles]
    bridges = list(itertools.pairwise(middles))
    _paint(picture, shapes, NUCLEUS, blur=radius * 0.025, bridges=bridges, width=radius * 0.17)
    clumps = [
        _blob(_around(middle, radius * large * 0.7, chance), radius * chance.uniform(0.04, 0.09), 0.2, chance)
        for middle in middles
        for _ in range(9)
    ]
    _paint(picture, clumps, CHROMATIN, blur=radius * 0.04, strength=0.6)


def _paint(
    picture: Image.Image,
    shapes: list[list[Point]],
    colour: Colour,
    blur: float,
    strength: float = 1.0,
    bridges: list[tuple[Point, Point]] | None = None,
    width: float = 0,
) -> None:
    """Lay `colour` over the picture where the shapes are, with a soft edge."""
    xs, ys = [x for shape in shapes for x, _ in shape], [y for shape in shapes for _, y in shape]
    reach = math.ceil(4 * blur + width) + 2
    left, top = math.floor(min(xs)) - reach, math.floor(min(ys)) - reach
    mask = Image.new("L", (math.ceil(max(xs)) + reach - left, math.ceil(max(ys)) + reach - top))
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        draw.polygon([(x - left, y - top) for x, y in shape], fill=round(255 * strength))
    for bridge in bridges or []:
        draw.line([(x - left, y - top) for x, y in bridge], fill=255, width=round(width))
    picture.paste(colour, (left, top), mask.filter(ImageFilter.GaussianBlur(blur)))


def _blob(centre: Point, radius: float, unevenness: float, chance: random.Random) -> list[Point]:
    """A closed outline that wavers around a circle."""
    waves = [(k, chance.uniform(0, math.tau), chance.uniform(0, unevenness) * 2 / k) for k in (2, 3, 5)]
    outline = []
    for step in range(90):
        angle = step * math.tau / 90
        reach = radius * (1 + sum(depth * math.cos(k * angle + phase) for k, phase, depth in waves))
        outline.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return outline


def _around(centre: Point, radius: float, chance: random.Random) -> Point:
    angle, reach = chance.uniform(0, math.tau), radius * math.sqrt(chance.random())
    return centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)


def _grain(chance: random.Random, size: int) -> Image.Image:
    """Faint noise around mid-grey, as a camera adds."""
    small = Image.frombytes("L", (size // 2, size // 2), bytes(chance.choices(range(118, 139), k=(size // 2) ** 2)))
    grain = small.resize((size, size), Image.Resampling.BILINEAR)
    return Image.merge("RGB", (grain, grain, grain))
