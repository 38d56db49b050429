"""What the locator learns from: windows cut out of fields and crops, varied, with the answer wanted.

Cells come at every size that a microscope and a camera make of them; stain and light vary as in `augment`. Cells and
platelets of other pictures are laid over some windows, multiplied as light through two layers is, so that nuclei that
touch and clumps of platelets are met more often than the smears at hand show them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hematovision.background import WHITE
from hematovision.images import RGB, resize
from hematovision.locator import KINDS, WINDOW
from hematovision.training.augment import Augmentation, recompressed, restained
from hematovision.training.faded import faded
from hematovision.training.no_smear import no_smear
from hematovision.training.optics import CELL, shaded, worse

NUCLEATED, PLATELET, RED = (KINDS.index(kind) for kind in ("nucleated", "platelet", "red"))

SHARES = (1.0, 0.23, 0.53)  # what the longer side of each kind commonly is of a nucleated cell's

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Variation:
    """How windows vary."""

    sizes: tuple[float, float] = (42, 190)  # of a nucleated cell in the window, in pixels; the middle is commonest
    small_sizes: tuple[float, float] = (18, 70)  # the same where many pictures are laid side by side
    side_by_side: float = 0.3  # share of windows made so: dense fields of small cells
    stain: Augmentation = Augmentation(strength=(0.45, 1.6), blur=1.2)
    overlaid: float = 0.35  # share of the others over which objects of other pictures are laid
    shade: float = 0.5  # how much darker one side or the rim may be, as a share
    faded: float = 0.3  # share of the nucleated cells whose cytoplasm is made paler
    no_smear: float = 0.06  # share of windows in which there is no smear at all
    poor: float = 0.5  # share of windows that are seen through poor optics, as of `optics.worse`


@dataclass(frozen=True)
class Scene:
    """A picture with the boxes known in it, or a part of one: `rgb` (H, W, 3) uint8 with its background at 240; `boxes`
    (N, 4) x0, y0, x1, y1 in its pixels, of `kinds` (N,). `size`: the longer side of a nucleated cell here, in pixels.
    `complete`: what has no box is background. `exact`: the boxes are whole cells; otherwise only their centres count,
    their size being a guess."""

    rgb: RGB
    boxes: Floats
    kinds: NDArray[np.int64]
    size: float
    complete: bool
    exact: bool


def window(
    scene: Scene, others: Sequence[Scene], small: Sequence[Scene], how: Variation, random: np.random.Generator
) -> Scene:
    """One varied window of 256 x 256 of `scene` or, now and then, of several `small` ones, which are complete, or of no
    smear; objects of `others`, which are exact, are laid over it. The same generator state gives the same window."""
    if random.random() < how.no_smear:
        cut = Scene(no_smear(random), np.empty((0, 4)), np.empty(0, np.int64), CELL, complete=True, exact=True)
    elif small and random.random() < how.side_by_side:
        cut = _side_by_side(small, how, random)
    else:
        cut = _cut(scene, how, random)
        if cut.exact:
            chosen = (cut.kinds == NUCLEATED) & (random.random(len(cut.boxes)) < how.faded)
            cut = replace(cut, rgb=faded(cut.rgb, cut.boxes[chosen], random))
        if cut.complete and others and random.random() < how.overlaid:
            cut = _overlaid(cut, others, random)
    cut = _turned(cut, random)
    rgb = cut.rgb
    if random.random() < 0.4:
        blurred = Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(random.uniform(0, how.stain.blur)))
        rgb = np.asarray(blurred)
    rgb = restained(rgb, how.stain, random)
    if random.random() < 0.3:
        rgb = shaded(rgb, how.shade, random)
    if random.random() < 0.3:
        rgb = recompressed(rgb, int(random.integers(*how.stain.jpeg_quality)))
    if random.random() < how.poor:
        rgb = worse(rgb, 1.0, random, cut.size)
    return replace(cut, rgb=rgb)


def shrunk(scene: Scene, size: float) -> Scene:
    """The scene at a scale at which its nucleated cells are `size` pixels, if that makes it smaller."""
    height, width = scene.rgb.shape[:2]
    factor = min(1.0, size / scene.size)
    new_width, new_height = max(8, round(width * factor)), max(8, round(height * factor))
    boxes = scene.boxes * np.tile([new_width / width, new_height / height], 2)
    return replace(scene, rgb=resize(scene.rgb, new_width, new_height), boxes=boxes, size=scene.size * factor)


def size_of(boxes: Floats, kinds: NDArray[np.int64], shape: tuple[int, ...]) -> float:
    """The median longer side of the nucleated cells in pixels; from red cells, platelets or the picture's `shape`
    where there is none."""
    longer = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    for kind in (NUCLEATED, RED, PLATELET):
        if (kinds == kind).any():
            return float(np.median(longer[kinds == kind]) / SHARES[kind])
    return 0.3 * float(max(shape[:2]))


def _cut(scene: Scene, how: Variation, random: np.random.Generator) -> Scene:
    """Scale so that cells get a drawn size, cut near one of them more often than not, and pad with bare slide."""
    height, width = scene.rgb.shape[:2]
    low, high = np.log(how.sizes)
    size = math.exp((random.uniform(low, high) + random.uniform(low, high)) / 2)
    factor = max(size / scene.size, 0.6 * WINDOW / max(height, width))
    new_width, new_height = max(8, round(width * factor)), max(8, round(height * factor))
    boxes = scene.boxes * np.tile([new_width / width, new_height / height], 2)
    chosen = np.flatnonzero(scene.kinds != RED)
    if len(chosen) and random.random() < 0.7:
        x0, y0, x1, y1 = boxes[random.choice(chosen)]
        corner = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) - random.uniform(0.1, 0.9, 2) * WINDOW
    else:
        corner = random.uniform(0, 1, 2) * (new_width - WINDOW, new_height - WINDOW)
    beyond = np.array([new_width - WINDOW, new_height - WINDOW])
    left, top = map(int, np.round(np.clip(corner, np.minimum(beyond, 0), np.maximum(beyond, 0))))

    # Only the part that is seen is resampled; at serving, too, nothing lies beyond the picture's edge.
    seen = (max(left, 0), max(top, 0), min(left + WINDOW, new_width), min(top + WINDOW, new_height))
    across, down = width / new_width, height / new_height
    in_source = (seen[0] * across, seen[1] * down, min(seen[2] * across, width), min(seen[3] * down, height))
    part = resize(scene.rgb, seen[2] - seen[0], seen[3] - seen[1], in_source)
    canvas = np.full((WINDOW, WINDOW, 3), WHITE, np.uint8)
    canvas[seen[1] - top : seen[3] - top, seen[0] - left : seen[2] - left] = part

    inside, kept = _inside(boxes - np.tile([left, top], 2), WINDOW, WINDOW)
    return Scene(canvas, inside, scene.kinds[kept], scene.size * factor, scene.complete, scene.exact)


def _side_by_side(scenes: Sequence[Scene], how: Variation, random: np.random.Generator) -> Scene:
    """Rows of small pictures, their cells of one size."""
    canvas = np.full((WINDOW, WINDOW, 3), WHITE, np.uint8)
    size = math.exp(random.uniform(*np.log(how.small_sizes)))
    boxes, kinds, top = [], [], 0
    while top < WINDOW:
        left, row = 0, 0
        while left < WINDOW:
            scene = scenes[int(random.integers(len(scenes)))]
            factor = size * random.uniform(0.85, 1.15) / scene.size
            height, width = (max(8, round(side * factor)) for side in scene.rgb.shape[:2])
            row = row or height
            tile = resize(scene.rgb, width, height)[:row, : WINDOW - left][: WINDOW - top]
            canvas[top : top + len(tile), left : left + tile.shape[1]] = tile
            scaled = scene.boxes * np.tile([width / scene.rgb.shape[1], height / scene.rgb.shape[0]], 2)
            inside, kept = _inside(scaled, tile.shape[1], len(tile))
            boxes.append(inside + np.tile([left, top], 2))
            kinds.append(scene.kinds[kept])
            left += width
        top += row
    return Scene(canvas, np.concatenate(boxes), np.concatenate(kinds), size, complete=True, exact=True)


def _inside(boxes: Floats, width: float, height: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The boxes of which at least a quarter lies within 0..width, 0..height, cut to it; and which those are."""
    cut = boxes.clip(0, np.tile([width, height], 2))
    sides, whole = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    kept = (sides.prod(axis=1) > 0.25 * whole.prod(axis=1)) & (sides > 3).all(axis=1)
    return cut[kept], kept


