"""A trained network as the two files of a bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from hematovision.bundle import HEAD
from hematovision.images import RGB
from hematovision.runtime import SIGNATURE
from hematovision.training.network import halves, serving_model


def write_network(model: keras.Model, folder: Path, reference: str, export: str) -> None:
    """A model of one input `picture` and outputs by name -> the file `reference` (.keras) and its `export` (.tflite)
    for one picture at a time."""
    model.save(folder / reference)
    # By way of a saved model with a batch of one: `from_concrete_functions` of the same network (TensorFlow 2.21)
    # converts without a word to an export that answers NaN.
    archive = keras.export.ExportArchive()
    archive.track(model)
    picture = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, name="picture")
    archive.add_endpoint(SIGNATURE, lambda picture: model(picture, training=False), input_signature=[picture])
    with tempfile.TemporaryDirectory() as saved:
        archive.write_out(saved, verbose=False)
        converted = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[SIGNATURE]).convert()
    (folder / export).write_bytes(converted)


def write_classifier(best: Path, folder: Path) -> None:
    """best.keras of a run -> model.keras and model.tflite, both with the named outputs `logits` and `features`, and
    head.npz, by which `logits` are made of `features`."""
    model = keras.saving.load_model(best, compile=False)
    write_network(serving_model(model), folder, "model.keras", "model.tflite")
    kernel, bias = model.get_layer("logits").get_weights()
    np.savez(folder / HEAD, kernel=kernel, bias=bias)


def lower_outputs(best: Path, pictures: Sequence[RGB]) -> np.ndarray:
    """What the lower half of best.keras makes of N standard pictures: (N, h, w, C) float32."""
    lower, _ = halves(keras.saving.load_model(best, compile=False))
    return np.asarray(lower.predict(np.stack(pictures).astype(np.float32), batch_size=32, verbose=0))
