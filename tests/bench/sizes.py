"""What the size of a cell beside the red ones does for its class: answers with and without it, in crops and in fields
whose cells have a class, and how large the cells of each class are. Val rows of the laboratories that a bundle learned
from, train and val rows of the others.

python tests/bench/sizes.py [BUNDLE]

BUNDLE is the folder of one; the current one unless given. A bundle made without a laboratory (`hematovision evaluate
--leave-out LAB` keeps it as runs/without-LAB/bundle) says what it does there. Five minutes.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hematovision.bundle import current_path, open_bundle
from hematovision.images import decode
from hematovision.locator import main_of
from hematovision.progress import Progress, bar
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.settings import Settings
from hematovision.sizes import beside_red
from hematovision.training.fields import read_fields
from hematovision.training.framed import boxed
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.splits import SPOILT


def in_fields(data: Path) -> list[LabelledCell]:
    """The cells of fields that are boxed with a class."""
    fields = {each.path: each for each in read_fields(data)}
    with (data / "boxes.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"]]
    cells = []
    for row in rows:
        field = fields[data / row["field"]]
        box = tuple(float(row[name]) for name in ("x0", "y0", "x1", "y1"))
        cells.append(LabelledCell(field.path, field.lab, row["label"], field.group, field.split, box))  # type: ignore[arg-type]  # four corners
    return cells


def answered(road: Road, cell: LabelledCell) -> tuple[float, int, int] | None:
    """Its size, NaN if unknown, and its class without and with it; None if it was not found."""
    rgb = decode(cell.path.read_bytes()).rgb
    found = road.locate(rgb)
    meant = main_of(found, rgb.shape[1], rgb.shape[0]) if cell.box is None else boxed(found, cell.box)
    if meant is None:
        return None
    without, with_size = (road.classify(rgb, [meant], among).probabilities[0].argmax() for among in ([], found))
    return float(beside_red([meant], found)[0]), int(without), int(with_size)


def told(road: Road, cells: Sequence[LabelledCell], progress: Progress) -> tuple[str, dict[str, list[float]]]:
    """Of those that were found, and of each class the sizes that are known."""
    answers, truth = [], []
    sizes: dict[str, list[float]] = defaultdict(list)
    for done, cell in enumerate(cells, 1):
        if answer := answered(road, cell):
            answers.append(answer)
            truth.append(road.bundle.labels.index(cell.label))
            sizes[cell.label] += [answer[0]] if np.isfinite(answer[0]) else []
        progress("classifying", done, len(cells))
    known = np.isfinite([size for size, *_ in answers]).mean()
    without, with_size = ((np.array([answer[at] for answer in answers]) == truth).mean() for at in (1, 2))
    return f"{len(answers)} | {known:.0%} | {without:.2%} | {with_size:.2%}", sizes


def main(folder: Path) -> None:
    road, data = Road(open_bundle(folder), open_networks("litert", folder)), Settings.from_env().data
    learned = road.bundle.record["training"]["labs"]
    rows: dict[tuple[str, str], list[LabelledCell]] = defaultdict(list)
    for what, cells in (("crops", read_cells(data)), ("fields", in_fields(data))):
        for cell in cells:
            if cell.group not in SPOILT and cell.split in (("val",) if cell.lab in learned else ("train", "val")):
                rows[cell.lab, what].append(cell)
    sys.stdout.write("| lab | pictures | cells found | red cells beside | right without size | with |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    measured = {}
    for (lab, what), cells in rows.items():
        with bar() as progress:
            row, measured[lab, what] = told(road, cells, progress)
        sys.stdout.write(f"| {lab} | {what} | {row} |\n")
        sys.stdout.flush()
    sys.stdout.write("\n| lab | pictures | class | n | times a red cell, median | spread of the logarithm |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    for (lab, what), by_class in measured.items():
        for label, sizes in sorted(by_class.items()):
            spread = f"{np.median(sizes):.2f} | {np.std(np.log(sizes)):.2f}"
            sys.stdout.write(f"| {lab} | {what} | {label} | {len(sizes)} | {spread} |\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_path(Settings.from_env().models))
