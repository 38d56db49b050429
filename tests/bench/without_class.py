"""Cells of a class that the classifier never saw: how many it calls something else with confidence. Those of train and
val rows, by which something may be chosen, stand apart from those of test rows, by which nothing may.

HEMATOVISION_WEIGHTS=... python tests/bench/without_class.py LOCATOR FOLDER CLASS [CLASS ...]

For each class in turn a classifier is trained and calibrated without it, as short runs, and asked about every cell of
that class; LOCATOR is the run of a locator or a bundle, FOLDER keeps the runs, which go on if stopped. Prints two
rows a class, each with an exact 95 % interval; at most 5 % are aimed at. A quarter of an hour each on two cores. Needs
the `train` extra.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from views import SHORT, Row, view

from hematovision.errors import PictureRefused
from hematovision.inference import InferenceService
from hematovision.intervals import clopper_pearson
from hematovision.progress import Progress, bar
from hematovision.settings import Settings
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.release import assemble
from hematovision.training.train import train


def asked(service: InferenceService, cells: Sequence[LabelledCell], progress: Progress) -> tuple[Counter[str], str]:
    """How many got each status, and the class that most of the confident answers name."""
    status, named = Counter[str](), Counter[str]()
    for done, cell in enumerate(cells, 1):
        try:
            answer = service.classify(cell.path.read_bytes())
        except PictureRefused:
            status["refused"] += 1
        else:
            status[answer.status] += 1
            named.update([answer.label] if answer.status == "confident" and answer.label else [])
        progress("classifying", done, len(cells))
    return status, named.most_common(1)[0][0] if named else "-"


def main(locator: Path, folder: Path, labels: Sequence[str]) -> None:
    settings = Settings.from_env()
    cells = read_cells(settings.data)
    sys.stdout.write("| class never seen | rows | n | confident | mostly as | check | refused |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- | --- |\n")
    for label in labels:

        def known(row: Row, label: str = label) -> Row | None:
            return None if row["label"] == label else row

        run, data = folder / label, view(settings.data, folder / label / "data", known)
        with bar() as progress:
            train(data, locator, run, SHORT, settings.weights, progress)
            service = assemble(data, locator, run, run / "bundle", "0", progress)
            told = {rows: asked(service, those, progress) for rows, those in apart(cells, label).items()}
        for rows, (status, named) in told.items():
            sys.stdout.write(f"| {label} | {rows} | {in_figures(status, named)} |\n")
        sys.stdout.flush()


def apart(cells: Sequence[LabelledCell], label: str) -> dict[str, list[LabelledCell]]:
    of_class = [each for each in cells if each.label == label]
    return {
        "train and val": [each for each in of_class if each.split != "test"],
        "test": [each for each in of_class if each.split == "test"],
    }


def in_figures(status: Counter[str], named: str) -> str:
    n, sure = sum(status.values()), status["confident"]
    interval = clopper_pearson(sure, n)
    refused = (n - sure - status["check"]) / n
    return (
        f"{n} | {sure / n:.1%} ({interval.low:.1f}% to {interval.high:.1f}%) | {named} | {status['check'] / n:.1%} | "
        f"{refused:.1%}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
