"""How good a picture of a cell is: in focus, lit, stained. Where a model is unsure, it tells what may be amiss.

It decides nothing: of val cells blurred, dimmed or bleached on purpose, those that the model stayed sure of were right
as often as before (README's decisions), so that calling them doubtful would only have made work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hematovision.background import WHITE, Colour

PLATELET = "platelet"


class Quality(NamedTuple):
    """Of one cell: `sharpness`, above 0; `stain`, the optical density above which its darkest tenth lies; `light`, the
    level of the bare slide around it, 0..255, its colours' mean."""

    sharpness: float
    stain: float
    light: float


@dataclass(frozen=True)
class Accepted:
    """The limits, fitted on val cells: the least sharpness of a nucleated cell and of a platelet, the stain of a
    nucleus from and to, the least light. Of each laboratory's cells a share `rate` at least keeps each of them."""

    sharp_from: float
    sharp_platelet_from: float
    stain_from: float
    stain_to: float
    light_from: float
    rate: float

    def reasons(self, kind: str, quality: Quality) -> list[str]:
        """What is wrong with the picture of a cell of this kind, in sentences; nothing of a good one."""
        sharp_from = self.sharp_platelet_from if kind == PLATELET else self.sharp_from
        beyond = f"than in {self.rate:.1%} of validation's cells"
        found = []
        if quality.sharpness < sharp_from:
            found.append(
                f"It is blurred: less sharp ({quality.sharpness:.2f}) {beyond} ({sharp_from:.2f}). Focus, or choose a "
                "higher magnification, and photograph it again."
            )
        if quality.light < self.light_from:
            found.append(
                f"The picture is dark: the bare slide is at {quality.light:.0f} of 255, lower {beyond} "
                f"({self.light_from:.0f}). Photograph it with more light."
            )
        if kind != PLATELET and not self.stain_from <= quality.stain <= self.stain_to:
            pale = quality.stain < self.stain_from
            limit = self.stain_from if pale else self.stain_to
            found.append(
                f"Its nucleus is {'paler' if pale else 'darker'} (density {quality.stain:.2f}) {beyond} ({limit:.2f}). "
                f"Look at the stain, and whether there was too {'much' if pale else 'little'} light."
            )
        return found


def qualities(frames: NDArray[np.uint8], background: Colour) -> list[Quality]:
    """Standard pictures (N, size, size, 3) of cells in one picture, whose `background` they had."""
    sharp, stained, light = sharpness(frames), stain(frames), float(np.mean(background))
    return [Quality(*each, light) for each in zip(sharp.tolist(), stained.tolist(), strict=True)]


def sharpness(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, size, size, 3) -> (N,) above 0: how strong the second differences are against the first, which falls with
    every blur and does not rise with contrast (a Laplacian focus measure: Pertuz et al., Pattern
    Recognition 2013;46:1415)."""
    green = frames[..., 1].astype(np.float32)
    across, down = np.diff(green, axis=2), np.diff(green, axis=1)
    second = np.diff(across, axis=2)[:, 1:-1] + np.diff(down, axis=1)[:, :, 1:-1]
    first = np.sqrt((across**2).mean(axis=(1, 2)) + (down**2).mean(axis=(1, 2)))
    return np.asarray(np.sqrt((second**2).mean(axis=(1, 2))) / np.maximum(first, 1e-3), np.float64)


def stain(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, size, size, 3) -> (N,): the optical density over the slide's that a tenth of the places is above."""
    if not len(frames):
        return np.empty(0)
    levels = frames[:, ::2, ::2].mean(axis=3, dtype=np.float32)
    level = np.percentile(levels.reshape(len(frames), -1), 10, axis=1)
    return np.asarray(np.log(WHITE / np.maximum(level, 1)), np.float64)


def fitted(labs: Sequence[str], kinds: Sequence[str], cells: Sequence[Quality], rate: float) -> Accepted:
    """The limits that a share `rate` of the cells (N) of each laboratory keeps; those of the most lenient one. Where no
    platelet was seen, one may be as blurred as a nucleated cell."""
    values, of_lab, platelet = np.array(cells), np.array(labs), np.array(kinds) == PLATELET

    def limit(column: int, share: float, chosen: NDArray[np.bool_]) -> float:
        each = [values[chosen & (of_lab == lab), column] for lab in sorted(set(of_lab[chosen]))]
        bounds = [float(np.quantile(of_one, share)) for of_one in each]
        return min(bounds) if share < 0.5 else max(bounds)

    return Accepted(
        sharp_from=limit(0, 1 - rate, ~platelet),
        sharp_platelet_from=limit(0, 1 - rate, platelet if platelet.any() else ~platelet),
        stain_from=limit(1, 1 - rate, ~platelet),
        stain_to=limit(1, rate, ~platelet),
        light_from=limit(2, 1 - rate, np.ones(len(values), bool)),
        rate=rate,
    )
