"""What a cell looks like in 64 bits: the signs of the coarsest waves of its brightness, one bit each. By it one cell in
two overlapping pictures is known again (a perceptual hash by cosine waves: Zauner, Implementation and Benchmarking of
Perceptual Image Hash Functions, 2010). Nobody can be told by it, and no picture be made from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

AROUND = 1.2  # times the longer side of the cell's box: what else lies around it differs with the picture's edge
_SIDE, _WAVES = 32, 9
_BITS = 64
_NOISE = 1e-6  # of rounding, where a wave is not there
# (waves, pixels): the cosines of a discrete cosine transform, the level one first.
_COSINES = np.cos(np.pi * np.outer(np.arange(_WAVES), np.arange(_SIDE) + 0.5) / _SIDE)


def sketch(frame: NDArray[np.uint8], context: float = AROUND) -> str:
    """The standard picture of one cell (S, S, 3), S at least 32, `context` times the longer side of its box wide, of
    which at most `AROUND` times that is looked at -> 16 hexadecimal digits."""
    side = max(_SIDE, round(len(frame) * min(1, AROUND / context)))
    start = (len(frame) - side) // 2
    frame = frame[start : start + side, start : start + side]
    ends = np.linspace(0, len(frame), _SIDE + 1).astype(int)
    pieces, lengths = ends[:-1], np.diff(ends)
    lines = np.add.reduceat(frame.reshape(len(frame), -1), pieces, axis=0, dtype=np.int64)  # colours side by side
    sums = np.add.reduceat(lines, 3 * pieces, axis=1)
    waves = _COSINES @ (sums / np.outer(lengths, lengths)) @ _COSINES.T
    return np.packbits(waves.ravel()[1 : 1 + _BITS] > _NOISE).tobytes().hex()  # the first is brightness alone


def bits(sketches: Sequence[str]) -> NDArray[np.uint64]:
    """(N,), each sketch as one number: of two of them exclusive or tells the bits that differ."""
    return np.array([int(each, 16) for each in sketches], np.uint64)
