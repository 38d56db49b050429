"""InferenceService: the Keras-made model as one class. What the API, the command line and the tests call."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import SELF_TEST, Bundle, current_path, open_bundle
from hematovision.calibration import softmax
from hematovision.cells import (
    Answer,
    Box,
    Cell,
    Milliseconds,
    Model,
    PictureFacts,
    Prediction,
    Probability,
    in_words,
)
from hematovision.errors import BundleRefused
from hematovision.images import RGB, Picture, decode, fit
from hematovision.runtime import Runtime, open_runtime
from hematovision.settings import Limits

# Probabilities of one model differ by 1e-6 between runtimes and processors; a wrong preprocessing moves them by 1e-2.
SELF_TEST_TOLERANCE = 1e-3


class InferenceService:
    """Answers pictures with one verified bundle. Thread-safe; opening it takes a fraction of a second.

    service = InferenceService.open(Path("models"))
    answer = service.classify(Path("cell.jpg").read_bytes())
    answer.label, answer.confidence, answer.status
    """

    def __init__(self, bundle: Bundle, runtime: Runtime, limits: Limits | None = None) -> None:
        """Raises `BundleRefused` if the self-test does not come out as recorded."""
        self.bundle = bundle
        self.limits = limits or Limits()
        self._runtime = runtime
        self._self_test()

    @classmethod
    def open(cls, models: Path, runtime: str = "litert", limits: Limits | None = None) -> InferenceService:
        """Open the bundle that `models/CURRENT` names, verify it and run its self-test.

        Raises `ModelUnavailable` or `BundleRefused`; there is no answer without a verified model.
        """
        bundle = open_bundle(current_path(models))
        return cls(bundle, open_runtime(runtime, bundle.path), limits)

    def classify(self, picture: bytes | RGB) -> Answer:
        """Answer one picture: the bytes of a file, or upright RGB (H, W, 3) uint8, whose `sha256` is of its pixels.

        Raises a `PictureRefused` for bytes that are no acceptable picture.
        """
        started = time.perf_counter()
        if isinstance(picture, bytes):
            sha256 = hashlib.sha256(picture).hexdigest()
            decoded = decode(picture, self.limits, at_least=2 * self.bundle.size)
        else:
            sha256 = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
            decoded = Picture(picture, picture.shape[1], picture.shape[0])
        decode_done = time.perf_counter()
        prediction = self._predict(decoded.rgb)
        cell = self._judge(prediction, Box(0, 0, decoded.width, decoded.height))
        done = time.perf_counter()
        return Answer(
            model=Model(self.bundle.name, self.bundle.version),
            image=PictureFacts(decoded.width, decoded.height, sha256),
            status=cell.status,
            label=cell.label,
            confidence=cell.confidence,
            probabilities=cell.probabilities,
            reasons=cell.reasons,
            cells=(cell,),
            milliseconds=Milliseconds(
                decode=1000 * (decode_done - started),
                locate=0.0,
                classify=1000 * (done - decode_done),
                total=1000 * (done - started),
            ),
        )

    def probabilities(self, rgb: RGB) -> NDArray[np.float64]:
        """(H, W, 3) uint8 of one cell -> (classes,) calibrated probabilities, in the order of `bundle.labels`."""
        inputs = fit(rgb, self.bundle.size)[np.newaxis].astype(np.float32)
        return np.asarray(softmax(self._runtime(inputs).logits, self.bundle.temperature)[0])

    def _predict(self, rgb: RGB) -> Prediction:
        return Prediction(
            tuple(
                Probability(label, float(probability))
                for label, probability in zip(self.bundle.labels, self.probabilities(rgb), strict=True)
            )
        )

    def _judge(self, prediction: Prediction, box: Box) -> Cell:
        best = prediction.best
        confident = best.probability >= self.bundle.confident_from
        second = sorted(prediction.probabilities, key=lambda each: -each.probability)[1]
        reason = (
            f"The model is {best.probability:.1%} sure, below the {self.bundle.confident_from:.1%} from which "
            f"{self.bundle.confident_rate:.1%} of its answers were right in validation. The next class is "
            f"{in_words(second.label)} ({second.probability:.1%}). A person should look."
        )
        return Cell(
            box=box,
            kind="platelet" if best.label == "platelet" else "nucleated",
            edge=False,
            status="confident" if confident else "check",
            label=best.label,
            confidence=best.probability,
            probabilities=prediction.probabilities,
            reasons=() if confident else (reason,),
        )

    def _self_test(self) -> None:
        for name, recorded in self._recorded_answers().items():
            got = self.probabilities(decode((self.bundle.path / "selftest" / name).read_bytes()).rgb)
            worst = float(np.max(np.abs(got - recorded))) if got.shape == recorded.shape else np.inf
            if not worst <= SELF_TEST_TOLERANCE:
                raise BundleRefused(
                    f"The self-test failed: {name} is answered with a probability {worst:.4f} away from the recorded "
                    "one. This machine does not compute what was released; do not use the model here."
                )

    def _recorded_answers(self) -> dict[str, NDArray[np.float64]]:
        """Each picture of the self-test with the probabilities it was released with; at least one."""
        try:
            pictures = json.loads((self.bundle.path / SELF_TEST).read_text(encoding="utf-8"))["pictures"]
            recorded = {name: np.array(probabilities, np.float64) for name, probabilities in pictures.items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            recorded = {}
        listed = {f"selftest/{name}" for name in recorded} <= set(self.bundle.record["files"]) - {SELF_TEST}
        if not recorded or not listed:
            raise BundleRefused(f"{SELF_TEST} names no pictures of the self-test with answers. Fetch the bundle again.")
        return recorded
