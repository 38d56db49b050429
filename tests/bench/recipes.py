"""What each idea gives at a laboratory that was not learned from: the classifier trained without Bangkok with one thing
changed, as short runs, calibrated on val rows as any is, and scored on Barcelona's val rows and on Bangkok's train and
val rows. No test row is looked at.

HEMATOVISION_WEIGHTS=... python tests/bench/recipes.py LOCATOR FOLDER IDEA [IDEA ...] [--whole]

LOCATOR is the run of a locator or a bundle, the same for each idea; FOLDER keeps the runs, which go on if stopped.
Ideas are the names in `IDEAS`, each with " seed 2" and the like after it for another seed than the first. A quarter of
an hour each on two cores; with --whole, where runs are as long as that of a release, more than twice as long. Needs the
`train` extra.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from views import SHORT

from hematovision.progress import bar
from hematovision.settings import Settings
from hematovision.training.augment import Augmentation
from hematovision.training.fields import read_fields
from hematovision.training.labs import read_cells
from hematovision.training.release import assemble
from hematovision.training.score import rows_by_lab
from hematovision.training.splits import SPOILT
from hematovision.training.train import TrainConfig, train

HOME, AWAY, WHOLE = "barcelona", "bangkok", "--whole"

IDEAS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "last layer as it was trained": {"last_pull": 0.0},
    "no broken cells": {"broken": 0.0},
    "no broken cells, perfect optics": {"broken": 0.0, "augmentation": Augmentation(poor=0)},
    "poorer optics": {"augmentation": Augmentation(optics=1.6)},
    "poor optics always": {"augmentation": Augmentation(poor=1)},
    "twice as varied": {"augmentation": Augmentation(convolved=0.7, poor=1)},
    "a closer frame": {"context": 1.2},
    "twice as varied, a closer frame": {"augmentation": Augmentation(convolved=0.7, poor=1), "context": 1.2},
    "no convolutions": {"augmentation": Augmentation(convolved=0)},
    "density alone": {"augmentation": Augmentation(convolved=0, curve=(0.8, 1.25), strength=(0.3, 1.4))},
    "weaker stains": {"augmentation": Augmentation(strength=(0.5, 1.4), channel=0.15, mixing=0.05)},
    "stronger stains": {"augmentation": Augmentation(strength=(0.25, 1.8), channel=0.35, mixing=0.2)},
    "a quarter of the rate": {"rate": 1e-4},
    "160 pixels": {"size": 160},
}


def main(locator: Path, folder: Path, names: Sequence[str], whole: bool) -> None:
    settings = Settings.from_env()
    cells = [each for each in read_cells(settings.data) if each.group not in SPOILT]
    known = {*(each.lab for each in cells), *(each.lab for each in read_fields(settings.data))} - {AWAY}
    asked = [each for each in cells if (each.lab, each.split) in ((HOME, "val"), (AWAY, "train"), (AWAY, "val"))]
    sys.stdout.write(
        f"| idea | {HOME}, val | {AWAY}: among its classes | balanced | confident: share | right there |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
    )
    for name in names:
        idea, _, seed = name.partition(" seed ")
        config = replace(
            TrainConfig() if whole else SHORT, labs=tuple(sorted(known)), seed=int(seed or 1), **IDEAS[idea]
        )
        run = folder / name.replace(" ", "-")
        with bar() as progress:
            train(settings.data, locator, run, config, settings.weights, progress)
            service = assemble(settings.data, locator, run, run / "bundle", "0", progress)
            rows = rows_by_lab(service, asked, progress)
        sys.stdout.write(f"| {name} | {told(rows)} |\n")
        sys.stdout.flush()


def told(rows: dict[str, dict[str, Any]]) -> str:
    home, away = rows[HOME], rows[AWAY]
    sure = away["by_status"]["confident"]
    balanced = "-" if away["balanced_accuracy"] is None else f"{away['balanced_accuracy']:.1%}"
    right = "-" if sure["accuracy"] is None else f"{sure['accuracy']:.1%}"
    return (
        f"{home['accuracy']:.2%} | {away['accuracy_present']:.1%} of {away['n']} | {balanced} | {sure['share']:.1%} | "
        f"{right}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [each for each in sys.argv[3:] if each != WHOLE], WHOLE in sys.argv)
