"""WBCAtt's attributes by a model of their own, which learned from the train rows of WBCAtt's split and not from its val
and test rows, on those test rows that are here. Never equal to the published figures: half of the pictures are missing.

HEMATOVISION_WEIGHTS=... python tests/bench/attributes.py LOCATOR FOLDER

LOCATOR is the run of a locator or a bundle, FOLDER keeps the run, which goes on if stopped. Prints the card's table.
Twenty minutes on two cores. Needs the `train` extra.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from views import SHORT, Row, view

from hematovision.progress import bar
from hematovision.settings import Settings
from hematovision.training.card import readouts_table
from hematovision.training.readouts import LAB, read_off
from hematovision.training.release import assemble
from hematovision.training.train import train


def splits(data: Path) -> dict[str, str]:
    """The split, by its authors, of each picture's name."""
    told: dict[str, str] = {}
    for split in ("train", "val", "test"):
        with (data / LAB / "attributes" / f"pbc_attr_v1_{split}.csv").open(newline="", encoding="utf-8") as file:
            told |= {row["img_name"]: split for row in csv.DictReader(file)}
    return told


def main(locator: Path, folder: Path) -> None:
    settings = Settings.from_env()
    by_name = splits(settings.data)

    def theirs(row: Row) -> Row | None:
        """Barcelona alone, by their split; what they did not split stays as it is."""
        return row | {"split": by_name.get(Path(row["path"]).name, row["split"])} if row["lab"] == LAB else None

    data = view(settings.data, folder / "data", theirs)
    with bar() as progress:
        train(data, locator, folder, SHORT, settings.weights, progress)
        service = assemble(data, locator, folder, folder / "bundle", "0", progress)
        told, rows = read_off(data, service.road, folder / "bundle", progress)
    sys.stdout.write(readouts_table({"readouts": told}, {"readouts": rows}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
