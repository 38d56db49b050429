"""InferenceService: the Keras-made model as one class. What the API, the command line and the tests call."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from hematovision import judging
from hematovision.bundle import Bundle, current_path, open_bundle
from hematovision.cells import Answer, Milliseconds, Model, PictureFacts, Prediction, Probability, Seen
from hematovision.dye import purple
from hematovision.grounds import grounds
from hematovision.images import RGB, Picture, decode
from hematovision.locator import KINDS, Found
from hematovision.quality import quality_of
from hematovision.road import Road
from hematovision.runtime import Networks, open_networks
from hematovision.selftest import refuse_unless_passed
from hematovision.settings import Limits

# A JPEG whose shorter side is at least twice this is decoded at half its size or less; its cells stay large enough.
SHORTER_SIDE = 2048


class InferenceService:
    """Answers pictures with one verified bundle. Thread-safe; opening it takes a fraction of a second.

    service = InferenceService.open(Path("models"))
    answer = service.classify(Path("field.jpg").read_bytes())
    answer.label, answer.status, [cell.label for cell in answer.cells]
    """

    def __init__(self, bundle: Bundle, networks: Networks, limits: Limits | None = None) -> None:
        """Raises `BundleRefused` if the self-test does not come out as recorded."""
        self.bundle = bundle
        self.limits = limits or Limits()
        self.road = Road(bundle, networks)
        refuse_unless_passed(bundle, self.road.look)

    @classmethod
    def open(cls, models: Path, runtime: str = "litert", limits: Limits | None = None) -> InferenceService:
        """Open the bundle that `models/CURRENT` names, verify it and run its self-test.

        Raises `ModelUnavailable` or `BundleRefused`; there is no answer without a verified model.
        """
        bundle = open_bundle(current_path(models))
        return cls(bundle, open_networks(runtime, bundle.path), limits)

    def classify(self, picture: bytes | RGB, red_cells: bool = False, why: bool = False) -> Answer:
        """Answer one picture, a field or a crop: the bytes of a file, or upright RGB (H, W, 3) uint8, whose `sha256`
        is of its pixels. Red cells are counted in any case; `red_cells` adds their boxes, `why` the grounds
        for each label.

        Raises a `PictureRefused` for bytes that are no acceptable picture.
        """
        started = time.perf_counter()
        if isinstance(picture, bytes):
            sha256 = hashlib.sha256(picture).hexdigest()
            decoded = decode(picture, self.limits, at_least=SHORTER_SIDE)
        else:
            sha256 = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
            decoded = Picture(picture, picture.shape[1], picture.shape[0])
        decode_done = time.perf_counter()
        found = self.road.locate(decoded.rgb)
        locate_done = time.perf_counter()
        to_classify = [each for each in found if each.kind != "red"]
        classified = self.road.classify(decoded.rgb, to_classify, found)
        cells = [
            judging.judge(
                self.bundle,
                _in_original(each, decoded),
                self._prediction(row.tolist()),
                self.bundle.labels[alone],
                judging.Strangeness(float(distance), float(stranger), purple(frame)),
                look,
                partial(quality_of, frame, classified.background),
            )
            for each, row, alone, distance, stranger, look, frame in zip(to_classify, *classified[:6], strict=True)
        ]
        if why:
            cells = [
                replace(cell, why=grounds(self.bundle, cell, _in_original(each, decoded), features))
                for cell, each, features in zip(cells, to_classify, classified.features, strict=True)
            ]
        seen = Seen(*(sum(each.kind == kind for each in found) for kind in KINDS))
        red = [judging.red(_in_original(each, decoded)) for each in found if red_cells and each.kind == "red"]
        done = time.perf_counter()
        return Answer(
            model=Model(self.bundle.name, self.bundle.version),
            image=PictureFacts(decoded.width, decoded.height, sha256),
            **judging.of_picture(cells, seen)._asdict(),
            seen=seen,
            cells=(*cells, *red),
            milliseconds=Milliseconds(
                decode=1000 * (decode_done - started),
                locate=1000 * (locate_done - decode_done),
                classify=1000 * (done - locate_done),
                total=1000 * (done - started),
            ),
        )

    def _prediction(self, probabilities: list[float]) -> Prediction:
        return Prediction(tuple(map(Probability, self.bundle.labels, probabilities)))


def _in_original(found: Found, decoded: Picture) -> Found:
    """In pixels of the upright original, where the picture was decoded at less than its size."""
    if (decoded.height, decoded.width) == decoded.rgb.shape[:2]:
        return found
    across, down = decoded.width / decoded.rgb.shape[1], decoded.height / decoded.rgb.shape[0]
    return replace(found, x0=found.x0 * across, y0=found.y0 * down, x1=found.x1 * across, y1=found.y1 * down)
