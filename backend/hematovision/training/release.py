"""Two finished runs -> a bundle: export, calibrate on val, score on test, describe, seal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision import __version__, bundle, calibration, familiar, quality
from hematovision.dye import purple
from hematovision.errors import LabelsRefused
from hematovision.head import pooled
from hematovision.inference import InferenceService
from hematovision.kinds import located_as
from hematovision.progress import Progress
from hematovision.road import Road
from hematovision.runtime import LiteRT, Outputs, open_networks
from hematovision.sizes import Sizes, usual_sizes
from hematovision.training import halfway, locating
from hematovision.training.elsewhere import Floor, floor_for
from hematovision.training.export import lower_outputs, write_classifier
from hematovision.training.fields import read_fields
from hematovision.training.framed import FramedCell, framed, middle
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.learned import to_learn_from
from hematovision.training.readouts import read_off, written
from hematovision.training.remembered import remembered
from hematovision.training.score import rows_by_lab
from hematovision.training.score_locator import CENTRED, centres_held
from hematovision.training.score_locator import rows_by_lab as locator_rows
from hematovision.training.writing import (
    NAME,
    calibrated,
    describe,
    made_current,
    new_folder,
    write_json,
    write_self_test,
)

FAMILIAR_RATE = 0.99  # of val cells, familiar
NEAR_RATE = 0.55  # of val cells, not too strange to be confident of
PURPLE_MOST = 0.02  # asked of any cell; grey is 0: one never seen may be stained bluer than all that were
QUALITY_RATE = 0.995  # of each laboratory's val cells, within each limit of a picture's quality
OUTPUTS = {  # what they are, for bundle.json
    "logits": "before temperature",
    "features": "last feature map, before pooling",
    "texture": "standard deviation of a map further down over its places",
}


def release(
    data: Path, locator: Path, run: Path, models: Path, version: str, recipe: dict[str, Any], progress: Progress
) -> Path:
    """Write `models/wbc-mobilenetv2/<version>/` from the locator's run and the classifier's, and name it in
    `models/CURRENT`. `recipe` holds the rows of models that never saw a laboratory, by its name.

    Temperature and limit are fitted on val rows. Test rows, and every row of laboratories that the model never saw,
    are read last, for metrics.json alone. Raises `LabelsRefused` if that version is there already: a released bundle is
    never changed.
    """
    final = new_folder(models, version)
    folder = final.with_name(version + ".partial")
    service = assemble(data, locator, run, folder, version, progress, floor_for(recipe))
    labs = service.bundle.record["training"]["labs"]
    known = [cell for cell in read_cells(data) if cell.label in service.bundle.labels]
    metrics: dict[str, Any] = {"labels": list(service.bundle.labels), "bundle": {}, "recipe": recipe}
    metrics["locator"] = _score_locator(data, service, progress)
    told, metrics["readouts"] = read_off(data, service.road, folder, progress)
    for split, cells in (
        ("test", [cell for cell in known if cell.lab in labs and cell.split == "test"]),
        ("all", [cell for cell in known if cell.lab not in labs]),
    ):
        rows = rows_by_lab(service, cells, progress)
        metrics["bundle"] |= {lab: {"split": split, **row} for lab, row in rows.items()}
    describe(folder, service.bundle.record | {"readouts": told}, metrics)
    return made_current(folder, models, version)


def promote(models: Path, version: str, recipe: dict[str, Any]) -> Path:
    """Release the current bundle, a candidate until now, as `version`: the same networks and limits, with the rows of
    laboratories left out, which take longer to make than a candidate, beside those that it has already. Raises
    `LabelsRefused` as `release` does."""
    final, candidate = new_folder(models, version), bundle.open_bundle(bundle.current_path(models))
    folder = final.with_name(version + ".partial")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(candidate.path, folder)
    rows = candidate.metrics["recipe"] | recipe
    describe(folder, candidate.record | {"version": version}, candidate.metrics | {"recipe": rows})
    return made_current(folder, models, version)


def assemble(
    data: Path, locator: Path, run: Path, folder: Path, version: str, progress: Progress, floor: Floor | None = None
) -> InferenceService:
    """Write a bundle without metrics into `folder`, and open it: what a fold model is scored with, and what `release`
    goes on from. `floor` as of `floor_for`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    labels, config = about["labels"], about["config"]
    find = locating.open_locator(locator)
    if bundle.sha256_of(locator / locating.REFERENCE) != config["locator"]:
        raise LabelsRefused(f"{run} was trained on cells framed by another locator than {locator}. Name that one.")
    cells = to_learn_from(data, tuple(config["labs"]))
    for name in (locating.REFERENCE, locating.EXPORT):
        shutil.copyfile(locator / name, folder / name)
    write_classifier(run / "best.keras", folder)
    classifier = LiteRT(folder / "model.tflite", Outputs)

    def outputs(of: Sequence[LabelledCell]) -> tuple[Outputs, NDArray[np.int64], list[FramedCell]]:
        """What the classifier says of each cell in which one is found, its class, and its standard picture."""
        kept = framed(of, find, config["size"], config["context"], progress)
        kept = [replace(each, rgb=middle(each.rgb, config["size"])) for each in kept]
        pictures = np.stack([each.rgb for each in kept]).astype(np.float32)
        return classifier(pictures), np.array([labels.index(each.cell.label) for each in kept]), kept

    asked, truth, val = outputs([cell for cell in cells if cell.split == "val"])
    learned, classes, old = outputs(remembered([cell for cell in cells if cell.split == "train"], config["seed"]))
    halfway.write(folder, lower_outputs(run / "best.keras", [one.rgb for one in old]), classes)
    measured = np.array([one.beside_red for one in (*val, *old)])
    sizes = usual_sizes(measured, np.concatenate([truth, classes]), len(labels))
    near, familiarity = _familiarity(folder, learned, classes, asked, floor)
    record = {
        "name": NAME,
        "version": version,
        "labels": labels,
        "input": {
            "size": config["size"],
            "channels": "RGB",
            "range": [0, 255],
            "framing": bundle.CELL_BOX,
            "context": config["context"],
        },
        "outputs": OUTPUTS,
        "locator": locating.record_of(locator),
        **_calibration(asked.logits, truth, val, sizes, labels, near, floor),
        "beside_red_cells": asdict(sizes) | {"fitted_on": "train and val", "n": int(np.isfinite(measured).sum())},
        "familiarity": familiarity | {"purple_from": _purple_from(val)},
        "readouts": written([], folder / bundle.READOUTS),
        "quality": _quality(val),
        "training": {
            "labs": sorted({cell.lab for cell in cells if not cell.box}),
            "platelets_boxed_by": sorted({cell.lab for cell in cells if cell.box}),
            "pictures_sha256": about["pictures_sha256"],
            "code_version": __version__,
            "seed": config["seed"],
            "config": config,
        },
    }
    return _opened(folder, record)


