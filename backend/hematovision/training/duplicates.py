"""Pictures that show one thing twice: copies (turned, mirrored, saved again) and overlapping cuts of one field.

Every picture is compared with every other by correlation, first 16 x 16 and then, where that is high, 32 x 32. No
perceptual hash stands in between: crops with a white cell in the middle have nearly the same 64-bit pHash. Over the
11,439 pictures of the four laboratories, eight orientations each, 7,445 pairs lie within the 10 bits that 92 % of
the true pairs need; it sees no shift at all; and the products of matrices done here take no longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.images import RGB
from hematovision.progress import Progress

Grey = NDArray[np.uint8]  # (..., SIDE, SIDE), 0 to 255
Relief = NDArray[np.float32]  # (N, side, side): brightness against its surroundings, see `_relief`

SIDE = 64
COARSE, FINE = 16, 32
FURTHEST = 6  # of COARSE: cuts of one field are found up to 3/8 of the side apart
SCALES = (0.92, 0.96, 1.0, 1.04, 1.09)  # of the second picture: two cameras on one cell
BLOCK = 500  # pictures compared at once with all others: some 20 MB, which is faster than more

# Measured on all 11,439 pictures of the four laboratories. 2,212 pairs of two groups correlate coarsely above 0.58. Of
# these, seen by eye from the highest down, those of one thing correlate finely at 0.75 or more and others at 0.69 or
# less (lymphocytes of BCCD, cut closely); one pair of Raabin's fields at 0.58 is one cell all the same, and is missed.
# Coarsely, true pairs go down to 0.62. Saved as JPEG at quality 40 or 15 % brighter, 420 pictures have 0.94 or more.
CANDIDATE = 0.58
LIMIT = 0.73

View = tuple[int, int, int]  # (turn 0 to 7: quarters, from 4 on mirrored before; shift down, right in cells of COARSE)
TURNS: tuple[View, ...] = tuple((turn, 0, 0) for turn in range(8))
SHIFTS: tuple[View, ...] = tuple(
    (0, down, right)
    for down in range(-FURTHEST, FURTHEST + 1)
    for right in range(-FURTHEST, FURTHEST + 1)
    if (down, right) != (0, 0)
)


@dataclass(frozen=True, order=True)
class Pair:
    """Two pictures by position, `first` < `second`, and how alike they are, 1 at most. The first is the second one
    `turned` (0 to 7) and then moved by `shift`, a share of the side, down and right."""

    first: int
    second: int
    score: float
    turned: int
    shift: tuple[float, float]

    @property
    def copy(self) -> bool:
        """Whether the middle of both shows the same; otherwise they are two cuts of one field."""
        return max(map(abs, self.shift)) <= 1 / COARSE


def grey(rgb: RGB) -> Grey:
    """(H, W, 3) uint8, any size -> (SIDE, SIDE) uint8: the mean over each piece, the whole picture squeezed square."""
    light = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    rows, columns = (_pieces(length) for length in light.shape)
    return np.rint(rows @ light @ columns.T).astype(np.uint8)


def find_pairs(greys: Grey, parts: Sequence[str], progress: Progress, shifted: bool = True) -> list[Pair]:
    """Every pair of `greys` (N, SIDE, SIDE) that shows one thing, in order.

    Turned and mirrored copies are looked for among all, shifted cuts only within one of the `parts` (N names): where
    the microscope is another, so is the field. Half a minute of one core and 200 MB for the four laboratories.
    """
    everything = np.arange(len(greys))
    work = [(everything, TURNS)] if len(greys) else []
    if shifted:
        names = np.array(parts)
        work += [(everything[names == name], SHIFTS) for name in sorted(set(parts))]
    total = sum(len(views) for _, views in work)
    coarse, done = _relief(greys, COARSE), 0
    found: dict[tuple[int, int], Pair] = {}
    for members, views in work:
        for view in views:
            first, second = _candidates(coarse[members], view)
            for pair in _verified(greys, members[first], members[second], view):
                known = found.get((pair.first, pair.second))
                if known is None or pair.score > known.score:
                    found[pair.first, pair.second] = pair
            done += 1
            progress("comparing", done, total)
    return sorted(found.values())


def _candidates(coarse: Relief, view: View) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions, each first one before its second, of pairs above `CANDIDATE` in this view."""
    ones, others = _unit(_seen(coarse, view)), _unit(_seen(_turned(coarse, view[0]), _back(view)))
    pairs = [np.empty((2, 0), np.intp)]
    for start in range(0, len(ones), BLOCK):
        alike = ones[start : start + BLOCK] @ others[start:].T > CANDIDATE
        some = np.flatnonzero(alike.any(axis=1))  # hardly any row has one: to look for places in all takes long
        first, second = np.nonzero(alike[some])
        pairs.append(np.stack([some[first], second])[:, some[first] < second] + start)
    first, second = np.concatenate(pairs, axis=1)
    return first, second


