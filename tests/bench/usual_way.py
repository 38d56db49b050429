"""What `make bench` compares with: the usual way to serve a Keras model, `model.predict` in a plain Flask route."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
from flask import Flask, jsonify, request

BUNDLE = Path(os.environ["BENCH_BUNDLE"])
ABOUT = json.loads((BUNDLE / "bundle.json").read_text())

app = Flask(__name__)
model = keras.saving.load_model(BUNDLE / "model.keras", compile=False)


@app.get("/health")
def health() -> Any:
    return jsonify(status="ok")


@app.post("/classify")
def classify() -> Any:
    size = ABOUT["input"]["size"]
    image = keras.utils.load_img(io.BytesIO(request.files["image"].read()), target_size=(size, size))
    batch = np.expand_dims(keras.utils.img_to_array(image), 0)
    logits = model.predict(batch)["logits"][0]
    powers = np.exp(logits - logits.max())
    probabilities = powers / powers.sum()
    best = int(probabilities.argmax())
    return jsonify(label=ABOUT["labels"][best], confidence=float(probabilities[best]))
