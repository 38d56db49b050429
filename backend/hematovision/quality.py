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
from hematovision.kinds import PLATELET


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


def quality_of(frame: NDArray[np.uint8], background: Colour) -> Quality:
    """The standard picture (size, size, 3) of a cell, and the background that its picture had."""
    return Quality(sharpness(frame), stain(frame), float(np.mean(background)))


def sharpness(frame: NDArray[np.uint8]) -> float:
    """(size, size, 3) -> above 0: how strong the second differences are against the first, which falls with every blur
    and does not rise with contrast (a Laplacian focus measure: Pertuz et al., Pattern Recognition 2013;46:1415)."""
    green = frame[..., 1].astype(np.float32)
    across, down = np.diff(green, axis=1), np.diff(green, axis=0)
    second = np.diff(across, axis=1)[1:-1] + np.diff(down, axis=0)[:, 1:-1]
    first = np.sqrt((across**2).mean() + (down**2).mean())
    return float(np.sqrt((second**2).mean()) / max(first, 1e-3))


def stain(frame: NDArray[np.uint8]) -> float:
    """(size, size, 3) -> the optical density over the slide's that a tenth of the places is above."""
    level = np.percentile(frame[::2, ::2].mean(axis=2, dtype=np.float32), 10)
    return float(np.log(WHITE / max(level, 1)))


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
