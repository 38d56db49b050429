"""Train the classifier on framed cells.

Read top to bottom: settings, the loop, the pictures. A run that was stopped goes on from its last whole epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from hematovision import errors
from hematovision.bundle import sha256_of
from hematovision.evaluation import macro_f1
from hematovision.kinds import PLATELET
from hematovision.progress import Progress
from hematovision.training import curves, network
from hematovision.training.augment import Augmentation, augmented
from hematovision.training.broken import broken
from hematovision.training.framed import FramedCell, framed, middle
from hematovision.training.labs import LabelledCell, labels_of, list_hash
from hematovision.training.last_layer import fit_last_layer
from hematovision.training.learned import to_learn_from
from hematovision.training.locating import REFERENCE, open_locator
from hematovision.training.runs import Run, Ticker


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run besides the pictures; stored with it as run.json."""

    labs: tuple[str, ...] = ()  # laboratories to learn from; empty: all there are
    locator: str = ""  # SHA-256 of the locator that framed the cells; filled in by `train`
    size: int = 128  # pixels a side of the network's input
    context: float = 1.6  # side of the standard picture, in longer sides of the cell's box
    head_epochs: int = 1  # with the base frozen, so that a random head does not shake it
    epochs: int = 20  # in all, the head's included
    averaged: int = 4  # epochs, the last, whose weights' mean is released
    batch: int = 32
    head_rate: float = 2e-3  # Adam
    rate: float = 4e-4  # Adam, after one epoch of warming up, falling to nothing along a cosine
    clip: float = 1.0  # largest norm of all gradients together: with BatchNorm still, early steps can run away
    label_smoothing: float = 0.1
    last_pull: float = 0.1  # towards nothing, of the last layer fitted anew at the end; 0: it stays as it was trained
    broken: float = 0.08  # share of the cells with a nucleus that are broken and shown as no class
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)


def train(data: Path, locator: Path, run: Path, config: TrainConfig, weights: Path | None, progress: Progress) -> Path:
    """Train, or go on training, in the folder `run`, on cells framed by the trained locator in the folder `locator`;
    returns the file of the model to release.

    No epoch is picked: it is the mean of the last epochs' weights (Izmailov et al., arXiv:1803.05407), its last layer
    fitted anew as of `last_layer`. Val cells are scored beside the epochs; test rows are not read.
    Raises `LabelsRefused` if there is nothing to learn from, or the run was begun with other settings or pictures.
    """
    keras.utils.set_random_seed(config.seed)
    find = open_locator(locator)
    config = replace(config, locator=sha256_of(locator / REFERENCE))
    cells = to_learn_from(data, config.labs)
    labels = labels_of(cells)
    folder = Run(run, config, labels, list_hash(cells, data))
    history = folder.history()
    if folder.best.is_file():
        return folder.best

    sides = [[cell for cell in cells if cell.split == side] for side in ("train", "val")]
    learn, check = (framed(side, find, config.size, config.context, progress) for side in sides)
    if not learn or not check:
        raise errors.LabelsRefused("Train or val is empty: add pictures, some twenty for each class at least.")
    pictures = Pictures(learn, labels, config)
    check_inputs = np.stack([middle(each.rgb, config.size) for each in check]).astype(np.float32)
    check_labels = np.array([labels.index(each.cell.label) for each in check])

    if len(history) < config.epochs:
        model = _model_to_go_on_with(folder, len(history), config, len(labels), len(pictures), weights)
    while len(history) < config.epochs:
        epoch = len(history)
        if epoch == config.head_epochs:
            _free_base(model, config, len(pictures))
        pictures.epoch = epoch
        # Dropout draws by (seed, epoch) too: its state is not among what a .keras file brings back.
        model.get_layer("dropout").seed_generator.state.assign([config.seed, epoch])
        ticker = Ticker(progress, epoch, config.epochs, len(pictures))
        fitted = model.fit(pictures, epochs=1, callbacks=[ticker], verbose=0)
        logits = model.predict(check_inputs, batch_size=config.batch, verbose=0)
        history.append(_row(epoch, fitted.history, logits, check_labels))
        folder.keep(model, history, config.averaged)
        curves.draw(history, run / "curves.png")
    model = _mean_of_last(folder, config)
    if config.last_pull:
        as_they_are = [middle(each.rgb, config.size) for each in learn]
        fit_last_layer(model, as_they_are, np.array(pictures.targets), pictures.shares, config.last_pull, progress)
    folder.keep_best(model)
    return folder.best


