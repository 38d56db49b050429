"""What a cell's size beside the red cells in its picture tells of its class, beside what the classifier says.

The classifier sees every cell as large as any other, since laboratories differ in scale, and so cannot know that a
lymphocyte is hardly larger than a red cell and a monocyte about twice as large. Red cells are a scale that every
picture brings along: they differ little in size between laboratories, and between people by a tenth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hematovision.locator import Found

RED = 3  # red cells in a picture, from which on they are a scale
ELSEWHERE = 0.1  # standard deviation, in logarithms, of how far a class's usual size lies at another laboratory
WRONG = 0.05  # share of the cells whose size is taken for measured wrongly, so that none decides alone
RANGE = 3.0  # in logarithms, over which such sizes lie: from a third to six times a red cell's
LEAST = 20  # cells of each class, beside red cells, from which on their sizes tell anything
# What the size tells counts so many times: at another laboratory a classifier is surer than it is right, and a cell as
# large as ever. Chosen, as the two above, by Barcelona's val rows and by Bangkok's train and val rows, left out.
WEIGHT = 1.5


@dataclass(frozen=True)
class Sizes:
    """Of each of K classes how large its cells are: `times` (K,), the usual longer side in longer sides of red cells,
    above 0, and `spread` (K,), the standard deviation of its natural logarithm, above 0. Both empty if nothing is
    known. Raises `ValueError` for what is no such figure."""

    times: tuple[float, ...]
    spread: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.times) != len(self.spread) or not all(0 < each < np.inf for each in self.times + self.spread):
            raise ValueError("sizes of the classes")

    def weighed(self, probabilities: NDArray[np.floating], beside: NDArray[np.floating]) -> NDArray[np.float64]:
        """The classifier's (N, K) in the light of the sizes (N,), as of `beside_red`: by Bayes' rule, as if looks and
        size erred independently of each other, what the size tells to the power of `WEIGHT`. Each row sums to 1; one
        without a size stays as it is."""
        if not self.times or not len(beside):
            return np.asarray(probabilities, np.float64)
        spread = np.array(self.spread)
        away = (np.log(beside)[:, np.newaxis] - np.log(self.times)) / spread
        measured = np.exp(-(away**2) / 2) / (spread * np.sqrt(2 * np.pi))
        told = ((1 - WRONG) * measured + WRONG / RANGE) ** WEIGHT
        likely = probabilities * np.where(np.isnan(away), 1, told)
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def beside_red(cells: Sequence[Found], found: Sequence[Found]) -> NDArray[np.float64]:
    """(N,) the longer sides of N cells in the median of those of all red cells `found` in the picture, cut ones too:
    half a red cell still has its longer side. NaN where fewer than `RED` were found."""
    red = [each.side for each in found if each.kind == "red"]
    unit = float(np.median(red)) if len(red) >= RED else np.nan
    return np.array([each.side / unit for each in cells], np.float64)


def usual_sizes(beside: NDArray[np.floating], classes: NDArray[np.integer], count: int) -> Sizes:
    """Of N cells their sizes (N,) as of `beside_red` and their classes (N,), each below `count`."""
    known = ~np.isnan(beside)
    logs = [np.log(beside[known & (classes == each)]) for each in range(count)]
    if min(map(len, logs)) < LEAST:
        return Sizes((), ())
    usual = [float(np.median(each)) for each in logs]
    # Not the standard deviation, which a few cells measured wrongly would widen: what it is of what else is normal.
    spread = [1.4826 * float(np.median(np.abs(each - middle))) for each, middle in zip(logs, usual, strict=True)]
    return Sizes(tuple(map(math.exp, usual)), tuple(math.hypot(each, ELSEWHERE) for each in spread))
