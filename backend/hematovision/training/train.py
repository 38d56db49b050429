"""One training run in a folder: history.csv, curves.png, epoch-N.keras (to resume from) and best.keras (to release).

Read top to bottom: settings, pictures, the loop. A run that was stopped goes on from its last whole epoch when it
is started again with the same settings; everything else it needs is derived from its files.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from hematovision import errors
from hematovision.evaluation import macro_f1
from hematovision.images import RGB, decode, fit
from hematovision.progress import Progress
from hematovision.training import curves, network
from hematovision.training.augment import Augmentation, augmented
from hematovision.training.labs import LabelledCell, labels_of, list_hash, naming, read_cells


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run besides the pictures; stored with it as run.json."""

    labs: tuple[str, ...] = ()  # laboratories to learn from; empty: all there are
    size: int = 160  # pixels a side of the network's input
    head_epochs: int = 1  # with the base frozen, so that a random head does not shake it
    epochs: int = 15  # in all, the head's included
    patience: int = 6  # epochs without a better val result before the run ends
    batch: int = 32
    head_rate: float = 2e-3  # Adam
    rate: float = 3e-4  # Adam, after one epoch of warming up, falling to nothing along a cosine
    clip: float = 1.0  # largest norm of all gradients together: with BatchNorm still, early steps can run away
    label_smoothing: float = 0.1
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)


def train(data: Path, run: Path, config: TrainConfig, weights: Path | None, progress: Progress) -> Path:
    """Train, or go on training, in the folder `run`; returns the best model's file.

    Best is the highest accuracy on val, ties broken by the lower log loss; test rows are not read.
    Raises `LabelsRefused` if there is nothing to learn from, or the run was begun with other settings or pictures.
    """
    keras.utils.set_random_seed(config.seed)
    cells = read_cells(data, config.labs)
    labels = labels_of(cells)
    _begin_or_resume(run, config, labels, list_hash(cells, data))

    history = _read_history(run)
    if _finished(history, config):
        return run / "best.keras"

    learn = _Pictures([cell for cell in cells if cell.split == "train"], labels, config, progress)
    check = _Pictures([cell for cell in cells if cell.split == "val"], labels, config, progress)
    if not len(learn) or not len(check):
        raise errors.LabelsRefused("Train or val is empty: add pictures, some twenty for each class at least.")
    check_inputs = np.stack([fit(rgb, config.size) for rgb in check.pictures]).astype(np.float32)
    check_labels = np.array(check.targets)
    frequency = Counter(learn.targets)
    class_weight = {k: len(learn.targets) / (len(labels) * n) for k, n in frequency.items()}

    model = _model_to_go_on_with(run, len(history), config, len(labels), len(learn), weights)
    while not _finished(history, config):
        epoch = len(history)
        if epoch == config.head_epochs:
            _free_base(model, config, len(learn))
        learn.epoch = epoch
        # Dropout draws by (seed, epoch) too: its state is not among what a .keras file brings back.
        model.get_layer("dropout").seed_generator.state.assign([config.seed, epoch])
        ticker = _Ticker(progress, epoch, config.epochs, len(learn))
        fitted = model.fit(learn, epochs=1, class_weight=class_weight, callbacks=[ticker], verbose=0)
        logits = model.predict(check_inputs, batch_size=config.batch, verbose=0)
        history.append(_row(epoch, fitted.history, logits, check_labels))
        if best_epoch(history) == epoch:
            _save(model, run / "best.keras")
        _save(model, _checkpoint(run, len(history)))
        _write_history(run, history)  # an epoch counts when it is in here, and its checkpoint is there by then
        _checkpoint(run, epoch).unlink(missing_ok=True)
        curves.draw(history, run / "curves.png")
    return run / "best.keras"


def best_epoch(history: Sequence[dict[str, float]]) -> int:
    """Index of the epoch with the highest val accuracy, then the lowest val log loss."""
    return max(range(len(history)), key=lambda i: (history[i]["val_accuracy"], -history[i]["val_log_loss"]))


