"""A finished run -> a bundle: export, calibrate on val, score on test, describe, seal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hematovision import __version__, bundle, calibration
from hematovision.errors import LabelsRefused
from hematovision.images import decode, fit
from hematovision.inference import InferenceService
from hematovision.progress import Progress
from hematovision.runtime import LiteRT
from hematovision.training import card, export
from hematovision.training.labs import LabelledCell, naming, read_cells
from hematovision.training.score import rows_by_lab

NAME = "wbc-mobilenetv2"
CONFIDENT_RATE = 0.995  # of val answers, right from the limit on


def release(data: Path, run: Path, models: Path, version: str, progress: Progress) -> Path:
    """Write `models/wbc-mobilenetv2/<version>/` from the best model of `run` and name it in `models/CURRENT`.

    Temperature and limit are fitted on val rows. Test rows, and every row of laboratories that the model never saw,
    are read last, for metrics.json alone. Raises `LabelsRefused` if that version is there already: a released bundle is
    never changed.
    """
    final = models / NAME / version
    if final.exists():
        raise LabelsRefused(
            f"{final} is there already, and a released bundle is never changed. Choose another version."
        )
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    labels, size = about["labels"], about["config"]["size"]
    every, labs = read_cells(data), about["config"]["labs"]
    cells = [cell for cell in every if cell.lab in labs or not labs]

    folder = final.with_name(version + ".partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    export.write_model(run / "best.keras", folder)
    val, test = ([cell for cell in cells if cell.split == side] for side in ("val", "test"))
    fitted = _calibrate(LiteRT(folder / "model.tflite"), val, labels, size, progress)
    export.write_self_test(folder, labels, size, fitted["temperature"])

    record = {
        "name": NAME,
        "version": version,
        "labels": labels,
        "input": {"size": size, "channels": "RGB", "range": [0, 255], "framing": bundle.WHOLE_PICTURE},
        "outputs": {"logits": "before temperature", "features": "last feature map, before pooling"},
        "calibration": fitted,
        "training": {
            "labs": sorted({cell.lab for cell in cells}),
            "pictures_sha256": about["pictures_sha256"],
            "code_version": __version__,
            "seed": about["config"]["seed"],
            "config": about["config"],
        },
    }
    strangers = [cell for cell in every if cell.lab not in record["training"]["labs"]]
    metrics = _score(folder, record, {"test": test, "all": strangers}, progress)
    (folder / "MODEL_CARD.md").write_text(card.render(record, metrics), encoding="utf-8")
    bundle.seal(folder, record)
    folder.rename(final)
    (models / bundle.CURRENT).write_text(f"{NAME}/{version}\n", encoding="utf-8")
    return final


def _calibrate(
    runtime: LiteRT, val: Sequence[LabelledCell], labels: Sequence[str], size: int, progress: Progress
) -> dict[str, Any]:
    logits = []
    for done, cell in enumerate(val, 1):
        with naming(cell.path):
            rgb = decode(cell.path.read_bytes(), at_least=2 * size).rgb
        logits.append(runtime(fit(rgb, size)[np.newaxis].astype(np.float32)).logits[0])
        progress("calibrating on val", done, len(val))
    stacked, truth = np.stack(logits), np.array([labels.index(cell.label) for cell in val])
    temperature = calibration.fit_temperature(stacked, truth)
    probabilities = calibration.softmax(stacked, temperature)
    right = probabilities.argmax(axis=1) == truth
    return {
        "temperature": temperature,
        "confident_from": calibration.confident_from(probabilities.max(axis=1), right, CONFIDENT_RATE),
        "confident_rate": CONFIDENT_RATE,
        "fitted_on": "val",
        "n": len(val),
    }


def _score(
    folder: Path, record: dict[str, Any], rows: dict[str, list[LabelledCell]], progress: Progress
) -> dict[str, Any]:
    """metrics.json, from the very road that serving takes: a provisional seal lets the service open the folder."""
    metrics: dict[str, Any] = {"labels": record["labels"], "bundle": {}}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text("", encoding="utf-8")
    bundle.seal(folder, record)
    service = InferenceService(bundle.open_bundle(folder), LiteRT(folder / "model.tflite"))
    for split, cells in rows.items():
        scored = rows_by_lab(service, [cell for cell in cells if cell.label in record["labels"]], progress)
        metrics["bundle"] |= {lab: {"split": split, **row} for lab, row in scored.items()}
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    return metrics