def _overlaid(into: Scene, others: Sequence[Scene], random: np.random.Generator) -> Scene:
    """Lay a few nucleated cells beside others, or some platelets close together, over the window."""
    here = into.boxes[into.kinds == NUCLEATED]
    clump = random.random() < 0.6  # else pale cells, whose lobes lie apart, teach that platelets close together are one
    kind = PLATELET if clump else NUCLEATED
    layer = into.rgb.astype(np.float32)
    boxes, kinds = list(into.boxes), list(into.kinds)
    middle = random.uniform(0.15, 0.85, 2) * WINDOW
    for _ in range(int(random.integers(2, 9)) if clump else int(random.integers(1, 4))):
        size = into.size * random.uniform(*((0.12, 0.45) if clump else (0.7, 1.2)))
        patch = _object(others, kind, size, random)
        if patch is None:
            break
        if clump:
            patch **= random.uniform(0.5, 1.2)  # as much paler or darker as platelets of one smear are
        away = random.uniform(0, 2 * np.pi)
        if clump:
            centre = middle + random.uniform(0, into.size * 0.5) * np.array([np.cos(away), np.sin(away)])
        elif len(here):
            beside = here[random.integers(len(here))]
            reach = (max(beside[2:] - beside[:2]) + max(patch.shape[:2]) / 1.2) / 2 * random.uniform(0.9, 1.15)
            centre = (beside[:2] + beside[2:]) / 2 + reach * np.array([np.cos(away), np.sin(away)])
        else:
            centre = random.uniform(0.1, 0.9, 2) * WINDOW
        box = _lay(layer, patch, centre)
        if box is not None:
            boxes.append(box)
            kinds.append(kind)
            if not clump:
                here = np.vstack([here.reshape(-1, 4), box])
    rgb = layer.clip(0, 255).astype(np.uint8)
    return replace(into, rgb=rgb, boxes=np.array(boxes).reshape(-1, 4), kinds=np.array(kinds, np.int64))