def _verified(greys: Grey, first: NDArray[np.intp], second: NDArray[np.intp], view: View) -> Iterator[Pair]:
    """The pairs that are alike when looked at finely too: at the best of some scales and small shifts.

    Of a pair with a shift, either order is another view, so what stands the other way round comes by itself.
    """
    for start in range(0, len(first), BLOCK):
        one, other = first[start : start + BLOCK], second[start : start + BLOCK]
        fine = _relief(greys[one], FINE)
        turned = _turned(greys[other], view[0])
        best, where = np.full(len(one), -1.0), np.zeros((len(one), 2))
        for scale in SCALES:
            scaled = _relief(_zoomed(turned, scale), FINE)
            for down in range(2 * view[1] - 1, 2 * view[1] + 2):
                for right in range(2 * view[2] - 1, 2 * view[2] + 2):
                    moved = (view[0], down, right)
                    score = (_unit(_seen(fine, moved)) * _unit(_seen(scaled, _back(moved)))).sum(axis=1)
                    better = score > best
                    best[better], where[better] = score[better], (down / FINE, right / FINE)
        for k in np.flatnonzero(best > LIMIT):
            shift = (float(where[k, 0]), float(where[k, 1]))
            yield Pair(int(one[k]), int(other[k]), round(float(best[k]), 3), view[0], shift)


def _pieces(length: int) -> NDArray[np.float32]:
    """(SIDE, length): the share that each of `length` pixels has in the mean over each of SIDE equal pieces."""
    ends = np.arange(SIDE + 1)[:, np.newaxis] * length / SIDE
    covered = np.clip(ends - np.arange(length), 0, 1)
    return (np.diff(covered, axis=0) * SIDE / length).astype(np.float32)


def _relief(greys: NDArray[Any], side: int) -> Relief:
    """(N, SIDE, SIDE) -> (N, side, side): brightness minus its local mean, over its local spread.

    What is pale then counts like what is dark: two platelets of Barcelona's, each alone on an empty background,
    correlate at 0.78 without the division and at 0.57 with it. Two levels are taken for noise.
    """
    step, reach = SIDE // side, side // 16
    small = greys.astype(np.float32).reshape(-1, side, step, side, step).mean((2, 4))
    high = small - _local_mean(small, reach)
    relief: Relief = high / (np.sqrt(_local_mean(high * high, {COARSE: 3, FINE: 4}[side])) + 2)
    return relief


def _local_mean(values: Relief, reach: int) -> Relief:
    """The mean over (2 reach + 1) squared values around each, the edge repeated."""
    width = 2 * reach + 1
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (reach, reach)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, pad, mode="edge"), width, axis)
        values = windows.mean(-1)
    return values


def _turned(pictures: NDArray[Any], turn: int) -> NDArray[Any]:
    return np.rot90(pictures[:, :, ::-1] if turn >= 4 else pictures, turn % 4, (1, 2))


def _seen(pictures: Relief, view: View) -> Relief:
    """What of each picture the other one shows too when it lies shifted by `view`."""
    _, down, right = view
    height, width = pictures.shape[1:]
    return pictures[:, max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]


def _back(view: View) -> View:
    return view[0], -view[1], -view[2]


def _unit(pictures: Relief) -> Relief:
    """(N, h, w) -> (N, h * w) of mean 0 and length 1: products of rows are correlations."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    unit: Relief = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)
    return unit


def _zoomed(greys: Grey, scale: float) -> NDArray[np.float32]:
    """The pictures with `scale` of their side shown over the whole of it, bilinear, the edge repeated."""
    middle = (SIDE - 1) / 2
    place = np.clip((np.arange(SIDE) - middle) * scale + middle, 0, SIDE - 1)
    before = np.minimum(place.astype(int), SIDE - 2)
    weights = np.zeros((SIDE, SIDE), np.float32)
    weights[np.arange(SIDE), before] = 1 - (place - before)
    weights[np.arange(SIDE), before + 1] += place - before
    zoomed: NDArray[np.float32] = weights @ greys.astype(np.float32) @ weights.T
    return zoomed
