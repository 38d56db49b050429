"""Arrays in, arrays out: the two networks of a bundle, on LiteRT (serving) or Keras (the reference).

Pictures are (N, size, size, 3) float32 RGB in 0..255, the answer is `Outputs` of the classifier, `Sought` of the
locator. With LiteRT nothing imports TensorFlow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hematovision.errors import BundleRefused, SettingRefused
from hematovision.peaks import Sought

Array = NDArray[np.float32]
Answer = TypeVar("Answer", covariant=True)  # the outputs of a network by name: `Outputs` or `Sought`

SIGNATURE = "serving_default"  # of both exports: `picture` in, the fields of `Outputs` or `Sought` out


class Outputs(NamedTuple):
    """`logits` (N, classes) before temperature; `features` (N, h, w, channels), the last feature map; `texture` (N, T),
    how much a map further down varies over the picture."""

    logits: Array
    features: Array
    texture: Array


class Runtime(Protocol[Answer]):
    """Anything that runs a network."""

    def __call__(self, pictures: Array) -> Answer: ...


class LiteRT(Generic[Answer]):
    """A .tflite file through LiteRT. An interpreter serves one thread at a time: there are as many as were ever needed
    at once, and whichever is free is taken, so that the self-test's is the first picture's, too."""

    def __init__(self, path: Path, answer: Callable[..., Answer]) -> None:
        self._name, self._model, self._answer = path.name, path.read_bytes(), answer
        self._outputs = answer._fields  # type: ignore[attr-defined]  # a NamedTuple
        self._free = [self._opened()]  # a file that cannot be read is refused here, not at the first picture

    def __call__(self, pictures: Array) -> Answer:
        # One picture at a time: on a CPU a batch gains nothing, and resizing the input would plan the memory anew.
        try:
            run = self._free.pop()
        except IndexError:
            run = self._opened()
        try:
            answers = [run(picture=picture[np.newaxis]) for picture in pictures]
        finally:
            self._free.append(run)
        return self._answer(*(np.concatenate([each[name] for each in answers]) for name in self._outputs))

    def _opened(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_content=self._model, num_threads=1)
            runner = interpreter.get_signature_runner(SIGNATURE)
            named = set(runner.get_output_details())
        except (ValueError, RuntimeError) as error:
            raise BundleRefused(f"{self._name} cannot be opened by LiteRT. Fetch the bundle again.") from error
        if not named >= set(self._outputs):
            wanted = " or ".join(self._outputs)
            raise BundleRefused(f"{self._name} lacks an output named {wanted}. Fetch the bundle again.")
        return runner


class Keras(Generic[Answer]):
    """A .keras file through Keras itself: slow, and what LiteRT is compared with."""

    def __init__(self, path: Path, answer: Callable[..., Answer]) -> None:
        try:
            import keras
        except ImportError:
            raise SettingRefused(
                "HEMATOVISION_RUNTIME=keras needs TensorFlow. Install it with `pip install hematovision[train]`, "
                "or use litert."
            ) from None
        self._model, self._answer = keras.saving.load_model(path, compile=False), answer
        self._outputs = answer._fields  # type: ignore[attr-defined]  # a NamedTuple
        self._lock = threading.Lock()

    def __call__(self, pictures: Array) -> Answer:
        with self._lock:
            answer = self._model(pictures, training=False)
        return self._answer(*(np.asarray(answer[name]) for name in self._outputs))


class Networks(NamedTuple):
    """Both networks of a bundle."""

    locator: Runtime[Sought]
    classifier: Runtime[Outputs]


RUNTIMES: dict[str, tuple[type[LiteRT[Any]] | type[Keras[Any]], str]] = {
    "litert": (LiteRT, ".tflite"),
    "keras": (Keras, ".keras"),
}


def open_networks(kind: str, bundle: Path) -> Networks:
    """The networks of a verified bundle folder on the runtime `litert` or `keras`."""
    make, suffix = RUNTIMES[kind]
    return Networks(make(bundle / f"locator{suffix}", Sought), make(bundle / f"model{suffix}", Outputs))