def _object(others: Sequence[Scene], kind: int, size: float, random: np.random.Generator) -> Floats | None:
    """A cell of that kind from another picture as transmittance (h, w, 3), a fifth wider than its box and fading to 1
    outside the ellipse in it."""
    for _ in range(10):
        scene = others[int(random.integers(len(others)))]
        chosen = np.flatnonzero(scene.kinds == kind)
        if not len(chosen):
            continue
        x0, y0, x1, y1 = scene.boxes[random.choice(chosen)]
        width, height = 1.2 * (x1 - x0), 1.2 * (y1 - y0)
        x, y = (x0 + x1 - width) / 2, (y0 + y1 - height) / 2
        if x < 0 or y < 0 or x + width > scene.rgb.shape[1] or y + height > scene.rgb.shape[0]:
            continue
        factor = 1.2 * size / max(width, height)
        sides = max(4, round(width * factor)), max(4, round(height * factor))
        patch = resize(scene.rgb, *sides, box=(x, y, x + width, y + height))
        light = np.rot90(patch / WHITE, int(random.integers(4)))
        down, across = (np.linspace(-1.2, 1.2, side) for side in light.shape[:2])
        beyond = np.hypot(down[:, np.newaxis], across)
        share = np.clip((1.15 - beyond) / 0.15, 0, 1)[..., np.newaxis]
        return np.asarray(light * share + (1 - share))
    return None


def _lay(layer: NDArray[np.float32], patch: Floats, centre: Floats) -> Floats | None:
    """Multiply the patch into the layer; its box within the window, or None if too little of it is inside."""
    height, width = patch.shape[:2]
    left, top = np.round(centre - (width / 2, height / 2)).astype(int)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, WINDOW), min(top + height, WINDOW)
    if (x1 - x0) * (y1 - y0) < 0.4 * width * height:
        return None
    layer[y0:y1, x0:x1] *= patch[y0 - top : y1 - top, x0 - left : x1 - left]
    side = np.array([width, height]) / 1.2
    box = np.concatenate([centre - side / 2, centre + side / 2]).clip(0, WINDOW)
    return box if (box[2:] - box[:2] > 3).all() else None


def _turned(cut: Scene, random: np.random.Generator) -> Scene:
    """A quarter turn or several, and a mirror: a smear has no upright and no handedness."""
    rgb, boxes = cut.rgb, cut.boxes
    for _ in range(random.integers(4)):
        rgb = np.rot90(rgb)
        boxes = np.stack([boxes[:, 1], WINDOW - boxes[:, 2], boxes[:, 3], WINDOW - boxes[:, 0]], axis=1)
    if random.random() < 0.5:
        rgb = rgb[:, ::-1]
        boxes = np.stack([WINDOW - boxes[:, 2], boxes[:, 1], WINDOW - boxes[:, 0], boxes[:, 3]], axis=1)
    return replace(cut, rgb=np.ascontiguousarray(rgb), boxes=boxes)
