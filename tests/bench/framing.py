"""Which framing? How well cells of one laboratory are told apart by what was learned at another, for each way.

Frozen features of ImageNet's MobileNetV2 and a linear layer: no training run decides. Cells are a few train and val
rows of each class; a pair of laboratories is compared on the classes of nucleated cells that both have. Last, what a
framing could confuse by taking size away: platelets and lymphocytes, within the first laboratory that has both.

export HEMATOVISION_WEIGHTS=mobilenet_v2_1.0_224_no_top.weights.h5
python tests/bench/framing.py runs/locator             # crops: the main cell of each
python tests/bench/framing.py runs/locator --fields    # cells with a box and a label in fields: red cells are around

Needs the `train` extra and scikit-learn, which nothing else here does: `pip install scikit-learn`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hematovision.background import WHITE, background_of, divide_out
from hematovision.detection import SAME
from hematovision.framing import frame
from hematovision.images import RGB, decode
from hematovision.locator import Found, main_of
from hematovision.peaks import overlap
from hematovision.progress import bar
from hematovision.settings import Settings
from hematovision.training.framed import Locate
from hematovision.training.labs import read_cells
from hematovision.training.locating import open_locator

Floats = NDArray[np.floating]
Labels = NDArray[np.str_]
Labelled = tuple[Path, str, str, Floats | None]  # picture, lab, label, the box (4,) of the cell; None: the main cell
Pair = tuple[str, str]  # of, to
Right = dict[str, NDArray[np.bool_]]  # label -> (DRAWN, cells) whether each was named so

SIZE = 128
EACH_CLASS = 60  # cells of a class and laboratory at most
FEWEST = 10  # a class with fewer at either laboratory is left out of their pair
CONTEXT = 1.4
USUAL = f"box x {CONTEXT}"  # what the other ways are scaled to on the whole, and compared with
ENOUGH_RED = 3  # red cells whole in the picture; with fewer, the box gives the scale
STRENGTH = 0.001  # inverse of the linear layer's regularisation: 1280 features, some hundred cells
DRAWN = 10  # times that the cells learned from are drawn anew
REPEATS = 1000  # of the bootstrap
PLATELET = "platelet"
ALIKE = ("lymphocyte", PLATELET)


@dataclass(frozen=True)
class Located:
    """A picture and its labelled `cell` as it was found. `red` is the median side of the red cells around, None where
    too few are seen, and `nucleus` the root of the area of what is dark in the cell's box: both in pixels."""

    rgb: RGB
    label: str
    cell: Found
    red: float | None
    nucleus: float


@dataclass(frozen=True)
class Way:
    """`side` of the square in pixels, None for the whole picture; whether the background's colour is divided out."""

    side: Callable[[Located], float] | None
    divided: bool = True


def main(folder: str, of_fields: bool) -> None:
    settings = Settings.from_env()
    network = keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), include_top=False, pooling="avg", weights=str(settings.weights or "imagenet")
    )
    data, locate = settings.data, open_locator(Path(folder))
    cells = [cell for cell in read_cells(data) if cell.split != "test"]
    names = sorted({cell.lab for cell in cells})
    learn = in_fields(data, names) if of_fields else [(cell.path, cell.lab, cell.label, None) for cell in cells]
    labs = {lab: located([each for each in learn if each[1] == lab], locate) for lab in names}
    labels = {lab: np.array([each.label for each in labs[lab]]) for lab in names}
    every = [each for lab in names for each in labs[lab]]
    ends = np.cumsum([len(labs[lab]) for lab in names])[:-1]
    both = next(lab for lab in names if set(ALIKE) <= set(labels[lab]))
    right, alike = {}, {}
    ways = ways_for(every)
    with bar() as progress, threadpool_limits(1, "blas"):  # on products this small its threads wait for each other
        for done, (name, way) in enumerate(ways.items(), 1):
            features = dict(zip(names, np.split(features_of(every, way, network), ends), strict=True))
            right[name] = {(a, b): transfer(features, labels, a, b) for a, b in permutations(names, 2)}
            alike[name] = told_apart(features[both], labels[both])
            progress("comparing ways of framing", done, len(ways))
    report(labs, right, alike)


