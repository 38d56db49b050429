"""How the recipe does at a laboratory it never saw: trained, calibrated and chosen without it, scored on all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hematovision.errors import LabelsRefused
from hematovision.evaluation import row
from hematovision.progress import Progress
from hematovision.training.elsewhere import distances_at, floor_for, floor_of
from hematovision.training.fields import read_fields
from hematovision.training.labs import labels_of, read_cells
from hematovision.training.locating import open_locator
from hematovision.training.release import assemble
from hematovision.training.score import answers_of
from hematovision.training.score_locator import rows_by_lab as locator_rows
from hematovision.training.train import TrainConfig
from hematovision.training.train import train as train_classifier
from hematovision.training.train_locator import LocatorConfig
from hematovision.training.train_locator import train as train_locator

ROW = "row.json"


def leave_out(
    data: Path, lab: str, runs: Path, weights: Path | None, progress: Progress, locator_only: bool = False
) -> dict[str, Any]:
    """Train locator and classifier without `lab` in `runs/without-<lab>`, or go on with them, and score every field and
    every cell of the lab. Returns, and keeps as row.json, {"locator": row, "classifier": row, "floor": as of
    `floor_of`}; with `locator_only`, or for a lab without labelled cells, the locator's row alone. The limits for
    `confident` and `unfamiliar` have the floors of the laboratory by which the recipe was chosen, if that was left out
    before.

    Raises `LabelsRefused` if there is no such laboratory, or none besides it.
    """
    fields, cells = read_fields(data), read_cells(data)
    known = sorted({each.lab for each in fields})
    if lab not in known or len(known) < 2:
        raise LabelsRefused(f"There is no laboratory {lab!r} to leave out. There are {', '.join(known)}.")
    folder = runs / f"without-{lab}"
    others = tuple(each for each in known if each != lab)
    locator = train_locator(data, folder / "locator", LocatorConfig(labs=others), weights, progress)
    found_by = open_locator(locator)
    left = [each for each in fields if each.lab == lab]
    rows = {"locator": locator_rows(found_by.network, found_by.fitted, left, progress)[lab]}
    left_cells = [cell for cell in cells if cell.lab == lab]
    if left_cells and not locator_only:
        run, taught = folder / "classifier", {*others, *(cell.lab for cell in cells)} - {lab}
        train_classifier(data, locator, run, TrainConfig(labs=tuple(sorted(taught))), weights, progress)
        floor = floor_for(rows_left_out(runs), lab)
        service = assemble(data, locator, run, folder / "bundle", f"without-{lab}", progress, floor)
        classes = labels_of(cells)
        answers = answers_of(service, left_cells, progress, classes)
        distances = distances_at(service.road, left_cells, progress)
        rows["classifier"] = row(answers, classes)
        rows["floor"] = floor_of(answers, [cell.split for cell in left_cells], distances)
    (folder / ROW).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return rows


def rows_left_out(runs: Path) -> dict[str, Any]:
    """What `leave_out` kept for each laboratory, by its name: the `recipe` of metrics.json."""
    rows = sorted(runs.glob(f"without-*/{ROW}"))
    return {row.parent.name.removeprefix("without-"): json.loads(row.read_text(encoding="utf-8")) for row in rows}
