"""The cells of a picture that is a blood smear: in a smear whatever is darker than the bare slide is a cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hematovision.background import background_of
from hematovision.images import RGB
from hematovision.locator import WINDOW, Fitted, Found, Network, locate

DARK = 0.85  # of the background's level, in the channel that absorbs most: what is below it is no bare slide
ENOUGH = 0.7  # of what is dark: a first look that explains it needs no second
_SIDE = 128  # about so many pixels of the longer side are looked at, in a regular grid


def cells_of(rgb: RGB, network: Network, fitted: Fitted, least_score: float | None = None) -> list[Found]:
    """(H, W, 3) uint8 -> its cells, the best score first; none if it does not look like a smear. With `least_score`
    those below the fitted limits, too."""
    found, share = best_look(rgb, network, fitted, least_score)
    return found if share >= fitted.explained_from else []


def best_look(
    rgb: RGB, network: Network, fitted: Fitted, least_score: float | None = None
) -> tuple[list[Found], float]:
    """The cells located, and the share of what is dark that those above the limits explain.

    One cell may fill a picture, larger than any that the network knows; only parts of it are found then. So where
    nothing but red cells is found, or much stays unexplained, the picture is looked at from twice as far away, too.
    """
    looks = []
    for side in (WINDOW, WINDOW // 2):
        found = locate(rgb, network, fitted, side, least_score)
        sure = fitted.sure(found)
        share = explained(rgb, sure)
        looks.append((any(each.kind != "red" for each in sure) and share >= fitted.explained_from, share, found))
        if looks[0][0] and share > ENOUGH:
            break
    _, share, found = max(looks, key=lambda look: look[:2])
    return found, share


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