def in_fields(data: Path, labs: Sequence[str]) -> list[Labelled]:
    """The cells with a label of their own and the platelets, boxed in train and val fields."""
    with (data / "fields.csv").open(newline="", encoding="utf-8") as file:
        of = {row["path"]: row["lab"] for row in csv.DictReader(file) if row["split"] != "test" and row["lab"] in labs}
    with (data / "boxes.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["field"] in of and (row["label"] or row["kind"] == PLATELET)]
    boxes = np.array([[float(row[name]) for name in ("x0", "y0", "x1", "y1")] for row in rows])
    labels = [row["label"] or PLATELET for row in rows]
    return [(data / row["field"], of[row["field"]], *cell) for row, *cell in zip(rows, labels, boxes, strict=True)]


def located(cells: Sequence[Labelled], locate: Locate) -> list[Located]:
    """The same few cells of each class, whenever it is asked; those that are not found are left out."""
    random, few = np.random.default_rng(1), []
    for label in sorted({label for _, _, label, _ in cells}):
        of_class = [each for each in cells if each[2] == label]
        few += [of_class[i] for i in random.permutation(len(of_class))[:EACH_CLASS]]
    kept = []
    with bar() as progress:
        for done, (path, lab, label, box) in enumerate(few, 1):
            rgb = decode(path.read_bytes()).rgb
            found = locate(rgb)
            cell = main_of(found, rgb.shape[1], rgb.shape[0]) if box is None else at(box, found)
            if cell is not None:
                sides = [each.side for each in found if each.kind == "red" and not each.edge]
                red = float(np.median(sides)) if len(sides) >= ENOUGH_RED else None
                kept.append(Located(rgb, label, cell, red, nucleus_of(rgb, cell)))
            progress(f"locating cells of {lab}", done, len(few))
    return kept


def at(box: Floats, found: Sequence[Found]) -> Found | None:
    """What was found there, red cells apart."""
    others = [each for each in found if each.kind != "red"]
    shared = overlap(box, np.array([[each.x0, each.y0, each.x1, each.y1] for each in others]).reshape(-1, 4))
    return others[int(shared.argmax())] if others and shared.max() >= SAME else None


def nucleus_of(rgb: RGB, cell: Found) -> float:
    """Root of the area of what is dark in the box by Otsu's threshold, in the red channel: the nucleus' dyes take red
    light away, haemoglobin and eosin hardly do."""
    box = rgb[round(cell.y0) : round(cell.y1), round(cell.x0) : round(cell.x1), 0]
    counts = np.bincount(box.ravel(), minlength=256)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    between = (sums * above - (sums[-1] - sums) * below) ** 2 / np.maximum(below * above, 1)
    return float(np.sqrt(max(1, below[np.argmax(between)])))


def ways_for(cells: Sequence[Located]) -> dict[str, Way]:
    """The ways compared. Those that do not go by the box are scaled to give the same side on the whole (geometric
    mean over nucleated cells), so that they differ by what they go by and not by how close they look."""

    def constant(pairs: Sequence[tuple[float, float]]) -> float:
        return CONTEXT * float(np.exp(np.mean([np.log(side / other) for side, other in pairs])))

    white = [each for each in cells if each.cell.kind == "nucleated"]
    red = constant([(each.cell.side, each.red) for each in white if each.red is not None])
    nucleus = constant([(each.cell.side, each.nucleus) for each in white])
    return {
        "whole picture, as it is": Way(None, divided=False),
        "whole picture": Way(None),
        **{f"box x {each}": Way(of_box(each)) for each in (1.0, 1.2, 1.4, 1.7, 2.0)},
        **{f"box x {each}, background as it is": Way(of_box(each), divided=False) for each in (1.2, 1.4)},
        f"red cells around x {red:.2f}": Way(lambda each: red * each.red if each.red else CONTEXT * each.cell.side),
        f"nucleus x {nucleus:.2f}": Way(lambda each: nucleus * each.nucleus),
    }


def of_box(context: float) -> Callable[[Located], float]:
    return lambda each: context * each.cell.side


def features_of(cells: Sequence[Located], way: Way, network: keras.Model) -> Floats:
    """(N, 1280) of each cell framed that way."""
    pictures = np.stack([framed(each, way) for each in cells])
    return np.asarray(network.predict(pictures.astype(np.float32) / 127.5 - 1, batch_size=64, verbose=0))


def framed(cell: Located, way: Way) -> RGB:
    """(SIZE, SIZE, 3). A background that stays as it is goes on beyond the picture's edge, too."""
    height, width = cell.rgb.shape[:2]
    background = background_of(cell.rgb)
    centre, side = (cell.cell.centre, way.side(cell)) if way.side else ((width / 2, height / 2), max(height, width))
    square = frame(cell.rgb, centre, side, SIZE, background)
    return square if way.divided else divide_out(square, WHITE**2 / background)


def transfer(features: dict[str, Floats], labels: dict[str, Labels], of: str, to: str) -> Right:
    """What was learned at `of` asked about the cells at `to`, among the classes that both have.

    Each laboratory is brought to its own mean and spread: what is compared is the framing, not a shift that training
    with drawn stains is there to take away. Learned from several drawings of the cells, so few are they.
    """
    enough = [{label for label in labels[lab] if np.sum(labels[lab] == label) >= FEWEST} for lab in (of, to)]
    common = sorted((enough[0] & enough[1]) - {PLATELET})
    (x, y), (z, truth) = (chosen(features[lab], labels[lab], common) for lab in (of, to))
    random, answers = np.random.default_rng(1), []
    for _ in range(DRAWN):
        drawn = np.concatenate([random.choice(np.flatnonzero(y == label), np.sum(y == label)) for label in common])
        answers.append(linear().fit(x[drawn], y[drawn]).predict(z))
    return {label: np.stack(answers)[:, truth == label] == label for label in common}


def told_apart(features: Floats, labels: Labels) -> float:
    """Balanced accuracy between the two classes alone, by cross-validation."""
    x, y = chosen(features, labels, ALIKE)
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    return float(np.mean(cross_val_score(linear(), x, y, cv=folds, scoring="balanced_accuracy")))


def chosen(features: Floats, labels: Labels, classes: Sequence[str]) -> tuple[Floats, Labels]:
    """The cells of these classes, features standardised."""
    of_these = np.isin(labels, classes)
    return StandardScaler().fit_transform(features[of_these]), labels[of_these]


def linear() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500)


