"""What a bundle reads off a cell beside its class: Barcelona's attributes (WBCAtt: Tsutsui et al., NeurIPS 2023) and
the finer classes of its neutrophils and immature granulocytes, as layers over the finished classifier's features.

Fitted on train rows, their temperature on val rows, scored on test rows. WBCAtt's own split is not ours, so these
figures are not those that its authors print.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import READOUTS
from hematovision.calibration import fit_temperature
from hematovision.evaluation import balanced_accuracy
from hematovision.head import Head, pooled
from hematovision.images import decode
from hematovision.progress import Progress
from hematovision.readout import Readout
from hematovision.refit import refitted
from hematovision.road import Road
from hematovision.training.labs import LabelledCell, naming, read_cells
from hematovision.training.splits import SPOILT

PULL = 0.01  # towards a layer that tells nothing apart
LAB = "barcelona"
SPLITS = ("train", "val", "test")
ATTRIBUTES = (
    "cell_size", "cell_shape", "nucleus_shape", "nuclear_cytoplasmic_ratio", "chromatin_density", "cytoplasm_vacuole",
    "cytoplasm_texture", "cytoplasm_colour", "granularity", "granule_type", "granule_colour",
)  # fmt: skip
FINER = {
    "band_or_segmented": ("neutrophil", {"BNE": "band", "SNE": "segmented"}),
    "stage": ("immature_granulocyte", {"PMY": "promyelocyte", "MY": "myelocyte", "MMY": "metamyelocyte"}),
}


@dataclass(frozen=True)
class Question:
    """What a readout answers: `values` in their order, told of cells with one of `labels`; `told`, the value of each
    picture for which a person said it."""

    name: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    leaning: bool
    told: Mapping[Path, str]


def questions(data: Path) -> list[Question]:
    """Those that the tables in `data` answer; none where they are not."""
    if not (data / "cells.csv").is_file():
        return []
    with (data / "cells.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lab"] == LAB]
    path_of = {Path(row["path"]).name: data / row["path"] for row in rows}
    label_of = {data / row["path"]: row["label"] for row in rows}
    told: dict[str, dict[Path, str]] = defaultdict(dict)
    for table in sorted((data / LAB / "attributes").glob("pbc_attr_v1_*.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if path := path_of.get(row["img_name"]):
                    for name in ATTRIBUTES:
                        told[name][path] = row[name]
    asked = [
        Question(name, tuple(sorted(set(said.values()))), tuple(sorted({label_of[path] for path in said})), False, said)
        for name, said in told.items()
    ]
    for name, (label, finer) in FINER.items():
        said = {data / row["path"]: finer[row["sublabel"]] for row in rows if row.get("sublabel") in finer}
        if said:
            asked.append(Question(name, tuple(finer.values()), (label,), True, said))
    return asked


@dataclass(frozen=True)
class Seen:
    """Cells and what the network saw of each (N, D)."""

    cells: Sequence[LabelledCell]
    means: NDArray[np.float32]

    def answering(self, question: Question) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Those for which the answer was said, and which of its values it is."""
        chosen = [i for i, cell in enumerate(self.cells) if cell.path in question.told]
        values = [question.values.index(question.told[self.cells[i].path]) for i in chosen]
        return self.means[chosen], np.array(values, np.int64)


def read_off(data: Path, road: Road, folder: Path, progress: Progress) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Fit every readout that the tables in `data` allow, write them into a bundle's `folder`; what bundle.json and
    what metrics.json say of them."""
    asked = questions(data)
    of_any = {path for question in asked for path in question.told}
    cells = [cell for cell in read_cells(data) if cell.path in of_any and cell.group not in SPOILT]
    train, val, test = (_seen(road, [cell for cell in cells if cell.split == side], progress) for side in SPLITS)
    asked = [each for each in asked if all(len(side.answering(each)[1]) for side in (train, val, test))]
    readouts = [_fitted(question, train, val) for question in asked]
    rows = {each.name: _row(each, question, test) for each, question in zip(readouts, asked, strict=True)}
    return written(readouts, folder / READOUTS), rows


def _seen(road: Road, cells: Sequence[LabelledCell], progress: Progress) -> Seen:
    """Those in which a cell is found, as they are served."""
    kept, means = [], [np.empty((0, len(road.bundle.head.kernel)), np.float32)]
    for done, cell in enumerate(cells, 1):
        with naming(cell.path):
            rgb = decode(cell.path.read_bytes()).rgb
        if found := [each for each in road.locate(rgb)[:1] if each.kind != "red"]:
            kept.append(cell)
            means.append(pooled(road.seen(road.frames(rgb, found)).features))
        progress("reading off cells", done, len(cells))
    return Seen(kept, np.concatenate(means))


def _fitted(question: Question, train: Seen, val: Seen) -> Readout:
    means, values = train.answering(question)
    counts = np.bincount(values, minlength=len(question.values))
    nothing = Head(np.zeros((means.shape[1], len(counts)), np.float32), np.zeros(len(counts), np.float32))
    layer = refitted(nothing, means, values, 1 / np.sqrt(counts[values]), PULL)
    temperature = fit_temperature(layer.logits(val.answering(question)[0]), val.answering(question)[1])
    layer = Head(layer.kernel / np.float32(temperature), layer.bias / np.float32(temperature))
    return Readout(question.name, question.values, question.labels, question.leaning, layer)


def _row(readout: Readout, question: Question, test: Seen) -> dict[str, Any]:
    """`n`, `accuracy`, `balanced_accuracy`, and `commonest`: how often the commonest value alone is right."""
    means, values = test.answering(question)
    said = readout.probabilities(means).argmax(axis=1)
    return {
        "lab": LAB,
        "n": len(values),
        "accuracy": float((said == values).mean()),
        "balanced_accuracy": balanced_accuracy(values, said, len(question.values)),
        "commonest": float(np.bincount(values).max() / len(values)),
    }


def written(readouts: Sequence[Readout], file: Path) -> list[dict[str, Any]]:
    """Write the layers; what bundle.json says of them."""
    layers: dict[str, NDArray[np.float32]] = {}
    for each in readouts:
        layers |= {f"{each.name} kernel": each.layer.kernel, f"{each.name} bias": each.layer.bias}
    np.savez(file, **layers)  # type: ignore[arg-type]  # numpy names its own options so
    return [
        {"name": each.name, "values": each.values, "labels": each.labels, "leaning": each.leaning} for each in readouts
    ]