def _opened(folder: Path, record: dict[str, Any]) -> InferenceService:
    """The bundle whose networks are in `folder`, with a self-test, sealed, and without metrics."""
    labels = record["labels"]
    (folder / "selftest").mkdir()
    write_json(folder / bundle.SELF_TEST, {"labels": labels, "pictures": {}})
    describe(folder, record, {"labels": labels, "bundle": {}, "recipe": {}, "locator": {}})
    networks = open_networks("litert", folder)
    write_self_test(folder, Road(bundle.open_bundle(folder), networks))
    bundle.seal(folder, record)
    return InferenceService(bundle.open_bundle(folder), networks)


def _calibration(
    logits: calibration.Floats,
    truth: calibration.Ints,
    val: Sequence[FramedCell],
    sizes: Sizes,
    labels: Sequence[str],
    near: NDArray[np.bool_],
    floor: Floor | None,
) -> dict[str, Any]:
    """Temperature, limit, and what a cell's kind tells of its class."""
    kinds, beside = [one.kind for one in val], np.array([one.beside_red for one in val])
    shares = located_as(kinds, [one.cell.label for one in val])

    def weighed(looks: calibration.Floats) -> calibration.Floats:
        return sizes.weighed(shares.weighed(looks, kinds, labels), beside)

    return {
        "calibration": calibrated(logits, truth, weighed, near, floor=floor),
        "located_as_platelet": asdict(shares) | {"fitted_on": "val", "n": len(val)},
    }


def _score_locator(data: Path, service: InferenceService, progress: Progress) -> dict[str, dict[str, Any]]:
    """Test fields by laboratory and pooled, and `centres`: test crops whose cell is in the centre, by class.

    Nothing without fields.csv.
    """
    found_by = (service.road.networks.locator, service.bundle.locator)
    if not (data / "fields.csv").is_file():
        return {}
    rows = locator_rows(*found_by, [each for each in read_fields(data) if each.split == "test"], progress)
    crops = [cell for cell in read_cells(data) if cell.split == "test" and cell.lab == CENTRED]
    return rows | {"centres": centres_held(*found_by, crops, progress)}


def _familiarity(
    folder: Path, learned: Outputs, classes: calibration.Ints, val: Outputs, floor: Floor | None
) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """familiar.npz of train cells; which val cells are near them, and the limits that nearly all and most keep."""
    kept, texture = pooled(learned.features).astype(np.float16), learned.texture.astype(np.float16)
    known = familiar.Known(kept.astype(np.float32), texture.astype(np.float32))
    distances = known.distances(pooled(val.features), val.texture)
    usual = familiar.usual_of(distances)
    np.savez(folder / bundle.FAMILIAR, features=kept, texture=texture, labels=classes.astype(np.uint8), usual=usual)
    strange = familiar.shares_nearer(distances, usual)
    limit, near = float(np.quantile(distances[0], FAMILIAR_RATE)), float(np.quantile(strange, NEAR_RATE))
    return strange <= near, {
        "limit": max(limit, floor["familiar_to"]) if floor else limit,
        "rate": FAMILIAR_RATE,
        "near": near,
        "near_rate": NEAR_RATE,
        "remembered": len(kept),
        "fitted_on": "val",
        "n": len(strange),
    }


def _purple_from(val: Sequence[FramedCell]) -> float:
    """What nearly all val cells of each laboratory are: of the least purple laboratory, and `PURPLE_MOST` at most."""
    of_lab: dict[str, list[float]] = {}
    for one in val:
        of_lab.setdefault(one.cell.lab, []).append(purple(one.rgb))
    return min(PURPLE_MOST, *(float(np.quantile(each, 1 - FAMILIAR_RATE)) for each in of_lab.values()))


def _quality(val: Sequence[FramedCell]) -> dict[str, Any]:
    """What pictures of cells are like in val, laboratory by laboratory."""
    each = [quality.quality_of(one.rgb, one.background) for one in val]
    accepted = quality.fitted([one.cell.lab for one in val], [one.kind for one in val], each, QUALITY_RATE)
    return asdict(accepted) | {"fitted_on": "val", "n": len(val)}
