"""A bundle adapted to a laboratory by some hundred of its own labelled cells: the last layer is fitted anew to them and
to the cells that the bundle remembers. Needs no TensorFlow and no picture of any other laboratory.

Each cell is held back once, in one of five parts, and answered by a layer fitted to the other four: from these answers
are the scores afterwards, the temperature and the limits. What is released is fitted to all.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision import bundle as bundles
from hematovision.bundle import Bundle
from hematovision.calibration import softmax
from hematovision.dye import purple
from hematovision.errors import LabelsRefused
from hematovision.evaluation import Answers, row
from hematovision.familiar import directions, nearest
from hematovision.head import Head, pooled
from hematovision.images import decode
from hematovision.progress import Progress
from hematovision.refit import refitted
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.training.labs import LabelledCell, naming, read_cells
from hematovision.training.writing import calibrated, describe, new_folder, write_self_test

PARTS = 5
PULL = 0.01  # towards the layer as it was
OWN = 0.5  # what the laboratory's cells count together, the remembered ones the rest
CONFIDENT_RATE = 0.97  # of answers to cells held back; a hundred cannot show more
FEWEST = 2 * PARTS  # cells, in two classes at least


@dataclass(frozen=True)
class Adapted:
    """The new bundle's folder, and the rows of the laboratory `before` and `after`, each cell held back once."""

    path: Path
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Own:
    """The cells of the laboratory that were found: what the network saw of them (N, D), their classes (N,), and the
    part (N,) in which each is held back, how purple it is (N,), and the kinds that they were located as; `missed` are
    the classes of those in which none was found."""

    means: NDArray[np.float32]
    classes: NDArray[np.int64]
    parts: NDArray[np.int64]
    purple: NDArray[np.float64]
    kinds: list[str]
    missed: NDArray[np.int64]


def adapt(data: Path, models: Path, lab: str, progress: Progress) -> Adapted:
    """Write a bundle for `lab` from the current one and the pictures in `data`, one folder per class or cells.csv, and
    leave `models/CURRENT` as it is.

    Raises `LabelsRefused` for a class that the bundle lacks, for too few cells, and if the laboratory has a bundle of
    this version already.
    """
    base = bundles.open_bundle(bundles.current_path(models))
    road = Road(base, open_networks("litert", base.path))
    if not re.fullmatch(r"[0-9A-Za-z-]{1,40}", lab):
        raise LabelsRefused(f"{lab[:60]!r} is no name for a laboratory's bundle. Choose letters, digits and hyphens.")
    version = f"{base.version.partition('+')[0]}+{lab}"
    final = new_folder(models, version)
    own = seen(road, read_cells(data), progress)
    held = [own.parts == part for part in range(PARTS)]
    heads = [fitted(base, own, ~part) for part in held]
    logits = np.zeros((len(own.classes), len(base.labels)), np.float32)
    far = np.zeros(len(own.classes))
    for part, head in zip(held, heads, strict=True):
        logits[part] = head.logits(own.means[part])
        known = np.concatenate([base.familiar.features, own.means[~part]])
        far[part] = nearest(directions(own.means[part]), directions(known))
    weighed = partial(base.located_as.weighed, kinds=own.kinds, labels=base.labels)
    calibration = calibrated(logits, own.classes, weighed, fitted_on=lab, rate=CONFIDENT_RATE)
    rate = base.familiar.rate
    limit = max(base.familiar.limit, float(np.quantile(far, rate)))
    purple_from = min(base.familiar.purple_from, float(np.quantile(own.purple, 1 - rate)))

    before = _row(
        base,
        own,
        weighed(softmax(base.head.logits(own.means), base.temperature)),
        base.confident_from,
        (base.familiar.distances(own.means) > base.familiar.limit) | (own.purple < base.familiar.purple_from),
    )
    strange = (far > limit) | (own.purple < purple_from)
    answers = weighed(softmax(logits, calibration["temperature"]))
    after = _row(base, own, answers, calibration["confident_from"], strange)
    folder = final.with_name(version + ".partial")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base.path, folder)
    head = fitted(base, own, np.ones(len(own.classes), bool))
    np.savez(folder / bundles.HEAD, kernel=head.kernel, bias=head.bias)
    features = np.concatenate([base.familiar.features, own.means]).astype(np.float16)
    labels = np.concatenate([base.familiar.labels, own.classes]).astype(np.uint8)
    np.savez(folder / bundles.FAMILIAR, features=features, labels=labels)
    counts = Counter(base.labels[each] for each in own.classes)
    record = base.record | {
        "version": version,
        "calibration": calibration,
        "familiarity": base.record["familiarity"]
        | {"limit": limit, "purple_from": purple_from, "remembered": len(labels)},
        "adapted": {"from": base.version, "sha256": base.sha256, "lab": lab, "cells": dict(sorted(counts.items()))},
    }
    metrics = base.metrics | {"adapted": {"lab": lab, "before": before, "after": after}}
    describe(folder, record, metrics)
    write_self_test(folder, Road(bundles.open_bundle(folder), road.networks))
    describe(folder, record, metrics)
    return Adapted(folder.rename(final), before, after)


