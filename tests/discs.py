"""Fields of coloured discs, and networks that know them: each kind of cell swallows one colour of light and no other.

The slide between them is 240 in every channel, as serving makes it, so that the colours are what the networks expect.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hematovision.familiar import Familiar
from hematovision.head import Head
from hematovision.inference import InferenceService
from hematovision.kinds import LocatedAs
from hematovision.locator import KINDS, WINDOW, Fitted
from hematovision.peaks import STRIDE, Sought
from hematovision.quality import Accepted
from hematovision.road import Road
from hematovision.runtime import Networks, Outputs
from hematovision.sizes import Sizes
from pictures import RGB

SLIDE, SWALLOWED = 240, 40
FULL = 0.95  # of its box: what fills it so is no disc, of which it would be 0.79
CHANNEL = {"nucleated": 1, "platelet": 0, "red": 2}  # of light, that each kind swallows
SIZES = {"nucleated": 1.0, "platelet": 0.25, "red": 0.5}  # in nucleated cells

FITTED = Fitted(limits=(0.5, 0.5, 0.5), sizes=(1.0, 0.25, 0.5), least=50, aim=85, most=150, explained_from=0.2)


@dataclass(frozen=True)
class Disc:
    """One round cell."""

    x: float
    y: float
    diameter: float
    kind: str = "nucleated"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1."""
        radius = self.diameter / 2
        return self.x - radius, self.y - radius, self.x + radius, self.y + radius


def drawn_field(discs: Iterable[Disc], width: int, height: int) -> RGB:
    """(height, width, 3) uint8."""
    picture = np.full((height, width, 3), SLIDE, np.uint8)
    for each in discs:
        x0, y0, x1, y1 = (round(end) for end in each.box)
        rows, columns = np.arange(max(0, y0), min(height, y1 + 1)), np.arange(max(0, x0), min(width, x1 + 1))
        inside = np.hypot(rows[:, np.newaxis] + 0.5 - each.y, columns + 0.5 - each.x) <= each.diameter / 2
        light = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, CHANNEL[each.kind]]
        light[inside] = SWALLOWED
    return picture


@dataclass
class SeesDiscs:
    """A locator's network: finds what it sees of each disc that is `least` to `most` pixels long in its window.

    It says the place `wrong_by` so many pixels off, one way or the other, as a trained network does.
    """

    least: float = 5
    most: float = WINDOW
    score: float = 0.9
    wrong_by: float = 0
    windows: int = 0

    def __call__(self, pictures: NDArray[np.float32]) -> Sought:
        places = WINDOW // STRIDE
        heat, boxes = np.zeros((1, places, places, len(KINDS))), np.zeros((1, places, places, 4))
        off = self.wrong_by * np.random.default_rng(self.windows).choice((-1, 1), 2)
        self.windows += 1
        for kind, name in enumerate(KINDS):
            objects, _ = ndimage.label(pictures[0, ..., CHANNEL[name]] < (SLIDE + SWALLOWED) / 2)
            for index, (down, across) in enumerate(ndimage.find_objects(objects), 1):
                width, height = across.stop - across.start, down.stop - down.start
                round_one = (objects[down, across] == index).mean() < FULL
                if not round_one or not self.least <= max(width, height) <= self.most:
                    continue
                x, y = (
                    ((across.start + across.stop) / 2 + off[0]) / STRIDE,
                    ((down.start + down.stop) / 2 + off[1]) / STRIDE,
                )
                column, line = (int(min(max(place, 0), places - 1)) for place in (x, y))
                heat[0, line, column, kind] = self.score
                sides = np.log([width / STRIDE, height / STRIDE])
                boxes[0, line, column] = (x - column - 0.5, y - line - 0.5, *sides)
        return Sought(heat, boxes)


class TellsByColour:
    """A classifier's network: nucleated cells are of the class `label`, platelets are platelets, both with this
    probability (before temperature)."""

    def __init__(self, labels: Sequence[str], label: str = "lymphocyte", sure: float = 0.999) -> None:
        self.labels, self.label, self.sure = labels, label, sure

    def __call__(self, pictures: NDArray[np.float32]) -> Outputs:
        rest = (1 - self.sure) / (len(self.labels) - 1)
        probabilities = np.full((len(pictures), len(self.labels)), rest, np.float32)
        for row, picture in zip(probabilities, pictures, strict=True):
            red, green, _ = picture[len(picture) // 2, len(picture) // 2]
            row[self.labels.index("platelet" if red < green else self.label)] = self.sure
        logits = np.log(probabilities)
        # Of the features the head makes the logits as they are.
        return Outputs(logits, logits[:, np.newaxis, np.newaxis], texture=np.zeros_like(logits))


def with_fakes(service: InferenceService, label: str = "lymphocyte", sure: float = 0.999) -> InferenceService:
    """The service, opened and verified as it is, with networks that know discs instead of its own from here on."""
    seeing = copy.copy(service)
    each = np.eye(len(service.bundle.labels), dtype=np.float32)
    bundle = replace(
        service.bundle,
        context=1.4,
        locator=FITTED,
        temperature=1.0,
        confident_from=0.9,
        located_as=LocatedAs(0.5, 0.5),  # the kind tells nothing of the class
        sizes=Sizes((), ()),  # nor does the size
        head=Head(each, 0 * each[0]),
        familiar=Familiar(
            each,
            each,
            np.arange(len(each)),
            np.array([[0, 2], [0, 2]]),
            limit=2.0,
            rate=0.99,
            near=1.0,
            near_rate=0.75,
            purple_from=-1,
        ),  # no cell is unfamiliar or strange
        readouts=(),
        accepted=Accepted(0, 0, 0, 99, 0, rate=0.99),  # no picture is too bad
    )
    seeing.bundle = bundle
    seeing.road = Road(bundle, Networks(SeesDiscs(), TellsByColour(bundle.labels, label, sure)))
    return seeing
