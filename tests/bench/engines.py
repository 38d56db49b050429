"""What `make bench` compares with: the service's own road on other engines, behind a plain Flask route.

`BENCH_ENGINE` names one of `ENGINES`. Each finds and classifies the cells as the service does and passes the bundle's
self-test, so that all do the same work; none records, authorises or bounds anything, which is to their advantage.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, jsonify, request

from hematovision.bundle import open_bundle
from hematovision.inference import InferenceService
from hematovision.peaks import Sought
from hematovision.runtime import SIGNATURE, Networks, Outputs

MOST = 16  # pictures in one batch of `Batched`
Arrays = dict[str, Any]


def named(path: Path) -> dict[str, str]:
    """The tensors that a .tflite file answers, as its conversion calls them, each with its name in the signature."""
    from ai_edge_litert.interpreter import Interpreter

    details = Interpreter(model_path=str(path)).get_signature_runner(SIGNATURE).get_output_details()
    return {str(each["name"]): name for name, each in details.items()}


class Predict:
    """`model.predict`, as the usual way has it."""

    def __init__(self, path: Path) -> None:
        import keras

        self._model = keras.saving.load_model(path.with_suffix(".keras"), compile=False)

    def __call__(self, pictures: Any) -> Arrays:
        return dict(self._model.predict(pictures, verbose=0))


class Batched:
    """A `tf.function`; what waits while it runs goes into its next batch, without waiting for more."""

    def __init__(self, path: Path) -> None:
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(path.with_suffix(".keras"), compile=False)
        inputs = [tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)]
        self._run = tf.function(lambda pictures: model(pictures, training=False), input_signature=inputs)
        self._waiting: queue.SimpleQueue[tuple[Any, Future[Arrays]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, pictures: Any) -> Arrays:
        answer: Future[Arrays] = Future()
        self._waiting.put((pictures, answer))
        return answer.result()

    def _work(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < MOST and not self._waiting.empty():
                batch.append(self._waiting.get())
            try:
                out = self._run(np.concatenate([pictures for pictures, _ in batch]))
                ends = np.cumsum([len(pictures) for pictures, _ in batch])[:-1]
                parts = {name: np.split(np.asarray(value), ends) for name, value in out.items()}
            except Exception as error:  # whoever waits gets it
                for _, answer in batch:
                    answer.set_exception(error)
                continue
            for position, (_, answer) in enumerate(batch):
                answer.set_result({name: part[position] for name, part in parts.items()})


class OnnxRuntime:
    """ONNX Runtime in float32 on one thread; `make bench` converts the networks beforehand."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        converted = Path(os.environ["BENCH_ONNX"]) / f"{path.stem}.onnx"
        self._session = onnxruntime.InferenceSession(converted, options, ["CPUExecutionProvider"])
        (picture,) = self._session.get_inputs()
        self._picture = picture.name
        self._names = [named(path)[each.name] for each in self._session.get_outputs()]

    def __call__(self, pictures: Any) -> Arrays:
        each = [self._session.run(None, {self._picture: picture[np.newaxis]}) for picture in pictures]
        return dict(zip(self._names, map(np.concatenate, zip(*each, strict=True)), strict=True))


class OpenVino:
    """OpenVINO on one thread, pinned to float32: by itself it takes bfloat16 where a processor has it."""

    def __init__(self, path: Path) -> None:
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
        converted = Path(os.environ["BENCH_ONNX"]) / f"{path.stem}.onnx"
        self._model = openvino.Core().compile_model(converted, "CPU", settings)
        self._names = [named(path)[port.get_any_name()] for port in self._model.outputs]
        self._of_thread = threading.local()

    def __call__(self, pictures: Any) -> Arrays:
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        run = self._of_thread.request.infer
        each = [[value.copy() for value in run([picture[np.newaxis]]).values()] for picture in pictures]
        return dict(zip(self._names, map(np.concatenate, zip(*each, strict=True)), strict=True))


ENGINES: dict[str, Callable[[Path], Callable[[Any], Arrays]]] = {
    "predict": Predict, "function": Batched, "onnxruntime": OnnxRuntime, "openvino": OpenVino,
}  # fmt: skip


def networks(engine: str, bundle: Path) -> Networks:
    """Both networks of a bundle on that engine."""
    locator, classifier = (ENGINES[engine](bundle / f"{name}.tflite") for name in ("locator", "model"))

    def locate(pictures: Any) -> Sought:
        answer = locator(pictures)
        return Sought(*(np.asarray(answer[name]) for name in Sought._fields))

    def classify(pictures: Any) -> Outputs:
        answer = classifier(pictures)
        return Outputs(*(np.asarray(answer[name]) for name in Outputs._fields))

    return Networks(locate, classify)


def wsgi() -> Flask:
    """The plain service around `BENCH_ENGINE`."""
    bundle = open_bundle(Path(os.environ["BENCH_BUNDLE"]))
    service = InferenceService(bundle, networks(os.environ["BENCH_ENGINE"], bundle.path))
    app = Flask(__name__)

    @app.get("/health")
    def health() -> Any:
        return jsonify(status="ok")

    @app.post("/classify")
    def classify() -> Any:
        return jsonify(asdict(service.classify(request.files["image"].read())))

    return app
