"""RGB -> the cells in it, each a box with a score and a kind. Arrays in, boxes out; the network is handed in.

The network is a centre-point detector (Zhou et al., Objects as Points, arXiv:1904.07850): for every 4 x 4 pixels of a
256 px window, how likely each kind has its centre there, and where the box around that centre is. A picture is looked
at whole first. If its cells turn out far from the size that the network knows best, it is looked at again at the scale
that brings them there, window by window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hematovision.background import WHITE, Colour, background_of, divide_out
from hematovision.images import RGB, resize
from hematovision.peaks import STRIDE, Sought, candidates, overlap

KINDS = ("nucleated", "platelet", "red")  # white cells and erythroblasts; platelets; red cells without a nucleus

WINDOW = 256  # pixels a side of what the network sees
OVERLAP = 96  # pixels that neighbouring windows share at least: a cell whole in one of them, at the size aimed at
SLACK = 8  # pixels either side of the line between two windows where both keep what they see
AT_THE_EDGE = 0.06  # of a box's longer side
MOST_LOOKS = 4
MOST_ENLARGED = 2.0  # beyond this, pixels are only made up
LARGEST = 5120  # pixels on the longer side, be the cells ever so small: some 800 windows
LARGEST_EMPTY = 2048  # pixels on the longer side: a picture where nothing was found is not looked at any closer
_COMPARED = 64  # candidates at once with all others, so that memory is bounded

Floats = NDArray[np.floating]


Network = Callable[[NDArray[np.float32]], Sought]  # of (N, 256, 256, 3) float32 RGB in 0..255, background at 240


@dataclass(frozen=True)
class Fitted:
    """What was fitted with a locator on its labs' train and val fields.

    `limits`: the least score of a cell, by kind. `explained_from`: the least share of what is dark in a smear that lies
    in cells (see smear.py). `sizes`: the typical longer side of each kind, as a share of a
    nucleated cell's. `least`..`most`: pixels in a window across which nucleated cells are found well; `aim` is where
    they are brought if they are outside.
    """

    limits: tuple[float, float, float]
    sizes: tuple[float, float, float]
    least: float
    aim: float
    most: float
    explained_from: float

    def sure(self, found: Sequence[Found]) -> list[Found]:
        """Those above the limit of their kind."""
        return [each for each in found if each.score >= self.limits[KINDS.index(each.kind)]]


@dataclass(frozen=True)
class Found:
    """A cell: corners in pixels of the picture given, within it; its kind; the score 0..1; whether the picture's edge
    cuts it."""

    x0: float
    y0: float
    x1: float
    y1: float
    kind: str
    score: float
    edge: bool

    @property
    def side(self) -> float:
        """The longer side in pixels."""
        return max(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def centre(self) -> tuple[float, float]:
        """x, y in pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


def locate(
    rgb: RGB, network: Network, fitted: Fitted, side: int = WINDOW, least_score: float | None = None
) -> list[Found]:
    """(H, W, 3) uint8 -> its cells, the best score first: those above the fitted limits, or above `least_score`, when
    somebody wants to see what the limits leave out. At first the longer side is brought to `side` pixels."""
    background = background_of(rgb)
    longest = max(rgb.shape[:2])
    scale = side / longest
    closest = max(scale, min(MOST_ENLARGED, LARGEST_EMPTY / longest))
    closest_sure = max(scale, min(MOST_ENLARGED, LARGEST / longest))
    limits = fitted.limits if least_score is None else (least_score,) * len(KINDS)
    found: list[Found] = []
    for _ in range(MOST_LOOKS):
        size = [max(8, round(side * scale)) for side in rgb.shape[1::-1]]
        found = look(rgb, network, limits, (size[0], size[1]), background)
        sure = fitted.sure(found)
        better = min(scale * _step(sure, scale, fitted), closest_sure if sure else closest)
        if abs(better / scale - 1) < 0.1:
            break
        scale = better
    return found


def main_of(found: Sequence[Found], width: int, height: int) -> Found | None:
    """The main cell of a picture of that size: the nucleated one nearest the centre, else the platelet nearest it."""

    def distance(each: Found) -> tuple[bool, float]:
        x, y = each.centre
        return each.kind != "nucleated", math.hypot(x - width / 2, y - height / 2)

    return min((each for each in found if each.kind != "red"), key=distance, default=None)


