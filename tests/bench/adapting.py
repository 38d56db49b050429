"""What some hundred cells of a laboratory's own are worth: a bundle that never saw it, adapted by ten stratified draws
of its cells and scored on those that were not drawn; and what becomes of the cells at home.

python tests/bench/adapting.py BUNDLE LAB [--deeper | --choose | --choose-deeper]

BUNDLE is a folder as `hematovision evaluate --leave-out LAB` leaves it. Prints means over the draws: of the last layer
fitted anew, or with --deeper the upper half of the classifier (needs the `train` extra, and half an hour). The others
choose, over the laboratory's train and val rows alone, home being Barcelona's val rows, its test rows else: --choose
prints a row a strength of pull and share of the laboratory's own cells, for `PULL` and `OWN` of training/adapt.py,
--choose-deeper one for training/deeper.py as it stands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import Bundle, open_bundle
from hematovision.evaluation import balanced_accuracy
from hematovision.head import Head
from hematovision.progress import Progress, bar
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.settings import Settings
from hematovision.training.adapt import OWN, PULL, LastLayer
from hematovision.training.labs import read_cells
from hematovision.training.own import Fit, Own, seen
from hematovision.training.splits import SPOILT

DRAWS, CELLS = 10, 100
HOME = "barcelona"
Fits = Callable[[NDArray[np.bool_]], tuple[Fit, NDArray[np.float32]]]
PULLS, SHARES = (0.001, 0.003, 0.01, 0.03, 0.1), (0.25, 0.5, 0.75)


def main(folder: Path, lab: str, how: str) -> None:
    base, data, choose = open_bundle(folder), Settings.from_env().data, how.startswith("--choose")
    road = Road(base, open_networks("litert", folder))
    home_split, splits = ("val", ("train", "val")) if choose else ("test", ("train", "val", "test"))
    with bar() as progress:
        there = seen(road, [cell for cell in read_cells(data, (lab,)) if cell.split in splits], progress)
        at_home = [cell for cell in read_cells(data, (HOME,)) if cell.split == home_split and cell.group not in SPOILT]
        home = seen(road, at_home, progress)
        draws = list(drawn(there.classes))
        echo = sys.stdout.write
        echo(f"{lab}: {len(there.classes)} cells found, {len(there.missed)} not; {DRAWS} draws of some {CELLS}\n\n")
        echo("| fitted | before | after | balanced: before | after | worst draw | home: before | after |\n")
        echo(f"|{' --- |' * 8}\n")
        for name, fit in ways(base, there, home, how, progress):
            rows = np.array([compared(base, there, learned, home, fit) for learned in draws])
            before, after, balanced, then, here, now = rows.mean(axis=0)
            worst = (rows[:, 3] - rows[:, 2]).min()
            echo(f"| {name} | {before:.1%} | {after:.1%} | {balanced:.1%} | {then:.1%} | {worst:+.1%} ")
            echo(f"| {here:.1%} | {now:.1%} |\n")
            sys.stdout.flush()


def ways(base: Bundle, there: Own, home: Own, how: str, progress: Progress) -> Iterator[tuple[str, Fits]]:
    """Each way of fitting, by its name: cells learned from -> the fit, and what it sees of the cells at home."""
    if how.endswith("deeper"):
        from hematovision.training.deeper import UpperHalf

        upper = UpperHalf(base, there, progress)
        yield "upper half", lambda learned: (upper.fit(learned), upper.sight(home.pictures).means)
        return
    last = LastLayer(base, there)
    for pull, share in product(PULLS, SHARES) if how == "--choose" else ((PULL, OWN),):
        yield f"last layer, pull {pull}, own {share}", partial(_last_layer, last, home, pull, share)


def _last_layer(
    last: LastLayer, home: Own, pull: float, share: float, learned: NDArray[np.bool_]
) -> tuple[Fit, NDArray[np.float32]]:
    return last.fit(learned, pull=pull, share=share), home.sight.means


def drawn(classes: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    """(N,) which cells are learned from, each class by its share, at most half of it and one at least."""
    for seed in range(DRAWS):
        random, learned = np.random.default_rng(seed), np.zeros(len(classes), bool)
        for each in np.unique(classes):
            members = np.flatnonzero(classes == each)
            wanted = max(1, round(CELLS * len(members) / len(classes)))
            learned[random.permutation(members)[: min(wanted, max(1, len(members) // 2))]] = True
        yield learned


def compared(base: Bundle, there: Own, learned: NDArray[np.bool_], home: Own, fit: Fits) -> tuple[float, ...]:
    """Accuracy among the classes present, before and after; balanced accuracy, before and after; accuracy at home."""
    (adapted, home_now), rest = fit(learned), ~learned
    truth = np.concatenate([there.classes[rest], there.missed])
    present = np.unique(there.classes)
    seen_by = ((base.head, there.sight.means, home.sight.means), (adapted.head, adapted.own.means, home_now))
    answers = [told(head, means[rest], there.missed, present) for head, means, _ in seen_by]
    right = [float((answer == truth).mean()) for answer in answers]
    balanced = [balanced_accuracy(truth, answer, len(base.labels)) or np.nan for answer in answers]
    at_home = [float((head.logits(means).argmax(axis=1) == home.classes).mean()) for head, _, means in seen_by]
    return (*right, *balanced, *at_home)


def told(
    head: Head, means: NDArray[np.float32], missed: NDArray[np.int64], present: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.int64]:
    """The answer to each cell among the classes `present`; none to those that were not found, which are wrong."""
    answers = np.asarray(present)[head.logits(means)[:, present].argmax(axis=1)]
    return np.concatenate([answers, np.full(len(missed), -1)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:4]))
