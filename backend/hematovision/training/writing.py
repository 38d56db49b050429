"""A bundle's folder, all but its networks: calibration, self-test, metrics, card, seal. Needs no TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hematovision import bundle, calibration
from hematovision.errors import LabelsRefused
from hematovision.road import Road
from hematovision.selftest import expected
from hematovision.training import card
from hematovision.training.drawn import drawn_cell
from hematovision.training.elsewhere import Floor

NAME = "wbc-mobilenetv2"
CONFIDENT_RATE = 0.995  # of answers that it is fitted on, right from the limit on


def new_folder(models: Path, version: str) -> Path:
    """Where that version goes. Raises `LabelsRefused` if it is there already."""
    final = models / NAME / version
    if final.exists():
        raise LabelsRefused(
            f"{final} is there already, and a released bundle is never changed. Choose another version."
        )
    return final


def made_current(folder: Path, models: Path, version: str) -> Path:
    """The finished folder under its own name, which `models/CURRENT` tells."""
    final = folder.rename(folder.with_name(version))
    bundle.make_current(models, f"{NAME}/{version}")
    return final


def calibrated(
    logits: calibration.Floats,
    truth: calibration.Ints,
    weighed: Callable[[calibration.Floats], calibration.Floats],
    near: NDArray[np.bool_],
    fitted_on: str = "val",
    rate: float = CONFIDENT_RATE,
    floor: Floor | None = None,
) -> dict[str, Any]:
    """Temperature, and the limit for `confident`, of cells that were not learned from: (N, classes) and (N,).
    `weighed` makes their answers of the classifier's. From the limit on `rate` of the answers are right to those that
    are `near` (N,), since no other is confident; it is not below the `floor` (see elsewhere.py), if there is one."""
    temperature = calibration.fit_temperature(logits, truth)
    probabilities = weighed(calibration.softmax(logits, temperature))
    right = probabilities.argmax(axis=1) == truth
    limit = calibration.confident_from(probabilities.max(axis=1)[near], right[near], rate)
    return {
        "temperature": temperature,
        "confident_from": max(limit, floor["confident_from"]) if floor else limit,
        "confident_rate": rate,
        "fitted_on": fitted_on,
        "n": len(truth),
        "floor": floor,
    }


def write_self_test(folder: Path, road: Road) -> None:
    """selftest/: drawn pictures, and what the networks say of them on this machine."""
    pictures = {}
    for seed in range(3):
        name, picture = f"drawn-{seed}.png", drawn_cell(seed)
        Image.fromarray(picture).save(folder / "selftest" / name, optimize=True)
        pictures[name] = expected(road.look(picture))
    write_json(folder / bundle.SELF_TEST, {"labels": list(road.bundle.labels), "pictures": pictures})


def describe(folder: Path, record: dict[str, Any], metrics: dict[str, Any]) -> None:
    """metrics.json and the card, then the seal over everything."""
    record = {name: value for name, value in record.items() if name not in ("files", "format")}
    write_json(folder / "metrics.json", metrics)
    (folder / "MODEL_CARD.md").write_text(card.render(record, metrics), encoding="utf-8")
    bundle.seal(folder, record)


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