def look(
    rgb: RGB,
    network: Network,
    limits: Sequence[float],
    size: tuple[int, int] | None = None,
    background: Colour | None = None,
) -> list[Found]:
    """(H, W, 3) uint8 -> the cells, in its pixels, looked at once: scaled to `size` (width, height) and with its
    `background` brought to 240, if these are given. One window is made at a time."""
    height, width = rgb.shape[:2]
    across, down = size or (width, height)
    lefts, tops = _starts(across), _starts(down)
    seen = []
    for row, column in product(range(len(tops)), range(len(lefts))):
        left, top = lefts[column], tops[row]
        part = _part(rgb, (left, top, min(left + WINDOW, across), min(top + WINDOW, down)), across, down)
        window = np.full((1, WINDOW, WINDOW, 3), WHITE, np.float32)
        window[0, : part.shape[0], : part.shape[1]] = part if background is None else divide_out(part, background)
        each = candidates(network(window), limits) + np.array([left, top, left, top, 0, 0])
        # Of what two windows see, each keeps the side that is further from its own edge, and a little more: they may
        # not agree to the pixel, and doubles go below.
        x, y = (each[:, 0] + each[:, 2]) / 2, (each[:, 1] + each[:, 3]) / 2
        seen.append(each[_within(x, lefts, column) & _within(y, tops, row)])
    kept = _without_doubles(np.concatenate(seen))
    kept[:, :4] = kept[:, :4].clip(0, np.tile([across, down], 2))
    kept = kept[(kept[:, 2] - kept[:, 0] > 2) & (kept[:, 3] - kept[:, 1] > 2)]
    # How far a box may end from the edge and still be cut by it: boxes are right to some hundredths of their side.
    margin = np.maximum(STRIDE / 2, AT_THE_EDGE * (kept[:, 2:4] - kept[:, :2]).max(axis=1, initial=0, keepdims=True))
    low, high = margin, np.array([across, down]) - margin
    edge = np.any((kept[:, :2] < low) | (kept[:, 2:4] > high), axis=1)
    kept[:, :4] = (kept[:, :4] * np.tile([width / across, height / down], 2)).clip(0, np.tile([width, height], 2))
    return [
        Found(x0, y0, x1, y1, kind=KINDS[int(kind)], score=score, edge=cut)
        for (x0, y0, x1, y1, score, kind), cut in zip(kept.tolist(), edge.tolist(), strict=True)
    ]


def _part(rgb: RGB, window: tuple[int, int, int, int], across: int, down: int) -> RGB:
    """What `window` (x0, y0, x1, y1) shows of the picture scaled to `across` x `down` pixels."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = window
    if (x0, y0, x1, y1) == (0, 0, across, down):
        return resize(rgb, across, down)
    if (across, down) == (width, height):
        return rgb[y0:y1, x0:x1]
    box = (x0 * width / across, y0 * height / down, min(x1 * width / across, width), min(y1 * height / down, height))
    return resize(rgb, x1 - x0, y1 - y0, box)


def _step(found: list[Found], scale: float, fitted: Fitted) -> float:
    """By what factor to change the scale: 1 if the cells are at a good size."""
    if not found:
        return 2.0
    size = scale * float(np.median([each.side / fitted.sizes[KINDS.index(each.kind)] for each in found]))
    return 1.0 if fitted.least <= size <= fitted.most else min(max(fitted.aim / size, 1 / 4), 4.0)


def _starts(length: int) -> list[int]:
    """Where windows start along a side, spread evenly."""
    if length <= WINDOW:
        return [0]
    windows = -(-(length - OVERLAP) // (WINDOW - OVERLAP))
    return [round(start) for start in np.linspace(0, length - WINDOW, windows)]


def _within(centre: Floats, starts: list[int], index: int) -> NDArray[np.bool_]:
    low = -np.inf if index == 0 else (starts[index - 1] + starts[index] + WINDOW) / 2 - SLACK
    high = np.inf if index == len(starts) - 1 else (starts[index] + starts[index + 1] + WINDOW) / 2 + SLACK
    return np.asarray((centre >= low) & (centre < high))


def _without_doubles(candidates: Floats) -> Floats:
    """Best first; a candidate goes where a better one of its kind overlaps it by half, or of another kind nearly
    wholly (non-maximum suppression)."""
    order = candidates[np.argsort(-candidates[:, 4], kind="stable")]
    kept = np.ones(len(order), bool)
    for start in range(0, len(order), _COMPARED):
        some = order[start : start + _COMPARED, np.newaxis]
        alike = np.where(some[..., 5] == order[:, 5], 0.5, 0.7)
        for index, doubles in enumerate(overlap(some[..., :4], order[:, :4]) > alike, start):
            if kept[index]:
                kept[index + 1 :] &= ~doubles[index + 1 :]
    return order[kept]
