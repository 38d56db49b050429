"""A bundle adapted to a laboratory by some hundred of its own labelled cells: the last layer is fitted anew to them and
to the cells that the bundle remembers, or with it the upper half of the classifier (`deeper`). No picture of any other
laboratory is needed, nor TensorFlow for the last layer.

Each cell is held back once, in one of five parts, and answered by what was fitted to the other four: from these answers
are the scores afterwards, the temperature and the limits. What is released is fitted to all.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision import bundle as bundles
from hematovision.bundle import Bundle
from hematovision.calibration import softmax
from hematovision.errors import LabelsRefused
from hematovision.evaluation import Answers, row
from hematovision.familiar import Familiar, Known, shares_nearer
from hematovision.progress import Progress
from hematovision.refit import refitted
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.training.labs import read_cells
from hematovision.training.own import PARTS, Fit, Own, Sight, Way, evenly, seen
from hematovision.training.writing import calibrated, describe, new_folder, write_self_test

PULL = 0.01  # towards the layer as it was
OWN = 0.5  # what the laboratory's cells count together, the remembered ones the rest
CONFIDENT_RATE = 0.97  # of answers to cells held back; a hundred cannot show more


@dataclass(frozen=True)
class Adapted:
    """The new bundle's folder, and the rows of the laboratory `before` and `after`, each cell held back once."""

    path: Path
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class LastLayer:
    """The last layer alone: by numpy, within seconds."""

    base: Bundle
    own: Own

    def fit(self, learned: NDArray[np.bool_], pull: float = PULL, share: float = OWN) -> Fit:
        familiar = self.base.familiar
        weights = np.concatenate([
            (1 - share) * evenly(familiar.labels), share * evenly(self.own.classes[learned])
        ])  # fmt: skip
        means = np.concatenate([familiar.features, self.own.sight.means[learned]])
        classes = np.concatenate([familiar.labels, self.own.classes[learned]]).astype(np.int64)
        head = refitted(self.base.head, means, classes, weights, pull)
        return Fit(head, self.own.sight, Sight(familiar.features, familiar.texture), familiar.labels)

    def write(self, folder: Path) -> dict[str, Any]:
        return {}


def adapt(data: Path, models: Path, lab: str, progress: Progress, deeper: bool = False) -> Adapted:
    """Write a bundle for `lab` from the current one and the pictures in `data`, one folder per class or cells.csv, and
    leave `models/CURRENT` as it is. `deeper` fits the upper half of the classifier, which takes TensorFlow.

    Raises `LabelsRefused` for a class that the bundle lacks, for too few cells, and if the laboratory has a bundle of
    this version already.
    """
    base = bundles.open_bundle(bundles.current_path(models))
    road = Road(base, open_networks("litert", base.path))
    if not re.fullmatch(r"[0-9A-Za-z-]{1,40}", lab):
        raise LabelsRefused(f"{lab[:60]!r} is no name for a laboratory's bundle. Choose letters, digits and hyphens.")
    final = new_folder(models, f"{base.version.partition('+')[0]}+{lab}")
    own = seen(road, read_cells(data), progress)
    way = _upper_half(base, own, progress) if deeper else LastLayer(base, own)
    before = _row(
        base,
        own,
        base.weighed(softmax(base.head.logits(own.sight.means), base.temperature), own.kinds, own.beside_red),
        base.confident_from,
        *base.familiar.measured(*own.sight),
        base.familiar,
    )
    fitted, after = _held_back(base, own, way, lab)
    folder = final.with_name(final.name + ".partial")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base.path, folder)
    whole = way.fit(np.ones(len(own.classes), bool))
    np.savez(folder / bundles.HEAD, kernel=whole.head.kernel, bias=whole.head.bias)
    features, texture = (each.astype(np.float16) for each in whole.remembered.and_of(whole.own))
    labels = np.concatenate([whole.classes, own.classes]).astype(np.uint8)
    np.savez(folder / bundles.FAMILIAR, features=features, texture=texture, labels=labels, usual=base.familiar.usual)
    counts = Counter(base.labels[each] for each in own.classes)
    lineage = {"from": base.version, "sha256": base.sha256, "lab": lab, "cells": dict(sorted(counts.items()))}
    record = base.record | {
        "version": final.name,
        "calibration": fitted["calibration"],
        "familiarity": base.record["familiarity"] | fitted["familiarity"] | {"remembered": len(labels)},
        "adapted": lineage | {"deeper": deeper},
        **way.write(folder),
    }
    metrics = base.metrics | {"adapted": {"lab": lab, "before": before, "after": after}}
    describe(folder, record, metrics)
    write_self_test(folder, Road(bundles.open_bundle(folder), open_networks("litert", folder)))
    describe(folder, record, metrics)
    return Adapted(folder.rename(final), before, after)


def _upper_half(base: Bundle, own: Own, progress: Progress) -> Way:
    try:
        from hematovision.training.deeper import UpperHalf
    except ImportError:
        raise LabelsRefused(
            "To fit more than the last layer takes TensorFlow. Install it with `pip install 'hematovision[train]'`."
        ) from None
    return UpperHalf(base, own, progress)


def _held_back(base: Bundle, own: Own, way: Way, lab: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each cell answered by a fit to the parts that it is not in: what of bundle.json is fitted to these answers, and
    the row that they make."""
    logits = np.zeros((len(own.classes), len(base.labels)), np.float32)
    distances = np.zeros((2, len(own.classes)))
    for part in range(PARTS):
        held = own.parts == part
        fit = way.fit(~held)
        asked, known = fit.own.of(held), fit.remembered.and_of(fit.own.of(~held))
        logits[held] = fit.head.logits(asked.means)
        distances[:, held] = Known(*known).distances(*asked)
    weighed = partial(base.weighed, kinds=own.kinds, beside=own.beside_red)
    before = base.familiar
    far, strange = distances[0], shares_nearer(distances, before.usual)
    familiar = replace(
        before,
        limit=max(before.limit, float(np.quantile(far, before.rate))),
        near=max(before.near, float(np.quantile(strange, before.near_rate))),
        purple_from=min(before.purple_from, float(np.quantile(own.purple, 1 - before.rate))),
    )
    near = strange <= familiar.near
    calibration = calibrated(logits, own.classes, weighed, near, fitted_on=lab, rate=CONFIDENT_RATE)
    answers = weighed(softmax(logits, calibration["temperature"]))
    row = _row(base, own, answers, calibration["confident_from"], far, strange, familiar)
    limits = {name: getattr(familiar, name) for name in ("limit", "near", "purple_from")}
    return {"calibration": calibration, "familiarity": limits}, row


def _row(
    base: Bundle, own: Own, probabilities: NDArray[np.floating], confident_from: float,
    far: NDArray[np.floating], strange: NDArray[np.floating], familiar: Familiar,
) -> dict[str, Any]:  # fmt: skip
    """What /classify would say of each cell, this `far` from those remembered and so `strange`, as the row of a
    laboratory."""
    sure = (probabilities.max(axis=1) >= confident_from) & (strange <= familiar.near)
    unfamiliar = (far > familiar.limit) | (own.purple < familiar.purple_from)
    status = np.where(unfamiliar, "unfamiliar", np.where(sure, "confident", "check")).tolist()
    none = np.full((len(own.missed), len(base.labels)), np.nan)
    truth = np.concatenate([own.classes, own.missed])
    told = Answers(truth, np.concatenate([probabilities, none]), [*status, *["no_cells"] * len(none)])
    return row(told, base.labels)
