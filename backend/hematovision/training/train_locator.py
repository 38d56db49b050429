"""Train the locator on fields with boxes, and on crops whose centre is a cell."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from hematovision import errors
from hematovision.background import background_of, divide_out
from hematovision.images import RGB, decode
from hematovision.locator import KINDS
from hematovision.progress import Progress
from hematovision.training import curves, locating, locator_network
from hematovision.training.fields import BoxedField, read_fields
from hematovision.training.labs import LabelledCell, naming, read_cells
from hematovision.training.runs import Run, Ticker
from hematovision.training.splits import SPOILT
from hematovision.training.spot import spot
from hematovision.training.targets import wanted
from hematovision.training.windows import NUCLEATED, PLATELET, SHARES, Scene, Variation, shrunk, size_of, window


@dataclass(frozen=True)
class LocatorConfig:
    """Everything that decides a run besides the pictures; stored with it as run.json."""

    labs: tuple[str, ...] = ()  # laboratories to learn from; empty: all there are
    crops_of: tuple[str, ...] = ("barcelona",)  # whose crops are centred on their cell
    epochs: int = 28  # in all, the gentle ones included
    gentle_epochs: int = 4  # the last, on windows seen through good optics, so that boxes get sharp
    windows: int = 1600  # an epoch
    batch: int = 16
    rate: float = 1e-3  # Adam, after 100 steps of warming up, falling to nothing along a cosine
    gentle_rate: float = 3e-4  # Adam, after 50 steps of warming up, falling to nothing along a cosine
    clip: float = 5.0  # largest norm of all gradients together
    seed: int = 1
    variation: Variation = field(default_factory=Variation)
    gentle: Variation = Variation(poor=0.1)

    @property
    def strong_epochs(self) -> int:
        """Those before the gentle ones: one at least, where there are so many."""
        return max(self.epochs - self.gentle_epochs, min(self.epochs, 1))


def train(data: Path, run: Path, config: LocatorConfig, weights: Path | None, progress: Progress) -> Path:
    """Train, or go on training, in the folder `run`, and fit its limits on val fields; returns the folder.

    The model is that of the last epoch: the rate has fallen to nothing by then, and no epoch is picked. The last epochs
    are gentle: what was learned through poor optics is brought back to good ones. Val windows are scored beside it;
    test rows are not read.

    Raises `LabelsRefused` if there is nothing to learn from, or the run was begun with other settings or pictures.
    """
    keras.utils.set_random_seed(config.seed)
    fields = [each for each in read_fields(data, config.labs) if each.group not in SPOILT]
    cells = _crops(data, config.crops_of, {each.lab for each in fields})
    folder = Run(run, config, KINDS, _hash(fields, cells, data))
    history = folder.history()
    if (run / locating.RECORD).is_file():
        return run
    learn = _Windows(fields, cells, "train", config, progress)
    check = _Windows(fields, cells, "val", config, progress)
    check.epoch, check.batches = -1, max(1, len(check.scenes) // config.batch)  # the same after every epoch
    if history:
        with keras.saving.custom_object_scope({"loss": locator_network.loss}):
            model = keras.saving.load_model(folder.checkpoint(len(history)))
    else:
        model = locator_network.build(weights)
    while len(history) < config.epochs:
        learn.epoch = len(history)
        if learn.epoch == 0:
            _compile(model, config.rate, 100, config.strong_epochs * len(learn), config.clip)
        if learn.epoch >= config.strong_epochs:
            learn.variation = config.gentle
        if learn.epoch == config.strong_epochs:
            _compile(model, config.gentle_rate, 50, (config.epochs - config.strong_epochs) * len(learn), config.clip)
        ticker = Ticker(progress, learn.epoch, config.epochs, len(learn))
        fitted = model.fit(learn, epochs=1, callbacks=[ticker], verbose=0)
        val = float(model.evaluate(check, verbose=0))
        history.append({"epoch": learn.epoch + 1, "loss": fitted.history["loss"][0], "val_loss": val})
        folder.keep(model, history)
        curves.draw_loss(history, run / "curves.png")
    folder.keep_best(model)
    sizes = config.variation.small_sizes[0], config.variation.sizes[1]
    locating.finish(run, fields, sizes, progress)
    return run


class _Windows(keras.utils.PyDataset):
    """Batches of windows; (seed, epoch, batch) decide them, so that a resumed run repeats what an unbroken one would
    have drawn. Laboratories are drawn alike; those whose boxes are incomplete, and crops of each kind, half as
    often."""

    def __init__(
        self,
        fields: Sequence[BoxedField],
        cells: Sequence[LabelledCell],
        split: str,
        config: LocatorConfig,
        progress: Progress,
    ) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.config, self.variation, self.epoch = config, config.variation, 0
        self.batches = config.windows // config.batch
        self.by_lab: dict[str, list[Scene]] = defaultdict(list)
        chosen = [each for each in fields if each.split == split]
        for done, each in enumerate(chosen, 1):
            self.by_lab[each.lab].append(_field(each))
            progress("reading fields", done, len(chosen))
        typical = {lab: float(np.median([scene.size for scene in of])) for lab, of in self.by_lab.items()}
        crops = [cell for cell in cells if cell.split == split and cell.lab in typical]
        for done, cell in enumerate(crops, 1):
            self.by_lab[f"{cell.lab} {KINDS[_kind(cell)]} crops"].append(_crop(cell, typical[cell.lab]))
            progress("reading crops", done, len(crops))
        if not self.by_lab:
            raise errors.LabelsRefused(f"There is no field on the side {split}. Add fields with boxes.")
        self.labs = sorted(self.by_lab)
        weights = np.array([1.0 if self.by_lab[lab][0].complete else 0.5 for lab in self.labs])
        self.weights = weights / weights.sum()
        self.scenes = [scene for lab in self.labs for scene in self.by_lab[lab]]
        whole = [scene for scene in self.scenes if scene.complete]
        self.small = [shrunk(scene, config.variation.small_sizes[1]) for scene in whole]
        # Platelets of crops are laid over others' windows too, so many that one object in three may be one.
        exact = [scene for scene in self.scenes if scene.exact and not scene.complete and scene.kinds[0] == PLATELET]
        self.objects = whole + exact[:: max(1, 2 * len(exact) // max(1, len(whole)))]

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng((self.config.seed, self.epoch + 1, index))
        inputs, answers = [], []
        for _ in range(self.config.batch):
            lab = self.by_lab[self.labs[random.choice(len(self.labs), p=self.weights)]]
            scene = lab[random.integers(len(lab))]
            drawn = window(scene, self.objects, self.small, self.variation, random)
            inputs.append(drawn.rgb)
            answers.append(wanted(drawn))
        return np.stack(inputs).astype(np.float32), np.stack(answers)


def _compile(model: keras.Model, rate: float, warming: int, steps: int, clip: float) -> None:
    """For so many steps in all."""
    falling = max(1, steps - warming)
    schedule = keras.optimizers.schedules.CosineDecay(rate / 10, falling, warmup_target=rate, warmup_steps=warming)
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=clip)
    model.compile(optimizer, locator_network.loss, jit_compile=False)  # XLA is ten times slower on a CPU


def _field(each: BoxedField) -> Scene:
    rgb = _read(each.path)
    size = size_of(each.boxes, each.kinds, rgb.shape)
    return Scene(rgb, each.boxes, each.kinds, size, each.complete, exact=True)


def _crop(cell: LabelledCell, typical: float) -> Scene:
    """A crop with its one known centre. A platelet's box is what is stained there; other cells get the size `typical`
    of nucleated cells of their laboratory."""
    rgb, kind = _read(cell.path), _kind(cell)
    box = spot(rgb) if kind == PLATELET else None
    exact = box is not None
    if box is None:
        centre, half = np.array(rgb.shape[1::-1]) / 2, typical * SHARES[kind] / 2
        box = np.concatenate([centre - half, centre + half])
    return Scene(rgb, box[np.newaxis], np.array([kind]), typical, complete=False, exact=exact)


def _kind(cell: LabelledCell) -> int:
    return PLATELET if cell.label == "platelet" else NUCLEATED


def _read(path: Path) -> RGB:
    with naming(path):
        rgb = decode(path.read_bytes()).rgb
    return divide_out(rgb, background_of(rgb))


def _crops(data: Path, of: Sequence[str], labs: Collection[str]) -> list[LabelledCell]:
    cells = read_cells(data) if (data / "cells.csv").is_file() else []
    return [cell for cell in cells if cell.lab in of and cell.lab in labs and cell.group not in SPOILT]


def _hash(fields: Sequence[BoxedField], cells: Sequence[LabelledCell], data: Path) -> str:
    """SHA-256 over what is learned from: every field with its boxes, every crop, each with its split."""
    lines = [f"{each.path.relative_to(data).as_posix()},{each.split},{each.boxes.tolist()}\n" for each in fields]
    lines += [f"{cell.path.relative_to(data).as_posix()},{cell.label},{cell.split}\n" for cell in cells]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