class _Pictures(keras.utils.PyDataset):
    """Batches of varied pictures for one epoch; (seed, epoch, batch) decide the variation, so a resumed run repeats
    what an unbroken one would have drawn."""

    def __init__(
        self, cells: Sequence[LabelledCell], labels: Sequence[str], config: TrainConfig, progress: Progress
    ) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.config = config
        self.epoch = 0
        self.classes = len(labels)
        self.targets = [labels.index(cell.label) for cell in cells]
        self.pictures: list[RGB] = []
        for done, cell in enumerate(cells, 1):
            with naming(cell.path):
                self.pictures.append(decode(cell.path.read_bytes(), at_least=2 * config.size).rgb)
            progress("reading pictures", done, len(cells))

    def __len__(self) -> int:
        return len(self.pictures) // self.config.batch or min(1, len(self.pictures))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        config = self.config
        order = np.random.default_rng((config.seed, self.epoch)).permutation(len(self.pictures))
        chosen = order[index * config.batch : (index + 1) * config.batch]
        random = np.random.default_rng((config.seed, self.epoch, index))
        inputs = np.stack([augmented(self.pictures[i], config.size, config.augmentation, random) for i in chosen])
        return inputs.astype(np.float32), np.eye(self.classes, dtype=np.float32)[[self.targets[i] for i in chosen]]


class _Ticker(keras.callbacks.Callback):
    """Passes each finished batch on to the progress bar, counted over the whole run."""

    def __init__(self, progress: Progress, epoch: int, epochs: int, batches: int) -> None:
        super().__init__()
        self.progress, self.epoch, self.epochs, self.batches = progress, epoch, epochs, batches

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = f", loss {logs['loss']:.3f}" if logs else ""
        done = self.epoch * self.batches + batch + 1
        self.progress(f"epoch {self.epoch + 1} of {self.epochs}{loss}", done, self.epochs * self.batches)


def _begin_or_resume(run: Path, config: TrainConfig, labels: Sequence[str], pictures: str) -> None:
    run.mkdir(parents=True, exist_ok=True)
    now = {"config": dataclasses.asdict(config), "labels": list(labels), "pictures_sha256": pictures}
    now = json.loads(json.dumps(now))  # tuples as lists, as they come back from the file
    record = run / "run.json"
    if record.is_file() and json.loads(record.read_text()) != now:
        raise errors.LabelsRefused(
            f"{run} was begun with other settings or other pictures. Name a new run, or remove that folder."
        )
    record.write_text(json.dumps(now, indent=2) + "\n")


def _model_to_go_on_with(
    run: Path, epochs_done: int, config: TrainConfig, classes: int, batches: int, weights: Path | None
) -> keras.Model:
    if epochs_done:
        return keras.saving.load_model(_checkpoint(run, epochs_done))
    model = network.build(config.size, classes, weights)
    network.set_base_trainable(model, False)
    _compile(model, keras.optimizers.Adam(config.head_rate), config)
    if config.head_epochs == 0:
        _free_base(model, config, batches)
    return model


def _free_base(model: keras.Model, config: TrainConfig, batches: int) -> None:
    network.set_base_trainable(model, True)
    fall = max(1, (config.epochs - config.head_epochs - 1) * batches)
    rate = keras.optimizers.schedules.CosineDecay(
        config.rate / 20, fall, warmup_target=config.rate, warmup_steps=batches
    )
    _compile(model, keras.optimizers.Adam(rate, global_clipnorm=config.clip), config)


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


def _finished(history: Sequence[dict[str, float]], config: TrainConfig) -> bool:
    if not history:
        return config.epochs == 0
    return len(history) >= config.epochs or len(history) - 1 - best_epoch(history) >= config.patience


def _checkpoint(run: Path, epochs_done: int) -> Path:
    return run / f"epoch-{epochs_done}.keras"


def _save(model: keras.Model, path: Path) -> None:
    partial = path.with_name("partial.keras")
    model.save(partial)
    partial.replace(path)


def _read_history(run: Path) -> list[dict[str, float]]:
    path = run / "history.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _write_history(run: Path, history: Sequence[dict[str, float]]) -> None:
    partial = run / "history.csv.partial"
    with partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    partial.replace(run / "history.csv")
