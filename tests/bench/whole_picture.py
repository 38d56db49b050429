"""What 1.0 did, for `make bench`: the whole picture squeezed to the classifier's input, nothing located."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hematovision import judging
from hematovision.api import serve
from hematovision.api import services as wiring
from hematovision.calibration import softmax
from hematovision.cells import Answer, Milliseconds, Model, PictureFacts, Prediction, Probability, Seen
from hematovision.images import RGB, decode, fit
from hematovision.inference import InferenceService
from hematovision.locator import Found

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class WholePictureService(InferenceService):
    """The same service, the same network, the road of 1.0."""

    def classify(self, picture: bytes | RGB, red_cells: bool = False) -> Answer:
        assert isinstance(picture, bytes)
        decoded = decode(picture, self.limits, at_least=2 * self.bundle.size)
        inputs = fit(decoded.rgb, self.bundle.size)[np.newaxis].astype(np.float32)
        probabilities = softmax(self.road.networks.classifier(inputs).logits, self.bundle.temperature)[0].tolist()
        whole = Found(0, 0, decoded.width, decoded.height, "nucleated", score=1.0, edge=False)
        cell = judging.judge(self.bundle, whole, Prediction(tuple(map(Probability, self.bundle.labels, probabilities))))
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