class Pictures(keras.utils.PyDataset):
    """Batches of varied pictures for one epoch; (seed, epoch, batch) decide which and how, so a resumed run repeats
    what an unbroken one would have drawn. A broken cell's target is no class, so that `accuracy` in history.csv is of
    the others in the main."""

    def __init__(self, cells: Sequence[FramedCell], labels: Sequence[str], config: TrainConfig) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.cells, self.config, self.epoch, self.classes = cells, config, 0, len(labels)
        self.targets = [labels.index(each.cell.label) for each in cells]
        self.shares = shares([each.cell for each in cells])

    def __len__(self) -> int:
        return len(self.cells) // self.config.batch or min(1, len(self.cells))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        config = self.config
        random = np.random.default_rng((config.seed, self.epoch, index))
        chosen = random.choice(len(self.cells), config.batch, p=self.shares)
        inputs = np.empty((config.batch, config.size, config.size, 3), np.float32)
        targets = np.eye(self.classes, dtype=np.float32)[[self.targets[i] for i in chosen]]
        for place, i in enumerate(chosen):
            rgb = self.cells[i].rgb
            if self.cells[i].cell.label != PLATELET and random.random() < config.broken:
                rgb, targets[place] = broken(rgb, config.size / config.context, random), 1 / self.classes
            inputs[place] = augmented(rgb, config.size, config.augmentation, random)
        return inputs, targets


def shares(cells: Sequence[LabelledCell]) -> NDArray[np.float64]:
    """How often each cell is drawn, (N,) of sum 1: laboratories, and within each its classes, by the square root of
    how many cells they have, so that the small are met more often than they would be and not worn out."""
    labs, classes = Counter(each.lab for each in cells), Counter((each.lab, each.label) for each in cells)
    of_classes: Counter[str] = Counter()
    for (lab, _), n in classes.items():
        of_classes[lab] += n**0.5
    often = np.array(
        [labs[each.lab] ** 0.5 / of_classes[each.lab] / classes[each.lab, each.label] ** 0.5 for each in cells]
    )
    return np.asarray(often / often.sum())


def _model_to_go_on_with(
    run: Run, epochs_done: int, config: TrainConfig, classes: int, batches: int, weights: Path | None
) -> keras.Model:
    if epochs_done:
        return keras.saving.load_model(run.checkpoint(epochs_done))
    model = network.build(config.size, classes, weights)
    network.set_base_trainable(model, False)
    _compile(model, keras.optimizers.Adam(config.head_rate), config)
    if config.head_epochs == 0:
        _free_base(model, config, batches)
    return model


def _mean_of_last(run: Run, config: TrainConfig) -> keras.Model:
    """The model whose weights are the mean of those of the last epochs in which the base was free."""
    count = max(1, min(config.averaged, config.epochs - config.head_epochs))
    late = [
        keras.saving.load_model(run.checkpoint(epoch), compile=False)
        for epoch in range(config.epochs - count + 1, config.epochs + 1)
    ]
    weights = zip(*(model.get_weights() for model in late), strict=True)
    late[-1].set_weights([np.mean(each, axis=0) for each in weights])
    return late[-1]


def _free_base(model: keras.Model, config: TrainConfig, batches: int) -> None:
    network.set_base_trainable(model, True)
    fall = max(1, (config.epochs - config.head_epochs - 1) * batches)
    _compile(model, _falling(config.rate, fall, config, warm=batches), config)


def _falling(rate: float, steps: int, config: TrainConfig, warm: int = 0) -> keras.optimizers.Optimizer:
    """Adam whose rate, after so many steps of warming up, falls to nothing along a cosine."""
    start, target = (rate / 20, rate) if warm else (rate, None)
    falling = keras.optimizers.schedules.CosineDecay(start, steps, warmup_target=target, warmup_steps=warm)
    return keras.optimizers.Adam(falling, global_clipnorm=config.clip)


def _compile(model: keras.Model, optimizer: keras.optimizers.Optimizer, config: TrainConfig) -> None:
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)  # XLA is ten times slower on a CPU


def _row(epoch: int, fitted: dict[str, list[float]], logits: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    answer = logits.argmax(axis=1)
    return {
        "epoch": epoch + 1,
        "loss": fitted["loss"][0],
        "accuracy": fitted["accuracy"][0],
        "val_accuracy": float((answer == truth).mean()),
        "val_macro_f1": macro_f1(truth, answer, logits.shape[1]),
        "val_log_loss": float(-log_probability[np.arange(len(truth)), truth].mean()),
    }
