"""The cells of a picture that is a blood smear: in a smear whatever is darker than the bare slide is a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hematovision.background import background_of
from hematovision.images import RGB
from hematovision.locator import WINDOW, Fitted, Found, Network, locate

DARK = 0.85  # of the background's level, in the channel that absorbs most: what is below it is no bare slide
ENOUGH = 0.7  # of what is dark: a first look that explains it needs no second
# Of the share asked for, in a field of that many cells, one of them nucleated: where it is blurred many red cells are
# not seen, and some of Bangkok's fields were called no smear. Chosen on train and val rows, and on drawn
# pictures of other things, which seldom show so many cells.
HALF, MANY = 0.5, 10
_SIDE = 128  # about so many pixels of the longer side are looked at, in a regular grid


class Look(NamedTuple):
    """What was found in a picture, the `share` of what is dark that the cells above the limits explain, whether that is
    enough for a `smear`, and whether one of them is to classify then."""

    found: list[Found]
    share: float
    smear: bool
    answers: bool


def cells_of(rgb: RGB, network: Network, fitted: Fitted, least_score: float | None = None) -> list[Found]:
    """(H, W, 3) uint8 -> its cells, the best score first; none if it does not look like a smear. With `least_score`
    those below the fitted limits, too."""
    look = best_look(rgb, network, fitted, least_score)
    return look.found if look.smear else []


def best_look(rgb: RGB, network: Network, fitted: Fitted, least_score: float | None = None) -> Look:
    """The look that tells most.

    One cell may fill a picture, larger than any that the network knows; only parts of it are found then. So where
    nothing but red cells is found, or much stays unexplained, the picture is looked at from twice as far away, too.
    """
    looks: list[Look] = []
    for side in (WINDOW, WINDOW // 2):
        looks.append(_look(rgb, fitted, locate(rgb, network, fitted, side, least_score)))
        if looks[0].answers and looks[0].share > ENOUGH:
            break
    return max(looks, key=lambda look: (look.answers, look.share))


def _look(rgb: RGB, fitted: Fitted, found: list[Found]) -> Look:
    sure = fitted.sure(found)
    share, kinds = explained(rgb, sure), [each.kind for each in sure]
    part = HALF if len(kinds) >= MANY and "nucleated" in kinds else 1
    smear = share >= fitted.explained_from * part
    return Look(found, share, smear, smear and any(kind != "red" for kind in kinds))


def explained(rgb: RGB, found: Sequence[Found]) -> float:
    """(H, W, 3) uint8 and the cells located in it -> the share of what is dark that lies in a cell's box, 0..1; 0 if
    nothing is dark."""
    step = max(1, max(rgb.shape[:2]) // _SIDE)
    background, seen = background_of(rgb), rgb[::step, ::step]
    dark = np.logical_or.reduce([seen[..., channel] < DARK * background[channel] for channel in range(3)])
    within = np.zeros(dark.shape, bool)
    for each in found:
        x0, y0, x1, y1 = (round(corner / step) for corner in (each.x0, each.y0, each.x1, each.y1))
        within[y0 : y1 + 1, x0 : x1 + 1] = True
    return float((dark & within).sum() / dark.sum()) if dark.any() else 0.0
