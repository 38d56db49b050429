"""What a laboratory's next slide could look like: one random variation of a picture of one cell.

A smear has no upright and no handedness, so rotation is free and mirrors are allowed. Stain is varied in optical
density, which is proportional to the amount of dye (Beer-Lambert; Ruifrok and Johnston, Anal Quant Cytol Histol
2001;23:291): strength is a factor there, and a dye's colour a small mixing of channels.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hematovision.background import WHITE
from hematovision.images import RGB
from hematovision.training.optics import worse


@dataclass(frozen=True)
class Augmentation:
    """How far each variation goes; the defaults suit Romanowsky stains (Wright, May-Gruenwald-Giemsa)."""

    zoom: tuple[float, float] = (0.8, 1.2)  # size of the cell in the picture, as a factor
    shift: float = 0.06  # of the side, either way
    strength: tuple[float, float] = (0.35, 1.6)  # of the stain, as a factor of optical density
    curve: tuple[float, float] = (0.6, 1.7)  # exponent of the density: what is pale, against a dark nucleus
    channel: float = 0.25  # strength of each channel on its own, +-
    mixing: float = 0.1  # standard deviation of what leaks from one channel's density into another's
    brightness: tuple[float, float] = (0.88, 1.06)  # what is left of the lamp's, as a factor of intensity
    blur: float = 1.6  # largest radius in pixels at the input's size; half of the pictures stay sharp
    jpeg_quality: tuple[int, int] = (40, 95)  # one picture in three is compressed again
    convolved: float = 0.35  # largest share, in one picture in two, of what a random convolution makes of it
    optics: float = 1.0  # how poor microscope and camera may be, as of `optics.worse`
    poor: float = 0.5  # share of the pictures that are seen through such optics


def augmented(rgb: RGB, size: int, how: Augmentation, random: np.random.Generator) -> RGB:
    """The standard picture of one cell with room around it (H, W, 3) uint8 -> (size, size, 3) uint8 out of its middle,
    varied; the same generator state gives the same picture."""
    picture = _turned(rgb, size, how, random)
    if random.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0, how.blur)))
    rgb = restained(np.asarray(picture), how, random)
    if random.random() < 1 / 3:
        rgb = recompressed(rgb, int(random.integers(*how.jpeg_quality)))
    if random.random() < 0.5:
        rgb = convolved(rgb, random.uniform(0, how.convolved), random)
    return worse(rgb, how.optics, random) if random.random() < how.poor else rgb


def _turned(rgb: RGB, size: int, how: Augmentation, random: np.random.Generator) -> Image.Image:
    """Rotate, mirror, zoom and shift in one resampling; what comes in from outside is bare slide."""
    height, width = rgb.shape[:2]
    angle = random.uniform(0, 2 * math.pi)
    scale = 1 / random.uniform(*how.zoom)
    mirror = 1 if random.random() < 0.5 else -1
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    shift_x, shift_y = random.uniform(-how.shift, how.shift, 2) * size
    # Pillow wants the way back: output (x, y) -> input (a x + b y + c, d x + e y + f).
    a, b, d, e = mirror * cosine, -sine, mirror * sine, cosine
    c = width / 2 + shift_x - a * size / 2 - b * size / 2
    f = height / 2 + shift_y - d * size / 2 - e * size / 2
    return Image.fromarray(rgb).transform(
        (size, size), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR, fillcolor=(WHITE,) * 3
    )


def restained(rgb: RGB, how: Augmentation, random: np.random.Generator) -> RGB:
    """(H, W, 3) uint8 as another stain, lamp or camera could show it."""
    density = _curved(math.exp(random.uniform(*np.log(how.curve))))[rgb]
    channels = random.uniform(*how.strength) * random.uniform(1 - how.channel, 1 + how.channel, 3)
    mixing = np.diag(channels) + random.normal(0, how.mixing, (3, 3)) * (1 - np.eye(3))
    mixed = density.reshape(-1, 3) @ mixing.astype(np.float32)
    intensity = 255 * random.uniform(*how.brightness) * np.exp(-mixed)
    return np.clip(intensity, 0, 255).astype(np.uint8).reshape(rgb.shape)


def recompressed(rgb: RGB, quality: int) -> RGB:
    """What JPEG leaves of a picture at a quality of 1..95."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def convolved(rgb: RGB, share: float, random: np.random.Generator) -> RGB:
    """(H, W, 3) uint8 mixed with `share`, 0..1, of what a random 3 x 3 convolution over all channels makes of it:
    another texture and colour, the same shapes, so that the shapes are learned (Xu et al., Robust and Generalizable
    Visual Representation Learning via Random Convolutions, ICLR 2021)."""
    kernel = random.normal(0, 1 / 27**0.5, (3, 3, 3, 3)).astype(np.float32)
    height, width = rgb.shape[:2]
    around = np.pad(rgb.astype(np.float32) - 128, ((1, 1), (1, 1), (0, 0)), mode="edge")
    made = sum(around[y : y + height, x : x + width] @ kernel[y, x] for y in range(3) for x in range(3))
    made = made / max(float(np.std(made)), 1e-3) * float(np.std(rgb))
    mixed = (1 - share) * around[1:-1, 1:-1] + share * made + 128
    return np.asarray(mixed.clip(0, 255).astype(np.uint8))


def _curved(exponent: float) -> NDArray[np.float32]:
    """(256,) the density of each level when what is over the background's is raised to this power and a nucleus's
    stays; cameras differ in that as lamps do in brightness."""
    over = _DENSITY - _DENSITY[WHITE]
    curved = np.sign(over) * _NUCLEUS * (np.abs(over) / _NUCLEUS) ** exponent + _DENSITY[WHITE]
    return np.asarray(curved, np.float32)


# Optical density of each level; level 0 counts as 1, for the logarithm.
_DENSITY = -np.log(np.maximum(np.arange(256, dtype=np.float32), 1) / 255)
_NUCLEUS = 0.9  # density of a nucleus, as stains commonly have it
