"""Arrays in, arrays out: the network of a bundle, on LiteRT (serving) or Keras (the reference).

Pictures are (N, size, size, 3) float32 RGB in 0..255, the answer is `Outputs`. With LiteRT nothing imports TensorFlow.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hematovision.errors import BundleRefused, SettingRefused

Array = NDArray[np.float32]

SIGNATURE = "serving_default"  # of model.tflite: `picture` in, `logits` and `features` out


class Outputs(NamedTuple):
    """`logits` (N, classes) before temperature; `features` (N, h, w, channels), the last feature map."""

    logits: Array
    features: Array


class Runtime(Protocol):
    """Anything that runs the network."""

    def __call__(self, pictures: Array) -> Outputs: ...


class LiteRT:
    """model.tflite through LiteRT. An interpreter is not thread-safe, so each thread makes its own, once."""

    def __init__(self, path: Path) -> None:
        self._model = path.read_bytes()
        self._of_thread = threading.local()
        self._runner()  # a file that cannot be read is refused here, not at the first picture

    def __call__(self, pictures: Array) -> Outputs:
        # One picture at a time: on a CPU a batch gains nothing, and resizing the input would plan the memory anew.
        run = self._runner()
        answers = [run(picture=picture[np.newaxis]) for picture in pictures]
        return Outputs(*(np.concatenate([answer[name] for answer in answers]) for name in Outputs._fields))

    def _runner(self) -> Any:
        if not hasattr(self._of_thread, "runner"):
            from ai_edge_litert.interpreter import Interpreter

            try:
                interpreter = Interpreter(model_content=self._model, num_threads=1)
                runner = interpreter.get_signature_runner(SIGNATURE)
                named = set(runner.get_output_details())
            except (ValueError, RuntimeError) as error:
                raise BundleRefused("model.tflite cannot be opened by LiteRT. Fetch the bundle again.") from error
            if not named >= set(Outputs._fields):
                raise BundleRefused("model.tflite lacks an output named logits or features. Fetch the bundle again.")
            self._of_thread.runner = runner
        return self._of_thread.runner


class Keras:
    """model.keras through Keras itself: slow, and what LiteRT is compared with."""

    def __init__(self, path: Path) -> None:
        try:
            import keras
        except ImportError:
            raise SettingRefused(
                "HEMATOVISION_RUNTIME=keras needs TensorFlow. Install it with `pip install hematovision[train]`, "
                "or use litert."
            ) from None
        self._model = keras.saving.load_model(path, compile=False)
        self._lock = threading.Lock()

    def __call__(self, pictures: Array) -> Outputs:
        with self._lock:
            answer = self._model(pictures, training=False)
        return Outputs(*(np.asarray(answer[name]) for name in Outputs._fields))


RUNTIMES: dict[str, tuple[type[LiteRT] | type[Keras], str]] = {
    "litert": (LiteRT, "model.tflite"),
    "keras": (Keras, "model.keras"),
}


def open_runtime(kind: str, bundle: Path) -> Runtime:
    """The network of a verified bundle folder on the runtime `litert` or `keras`."""
    make, file = RUNTIMES[kind]
    return make(bundle / file)