def gained(way: dict[Pair, Right], usual: dict[Pair, Right]) -> list[float]:
    """Mean balanced accuracy over pairs, `way` less `usual`, and the ends of its 95 % interval: a bootstrap over the
    drawings learned from and, within each class, the cells asked about, which are the same for both ways."""
    random, less = np.random.default_rng(1), np.zeros(REPEATS + 1)
    learned = {of: random.integers(0, DRAWN, (REPEATS, DRAWN, 1)) for of, _ in way}
    asked: dict[tuple[str, str], NDArray[np.int64]] = {}
    for (of, to), by_label in way.items():
        for label, right in by_label.items():
            n = right.shape[1]
            cells = asked.setdefault((to, label), random.integers(0, n, (REPEATS, 1, n)))
            each = right.astype(float) - usual[of, to][label]
            less += np.append(each.mean(), each[learned[of], cells].mean(axis=(1, 2))) / len(by_label) / len(way)
    return [float(less[0]), *np.percentile(less[1:], (2.5, 97.5)).tolist()]


def report(labs: dict[str, list[Located]], right: dict[str, dict[Pair, Right]], alike: dict[str, float]) -> None:
    """The table, and what it was made from."""
    echo, usual = sys.stdout.write, right[USUAL]
    by_red = {lab: sum(each.red is not None for each in of) for lab, of in labs.items()}
    cells = ", ".join(f"{len(of)} of {lab} ({by_red[lab]} with red cells to go by)" for lab, of in labs.items())
    echo(f"Balanced accuracy between laboratories; cells: {cells}.\n\n")
    counts = [(len(of), sum(each.shape[1] for each in of.values())) for of in usual.values()]
    pairs = [f"{of} to {to}, n = {n} in {k} classes" for (of, to), (k, n) in zip(usual, counts, strict=True)]
    columns = ["framing", *pairs, "mean", f"against {USUAL}", " and ".join(f"{label}s" for label in ALIKE)]
    echo(f"| {' | '.join(columns)} |\n{'| --- ' * len(columns)}|\n")
    for name, of in right.items():
        scores = [np.mean([each.mean() for each in by_label.values()]) for by_label in of.values()]
        gain, low, high = (100 * each for each in gained(of, usual))
        against = "" if name == USUAL else f"{gain:+.1f} ({low:+.1f} to {high:+.1f})"
        shown = [name, *(f"{each:.1%}" for each in (*scores, np.mean(scores))), against, f"{alike[name]:.1%}"]
        echo(f"| {' | '.join(shown)} |\n")


if __name__ == "__main__":
    main(sys.argv[1], of_fields="--fields" in sys.argv[2:])
