"""Which framing? How well cells of one laboratory are told apart by what was learned at another, for each way.

A logistic regression on the pooled features of ImageNet's MobileNetV2, untouched: no training run decides. Only train
and val rows are read. Classes are those that both laboratories have. Needs the `train` extra.

python tests/bench/framing.py runs/locator
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from hematovision.background import WHITE, background_of
from hematovision.framing import frame
from hematovision.images import RGB, decode
from hematovision.locator import Found, main_of
from hematovision.progress import Progress, bar
from hematovision.settings import Settings
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.locating import open_locator

SIZE = 128
EACH_CLASS = 150  # cells of a class and laboratory at most
NO_COLOUR = np.full(3, float(WHITE))  # divided out, it changes nothing

Side = Callable[[Found, list[Found]], float]


def of_box(context: float) -> Side:
    return lambda cell, _: context * cell.side


def of_red_cells(context: float, fallback: float) -> Side:
    """In diameters of the red cells around; of the cell's box where fewer than three are seen whole."""

    def side(cell: Found, found: list[Found]) -> float:
        red = [each.side for each in found if each.kind == "red" and not each.edge]
        return context * float(np.median(red)) if len(red) >= 3 else fallback * cell.side

    return side


WAYS: dict[str, tuple[Side | None, bool]] = {
    "whole picture": (None, False),
    "whole picture, background divided out": (None, True),
    "box x 1.2": (of_box(1.2), True),
    "box x 1.4": (of_box(1.4), True),
    "box x 1.4, background as it is": (of_box(1.4), False),
    "box x 1.8": (of_box(1.8), True),
    "red cells x 2.6": (of_red_cells(2.6, 1.4), True),
    "red cells x 2.6, background as it is": (of_red_cells(2.6, 1.4), False),
    "red cells x 3.4": (of_red_cells(3.4, 1.8), True),
}


@dataclass(frozen=True)
class Lab:
    """Features of each way (N, 1280), and labels (N,)."""

    features: dict[str, np.ndarray]
    labels: np.ndarray


def main(run: str) -> None:
    data, locate = Settings.from_env().data, open_locator(Path(run))
    network = keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), include_top=False, pooling="avg", weights=str(Settings.from_env().weights)
    )
    learn = [cell for cell in read_cells(data) if cell.split in ("train", "val")]
    labs = {}
    for lab in sorted({cell.lab for cell in learn}):
        with bar() as progress:
            labs[lab] = features_of(few_of_each([c for c in learn if c.lab == lab]), locate, network, progress)
    pairs = [(a, b) for a in labs for b in labs if a != b]
    echo = sys.stdout.write
    echo(f"Balanced accuracy; learned from {', '.join(f'{lab} ({len(labs[lab].labels)})' for lab in labs)}\n\n")
    echo(
        "| framing | "
        + " | ".join(f"{a} -> {b}" for a, b in pairs)
        + " | mean |\n| --- |"
        + " --- |" * (len(pairs) + 1)
    )
    for way in WAYS:
        scores = [transfer(labs[a], labs[b], way) for a, b in pairs]
        echo(f"\n| {way} | " + " | ".join(f"{each:.1%}" for each in scores) + f" | {np.mean(scores):.1%} |")
    echo("\n")


def few_of_each(cells: list[LabelledCell]) -> list[LabelledCell]:
    random = np.random.default_rng(1)
    chosen = []
    for label in sorted({cell.label for cell in cells}):
        of_class = [cell for cell in cells if cell.label == label]
        chosen += [of_class[i] for i in random.permutation(len(of_class))[:EACH_CLASS]]
    return chosen


def features_of(
    cells: list[LabelledCell], locate: Callable[[RGB], list[Found]], network: keras.Model, progress: Progress
) -> Lab:
    pictures: dict[str, list[RGB]] = {way: [] for way in WAYS}
    labels = []
    for done, cell in enumerate(cells, 1):
        rgb = decode(cell.path.read_bytes()).rgb
        found = locate(rgb)
        main_cell = main_of(found, rgb.shape[1], rgb.shape[0])
        if main_cell is not None:
            labels.append(cell.label)
            background = background_of(rgb)
            for way, (side, divided) in WAYS.items():
                centre = main_cell.centre if side else (rgb.shape[1] / 2, rgb.shape[0] / 2)
                width = side(main_cell, found) if side else max(rgb.shape[:2])
                pictures[way].append(frame(rgb, centre, width, SIZE, background if divided else NO_COLOUR))
        progress("framing", done, len(cells))
    scaled = {way: np.stack(each).astype(np.float32) / 127.5 - 1 for way, each in pictures.items()}
    return Lab({way: network.predict(each, verbose=0) for way, each in scaled.items()}, np.array(labels))


def transfer(of: Lab, to: Lab, way: str) -> float:
    """Balanced accuracy at `to` of a ridge-like logistic regression learned at `of`."""
    common = sorted(set(of.labels) & set(to.labels))
    x, y = (of.features[way][np.isin(of.labels, common)], of.labels[np.isin(of.labels, common)])
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    model = keras.Sequential([keras.layers.Dense(len(common), kernel_regularizer=keras.regularizers.L2(0.02))])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    keras.utils.set_random_seed(1)
    weight = {k: len(y) / (len(common) * np.sum(y == label)) for k, label in enumerate(common)}
    model.fit((x - mean) / spread, np.searchsorted(common, y), 64, epochs=40, class_weight=weight, verbose=0)
    chosen = np.isin(to.labels, common)
    # Each laboratory is brought to its own mean: what is compared is the framing, not a shift that all ways share.
    z = to.features[way][chosen]
    answer = model.predict((z - z.mean(axis=0)) / (z.std(axis=0) + 1e-3), verbose=0).argmax(axis=1)
    truth = np.searchsorted(common, to.labels[chosen])
    return float(np.mean([np.mean(answer[truth == k] == k) for k in range(len(common)) if np.any(truth == k)]))


if __name__ == "__main__":
    main(sys.argv[1])
