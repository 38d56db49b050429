"""What 1.0 did, for `make bench`: the whole picture squeezed to the classifier's input, nothing located."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from hematovision import judging
from hematovision.api import serve
from hematovision.api import services as wiring
from hematovision.calibration import softmax
from hematovision.cells import Answer, Milliseconds, Model, PictureFacts, Prediction, Probability, Seen
from hematovision.head import pooled
from hematovision.images import RGB, decode, resize
from hematovision.inference import InferenceService
from hematovision.locator import Found
from hematovision.quality import Quality

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def fit(rgb: RGB, size: int) -> RGB:
    """(H, W, 3) uint8 -> (size, size, 3) uint8: the whole picture, aspect kept, antialiased bilinear, padded with
    the median colour of its border."""
    height, width = rgb.shape[:2]
    scale = size / max(height, width)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    resized = resize(rgb, new_width, new_height)
    if (new_width, new_height) == (size, size):
        return resized
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    canvas = Image.new("RGB", (size, size), tuple(int(v) for v in np.median(border, axis=0)))
    canvas.paste(Image.fromarray(resized), ((size - new_width) // 2, (size - new_height) // 2))
    return np.asarray(canvas)


class WholePictureService(InferenceService):
    """The same service, the same network, the road of 1.0."""

    def classify(self, picture: bytes | RGB, red_cells: bool = False, why: bool = False) -> Answer:
        assert isinstance(picture, bytes)
        decoded = decode(picture, self.limits, at_least=2 * self.bundle.size)
        inputs = fit(decoded.rgb, self.bundle.size)[np.newaxis].astype(np.float32)
        means = pooled(self.road.networks.classifier(inputs).features)
        probabilities = softmax(self.bundle.head.logits(means), self.bundle.temperature)[0].tolist()
        whole = Found(0, 0, decoded.width, decoded.height, "nucleated", score=1.0, edge=False)
        prediction = Prediction(tuple(map(Probability, self.bundle.labels, probabilities)))
        good = Quality(sharpness=1, stain=1, light=255)
        familiar = judging.Strangeness(distance=0.0, stranger_than=0.0, purple=1.0)
        alone = prediction.best.label
        cell = judging.judge(self.bundle, whole, prediction, alone, familiar, sketch="0" * 16, quality=lambda: good)
        seen = Seen(1, 0, 0)
        return Answer(
            Model(self.bundle.name, self.bundle.version),
            PictureFacts(decoded.width, decoded.height, ""),
            **judging.of_picture([cell], seen)._asdict(),
            seen=seen,
            cells=(cell,),
            milliseconds=Milliseconds(0, 0, 0, 0),
        )


def wsgi() -> WSGIApplication:
    wiring.InferenceService = WholePictureService  # type: ignore[misc]  # what the API's services open
    return serve.wsgi()
