"""Pictures of no smear: what the locator must find nothing in.

None of them shows anything. Shapes that hide each other and noise with more of the coarse than of the fine have the
statistics of photographs, and networks learn much about photographs from them (Baradad et al., Learning to See by
Looking at Noise, arXiv:2106.05963). Round shapes are left out: a disc may be a red cell.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hematovision.background import background_of, divide_out
from hematovision.images import RGB
from hematovision.locator import WINDOW

Floats = NDArray[np.float64]


def no_smear(random: np.random.Generator) -> RGB:
    """(256, 256, 3) uint8 with its background at 240: any of `MAKERS`."""
    makers, shares = zip(*MAKERS.values(), strict=True)
    levels = makers[int(random.choice(len(makers), p=shares))](random).clip(0, 255).astype(np.uint8)
    return divide_out(levels, background_of(levels))


def _shapes(random: np.random.Generator) -> Floats:
    """Slabs, corners and bars, each shaded and of its own roughness, one over the other: a scene of things."""
    scene = _sheet(random)
    palette = [_colour(random) for _ in range(int(random.integers(2, 8)))]
    surfaces = [1 + random.uniform(0, 0.25) * _rough(random, random.uniform(0.5, 2)) for _ in range(2)]
    for _ in range(int(random.integers(5, 120))):
        size = WINDOW * random.uniform(0.15, 1) ** 2
        angles = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(3, 7))))
        stretch = random.uniform(0.15, 1, 2)
        corners = random.uniform(0, WINDOW, 2) + size * stretch * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        shape = Image.new("1", (WINDOW, WINDOW))
        ImageDraw.Draw(shape).polygon([(x, y) for x, y in corners.tolist()], fill=1)
        inside = np.asarray(shape)
        shade = (_slope(random, 0.6) * surfaces[int(random.integers(2))])[inside, np.newaxis]
        scene[inside] = shade * palette[int(random.integers(len(palette)))]
    picture = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    soft = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 2)))
    return np.asarray(soft) + random.normal(0, random.uniform(0, 6), (WINDOW, WINDOW, 1))


def _noise(random: np.random.Generator) -> Floats:
    """Coarse and fine noise, from grey to gaudy."""
    fall = random.uniform(0, 2)
    light, *tints = (_rough(random, fall)[..., np.newaxis] for _ in range(3))
    gaudy = random.uniform(0, 1) ** 2
    mixed = light + gaudy * sum(tint * random.normal(0, 1, 3) for tint in tints)
    return random.uniform(10, 60) * mixed + _colour(random)


def _fibres(random: np.random.Generator) -> Floats:
    """Streaks of pink and purple, as in a section of tissue."""
    along = random.uniform(2, 10)
    streaks, nuclei = (_rough(random, random.uniform(0.8, 1.6), along) for _ in range(2))
    amount = np.stack([random.uniform(0.1, 0.5) * np.exp(streaks / 2), 0.4 * np.maximum(nuclei - 0.8, 0)], axis=-1)
    density = amount @ np.array([(0.2, 0.9, 0.5), (1.5, 2, 0.9)])
    return np.rot90(240 * np.exp(-density), int(random.integers(4)))


def _writing(random: np.random.Generator) -> Floats:
    """Lines of letters and a rule or two on paper or on a screen."""
    paper, ink = _colour(random) if random.random() < 0.5 else np.full(3, 245.0), _colour(random) * 0.3
    if random.random() < 0.3:
        paper, ink = ink, paper
    picture = Image.new("RGB", (WINDOW, WINDOW), tuple(paper.astype(int).tolist()))
    pen, fill = ImageDraw.Draw(picture), tuple(ink.astype(int).tolist())
    top = float(random.uniform(-10, 20))
    while top < WINDOW:
        size = float(random.choice([8, 10, 12, 16, 24, 48]))
        letters = "".join(map(chr, random.integers(33, 122, int(random.integers(3, 40)))))
        pen.text((random.uniform(-20, 60), top), letters, fill=fill, font=ImageFont.load_default(size))
        top += size * random.uniform(1.1, 2)
        if random.random() < 0.15:
            pen.line([(0, top), (WINDOW, top)], fill=fill, width=int(random.integers(1, 4)))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.2))), np.float64)


def _sheet(random: np.random.Generator) -> Floats:
    """One colour, running into another, with a little grain."""
    share = (_slope(random, 1.0)[..., np.newaxis] / 2).clip(0, 1)
    grain = random.normal(0, random.uniform(0, 5), (WINDOW, WINDOW, 1))
    return share * _colour(random) + (1 - share) * _colour(random) + grain


def _colour(random: np.random.Generator) -> Floats:
    """Any colour, greys among them."""
    saturation = random.uniform(0, 1) ** 1.5
    return np.asarray(255 * np.array(colorsys.hsv_to_rgb(random.random(), saturation, random.uniform(0.1, 1))))


def _slope(random: np.random.Generator, most: float) -> Floats:
    """(256, 256) around 1: brighter towards one side."""
    along = np.linspace(-1, 1, WINDOW)
    down, across = random.uniform(-most, most, 2) / 2
    return np.asarray(1 + down * along[:, np.newaxis] + across * along)


def _rough(random: np.random.Generator, fall: float, along: float = 1.0) -> Floats:
    """(256, 256) of mean 0 and standard deviation 1: noise whose amplitude falls with frequency to the power `fall`,
    drawn out `along` times."""
    down, across = np.fft.fftfreq(WINDOW)[:, np.newaxis], np.fft.rfftfreq(WINDOW)
    frequency = np.hypot(down, across * along)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(random.normal(size=(WINDOW, WINDOW))) / frequency**fall
    picture = np.fft.irfft2(spectrum, (WINDOW, WINDOW))
    return np.asarray(picture / picture.std())


# What is shown -> who draws it, (256, 256, 3) of 0..255 or a little beyond, and how often.
MAKERS: dict[str, tuple[Callable[[np.random.Generator], Floats], float]] = {
    "things": (_shapes, 0.45),
    "noise": (_noise, 0.2),
    "fibres of tissue": (_fibres, 0.15),
    "writing": (_writing, 0.12),
    "sheets": (_sheet, 0.08),
}
