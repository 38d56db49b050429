"""The files of a bundle that come from the network: model.keras, model.tflite, and the self-test."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFilter

from hematovision.calibration import softmax
from hematovision.images import RGB, fit
from hematovision.runtime import SIGNATURE, LiteRT
from hematovision.training.network import serving_model


def write_model(best: Path, folder: Path) -> None:
    """best.keras of a run -> model.keras and model.tflite, both with the named outputs `logits` and `features`."""
    model = serving_model(keras.saving.load_model(best, compile=False))
    model.save(folder / "model.keras")

    # By way of a saved model with a batch of one: `from_concrete_functions` of the same network (TensorFlow 2.21)
    # converts without a word to an export that answers NaN.
    archive = keras.export.ExportArchive()
    archive.track(model)
    picture = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, name="picture")
    archive.add_endpoint(SIGNATURE, lambda picture: model(picture, training=False), input_signature=[picture])
    with tempfile.TemporaryDirectory() as saved:
        archive.write_out(saved, verbose=False)
        export = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[SIGNATURE]).convert()
    (folder / "model.tflite").write_bytes(export)


def write_self_test(folder: Path, labels: Sequence[str], size: int, temperature: float) -> None:
    """selftest/: drawn pictures and the probabilities that the export gives them on this machine."""
    runtime = LiteRT(folder / "model.tflite")
    (folder / "selftest").mkdir()
    expected = {}
    for seed in range(3):
        name, picture = f"drawn-{seed}.png", drawn_cell(seed)
        Image.fromarray(picture).save(folder / "selftest" / name, optimize=True)
        logits = runtime(fit(picture, size)[np.newaxis].astype(np.float32)).logits
        expected[name] = [round(float(each), 7) for each in softmax(logits, temperature)[0]]
    content = {"labels": list(labels), "pictures": expected}
    (folder / "selftest" / "expected.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def drawn_cell(seed: int, side: int = 224) -> RGB:
    """A picture of no real cell: red cells around a lobed nucleus, drawn from a seed; (side, side, 3) uint8."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), (236, 222, 214))
    draw = ImageDraw.Draw(picture)

    def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    for x, y in random.uniform(0, side, (14, 2)):
        disc(x, y, side * 0.11, (222, 160, 158))
        disc(x, y, side * 0.04, (231, 190, 184))
    centre = side / 2
    disc(centre, centre, side * 0.27, (206, 180, 205))
    for angle in random.uniform(0, 2 * np.pi, 2 + seed):
        disc(centre + side * 0.09 * np.cos(angle), centre + side * 0.09 * np.sin(angle), side * 0.1, (104, 56, 140))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)))