def seen(road: Road, cells: Sequence[LabelledCell], progress: Progress) -> Own:
    """What the network sees of each cell, as it is served. Raises `LabelsRefused` for a class that the bundle lacks,
    for a picture that cannot be read, and where too few cells are found."""
    labels = road.bundle.labels
    foreign = {cell.label for cell in cells} - set(labels)
    if foreign:
        raise LabelsRefused(
            f"The model has no class {sorted(foreign)[0]!r}. Name the folders after its classes: {', '.join(labels)}."
        )
    means, classes, colours, kinds, missed = [], [], [], [], []
    for done, cell in enumerate(cells, 1):
        with naming(cell.path):
            rgb = decode(cell.path.read_bytes()).rgb
        found = [each for each in road.locate(rgb)[:1] if each.kind != "red"]
        position = labels.index(cell.label)
        if found:
            frames = road.frames(rgb, found)
            means.append(pooled(road.features(frames))[0])
            classes.append(position)
            colours.append(purple(frames[0]))
            kinds.append(found[0].kind)
        else:
            missed.append(position)
        progress("looking at cells", done, len(cells))
    if len(classes) < FEWEST or len(set(classes)) < 2:
        raise LabelsRefused(
            f"A cell was found in {len(classes)} of the {len(cells)} pictures. To adapt takes {FEWEST} at least, of "
            "two classes; about a hundred do well."
        )
    parts = _parts(np.array(classes))
    return Own(np.stack(means), np.array(classes), parts, np.array(colours), kinds, np.array(missed, np.int64))


def _parts(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """In which part each of N cells is held back: those of a class spread evenly; the same for the same cells."""
    random, parts, start = np.random.default_rng(1), np.zeros(len(classes), np.int64), 0
    for each in np.unique(classes):
        members = random.permutation(np.flatnonzero(classes == each))
        parts[members] = (start + np.arange(len(members))) % PARTS
        start += len(members)
    return parts


def fitted(base: Bundle, own: Own, learned: NDArray[np.bool_], pull: float = PULL, share: float = OWN) -> Head:
    """The layer for the remembered cells and those of the laboratory that are `learned` from (N,), which count `share`
    together."""
    weights = np.concatenate([
        (1 - share) * _evenly(base.familiar.labels), share * _evenly(own.classes[learned])
    ])  # fmt: skip
    means = np.concatenate([base.familiar.features, own.means[learned]])
    classes = np.concatenate([base.familiar.labels, own.classes[learned]]).astype(np.int64)
    return refitted(base.head, means, classes, weights, pull)


def _evenly(classes: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) of sum 1: classes weigh by the square root of how many cells they have, as in training."""
    counts = np.bincount(classes)
    weights = 1 / np.sqrt(counts[classes])
    return np.asarray(weights / weights.sum())


def _row(
    base: Bundle, own: Own, probabilities: NDArray[np.floating], confident_from: float, far: NDArray[np.bool_]
) -> dict[str, Any]:
    """What /classify would say of each cell, as the row of a laboratory."""
    sure = probabilities.max(axis=1) >= confident_from
    status = np.where(far, "unfamiliar", np.where(sure, "confident", "check")).tolist()
    none = np.full((len(own.missed), len(base.labels)), np.nan)
    truth = np.concatenate([own.classes, own.missed])
    told = Answers(truth, np.concatenate([probabilities, none]), [*status, *["no_cells"] * len(none)])
    return row(told, base.labels)
