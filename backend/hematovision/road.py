"""The road that every picture takes, training's val pictures and the self-test's too: locate, frame, classify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hematovision.background import Colour, background_of
from hematovision.bundle import Bundle
from hematovision.calibration import softmax
from hematovision.framing import frame
from hematovision.head import pooled
from hematovision.images import RGB
from hematovision.locator import Found, main_of
from hematovision.runtime import Networks, Outputs
from hematovision.sizes import beside_red
from hematovision.sketch import sketch
from hematovision.smear import cells_of


class Classified(NamedTuple):
    """Of N cells: `probabilities` (N, classes), calibrated, in the order of `bundle.labels`, by the classifier and the
    kind that each was located as and its size; `alone` (N,), the likeliest class by the classifier alone; `distances`
    (N,), 0..2, from the nearest cell that the bundle remembers, and the share (N,), 0..1, of val's cells that it is
    `stranger_than`, as of `Familiar.measured`; `sketches`, what each looks like; `frames`, its standard picture, and
    the `background` that they had; `features` (N, h, w, D), what the network saw of it at each place."""

    probabilities: NDArray[np.float64]
    alone: NDArray[np.int64]
    distances: NDArray[np.float64]
    stranger_than: NDArray[np.float64]
    sketches: list[str]
    frames: NDArray[np.uint8]
    background: Colour
    features: NDArray[np.float32]


class Road:
    """A bundle's facts and its networks. Knows no files, no self-test and no sentences."""

    def __init__(self, bundle: Bundle, networks: Networks) -> None:
        self.bundle = bundle
        self.networks = networks

    def locate(self, rgb: RGB) -> list[Found]:
        """(H, W, 3) uint8 -> its cells, the main one first if there is one, then the best score first; none if it does
        not look like a smear."""
        found = cells_of(rgb, self.networks.locator, self.bundle.locator)
        main = main_of(found, rgb.shape[1], rgb.shape[0])
        return [main, *(each for each in found if each is not main)] if main else found

    def classify(self, rgb: RGB, cells: Sequence[Found], found: Sequence[Found]) -> Classified:
        """(H, W, 3) uint8 and N cells in it, among all that were found -> what is said of each."""
        background = background_of(rgb)
        frames = self._framed(rgb, cells, background)
        seen = self.seen(frames)
        means = pooled(seen.features)
        looks = softmax(self.bundle.head.logits(means), self.bundle.temperature)
        return Classified(
            self.bundle.weighed(looks, [each.kind for each in cells], beside_red(cells, found)),
            looks.argmax(axis=1),
            *self.bundle.familiar.measured(means, seen.texture),
            [sketch(each, self.bundle.context) for each in frames],
            frames,
            background,
            seen.features,
        )

    def frames(self, rgb: RGB, cells: Sequence[Found]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 and N cells in it -> their standard pictures (N, size, size, 3)."""
        return self._framed(rgb, cells, background_of(rgb))

    def _framed(self, rgb: RGB, cells: Sequence[Found], background: Colour) -> NDArray[np.uint8]:
        size, context = self.bundle.size, self.bundle.context
        frames = np.empty((len(cells), size, size, 3), np.uint8)
        for each, cell in zip(frames, cells, strict=True):
            each[:] = frame(rgb, cell.centre, context * cell.side, size, background)
        return frames

    def seen(self, frames: NDArray[np.uint8]) -> Outputs:
        """(N, size, size, 3) uint8 -> what the network sees of each."""
        if not len(frames):
            head, texture = self.bundle.head, self.bundle.familiar.texture
            shapes = ((0, len(head.bias)), (0, 1, 1, len(head.kernel)), (0, texture.shape[1]))
            return Outputs(*(np.empty(shape, np.float32) for shape in shapes))
        return self.networks.classifier(frames.astype(np.float32))

    def look(self, rgb: RGB) -> list[tuple[Found, NDArray[np.float64]]]:
        """Every cell that is classified, with its probabilities."""
        found = self.locate(rgb)
        cells = [each for each in found if each.kind != "red"]
        return list(zip(cells, self.classify(rgb, cells, found).probabilities, strict=True))
