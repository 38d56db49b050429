"""What benches that train share: short runs, and the laboratories' pictures under another list of labelled cells."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from hematovision.training.train import TrainConfig

SHORT = TrainConfig(epochs=9)

Row = dict[str, str]


def view(data: Path, folder: Path, changed: Callable[[Row], Row | None]) -> Path:
    """A folder that holds, as links, what `data` does, and a cells.csv of its own: each row as `changed` returns it,
    left out where that is None."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in data.iterdir():
        link = folder / each.name
        if each.name != "cells.csv" and not link.is_symlink():
            link.symlink_to(each.resolve())
    with (data / "cells.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [row for each in reader if (row := changed(each))]
        columns = reader.fieldnames or ()
    with (folder / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder
