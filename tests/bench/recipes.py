"""What each idea gives at a laboratory that was not learned from: the classifier trained on Barcelona's train rows with
one thing changed, scored on Barcelona's val rows and on Bangkok's train and val rows, where a cell is found in them. No
test row and nothing of BCCD is looked at here.

HEMATOVISION_WEIGHTS=... python tests/bench/recipes.py LOCATOR FOLDER IDEA [IDEA ...]

LOCATOR is the run of a locator that never saw Bangkok, FOLDER keeps framed cells and finished models; ideas are the
names in `IDEAS`, each with " seed 2" and the like after it for another seed than the first. Short runs: some ten
minutes each on two cores. Needs the `train` extra.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from hematovision.background import WHITE, background_of
from hematovision.evaluation import balanced_accuracy
from hematovision.framing import frame
from hematovision.images import RGB, decode
from hematovision.progress import bar
from hematovision.settings import Settings
from hematovision.training import network
from hematovision.training.augment import Augmentation, augmented
from hematovision.training.fields import read_fields
from hematovision.training.framed import framed, middle
from hematovision.training.labs import labels_of, read_cells
from hematovision.training.locating import open_locator
from hematovision.training.splits import SPOILT
from hematovision.training.train import TrainConfig, shares
from hematovision.training.windows import NUCLEATED

HOME, AWAY, UNLABELLED = "barcelona", "bangkok", "raabin"
EPOCHS = 12

Change = Callable[[RGB, np.random.Generator, Sequence[RGB]], RGB]


@dataclass(frozen=True)
class Idea:
    """`before` changes a varied picture for training alone, `always` every picture that the network sees."""

    config: TrainConfig = field(default_factory=lambda: TrainConfig(epochs=EPOCHS))
    before: Change | None = None
    always: Callable[[RGB], RGB] = lambda rgb: rgb


def density(rgb: RGB) -> NDArray[np.float64]:
    """Optical density over the white that a background is brought to, 0 at least."""
    return np.asarray(np.log(WHITE / np.clip(rgb, 1, WHITE)))


def even_strength(rgb: RGB) -> RGB:
    """What is darkest, the nucleus, brought to one density; colours keep their proportions."""
    dense = density(rgb)
    darkest = np.sort(dense.mean(axis=2).ravel())[-max(1, dense.shape[0] * dense.shape[1] // 10) :].mean()
    return as_picture(dense * np.clip(0.9 / max(darkest, 1e-3), 0.4, 3.0))


def even_colour(rgb: RGB) -> RGB:
    """The nucleus's density brought to one value in each channel."""
    dense = density(rgb).reshape(-1, 3)
    darkest = dense[np.argsort(dense.mean(axis=1))[-max(1, len(dense) // 10) :]].mean(axis=0)
    factors = np.clip(np.array([0.9, 1.2, 0.45]) / np.maximum(darkest, 1e-3), 0.3, 3.5)
    return as_picture((dense * factors).reshape(rgb.shape))


def as_picture(dense: NDArray[np.float64]) -> RGB:
    return np.asarray((WHITE * np.exp(-dense)).astype(np.uint8))


def amplitude_mixed(rgb: RGB, random: np.random.Generator, others: Sequence[RGB]) -> RGB:
    """Half of the pictures with the coarse amplitudes, of Fourier's, mixed with those of an unlabelled picture from
    elsewhere (Xu et al., A Fourier-based Framework for Domain Generalization, 2021)."""
    if random.random() < 0.5:
        return rgb
    other = others[random.integers(len(others))]
    one, two = np.fft.fft2(rgb, axes=(0, 1)), np.fft.fft2(other, axes=(0, 1))
    near = np.minimum(np.arange(len(rgb)), len(rgb) - np.arange(len(rgb)))
    coarse = (np.maximum.outer(near, near) <= 0.06 * len(rgb))[..., np.newaxis] * random.uniform(0, 1)
    amplitude = (1 - coarse) * np.abs(one) + coarse * np.abs(two)
    mixed = np.fft.ifft2(amplitude * np.exp(1j * np.angle(one)), axes=(0, 1)).real
    return np.asarray(np.clip(mixed, 0, 255).astype(np.uint8))


def in_the_shade(rgb: RGB, random: np.random.Generator, _: Sequence[RGB]) -> RGB:
    """Half of the pictures as in the dark rim of a field, whose background is divided out for the field as a whole."""
    if random.random() < 0.5:
        return rgb
    return np.asarray((rgb * (1 - random.uniform(0, 0.5) * random.uniform(0.5, 1, 3))).astype(np.uint8))


def config(**given: object) -> TrainConfig:
    return TrainConfig(epochs=EPOCHS, **given)  # type: ignore[arg-type]


PLAIN = config(augmentation=Augmentation(convolved=0))

IDEAS = {
    "as it is": Idea(),
    "without convolutions": Idea(PLAIN),
    "without convolutions, in the shade": Idea(PLAIN, before=in_the_shade),
    "without convolutions, amplitudes mixed": Idea(PLAIN, before=amplitude_mixed),
    "without convolutions, a quarter of the rate": Idea(replace(PLAIN, rate=1e-4)),
    "without the curve": Idea(config(augmentation=Augmentation(curve=(1, 1)))),
    "even strength": Idea(always=even_strength),
    "even colour": Idea(always=even_colour),
    "160 pixels": Idea(config(size=160)),
    "weaker stains": Idea(config(augmentation=Augmentation(strength=(0.5, 1.4), channel=0.15, mixing=0.05))),
    "stronger stains": Idea(config(augmentation=Augmentation(strength=(0.25, 1.8), channel=0.35, mixing=0.2))),
}


@dataclass(frozen=True)
class Cells:
    """Framed with room around them: pictures (N,), classes (N,), and how often each is drawn."""

    pictures: list[RGB]
    classes: NDArray[np.int64]
    shares: NDArray[np.float64]


def read(data: Path, locator: Path, folder: Path, lab: str, sides: tuple[str, ...], size: int) -> Cells:
    """The cells of a laboratory on these sides, framed once and kept."""
    cells = [each for each in read_cells(data, (lab,)) if each.split in sides and each.group not in SPOILT]
    labels = labels_of(read_cells(data))
    kept = folder / f"{lab}-{'-'.join(sides)}-{size}.npz"
    if not kept.is_file():
        with bar() as progress:
            made = framed(cells, open_locator(locator), size, TrainConfig().context, progress)
        np.savez(kept, rgb=np.stack([each.rgb for each in made]), paths=[str(each.cell.path) for each in made])
    stored = np.load(kept)
    by_path = {str(each.path): each for each in cells}
    found = [by_path[path] for path in stored["paths"]]
    return Cells(list(stored["rgb"]), np.array([labels.index(each.label) for each in found]), shares(found))


def read_unlabelled(data: Path, size: int) -> list[RGB]:
    """Cells of a laboratory that has no labels, framed by the boxes that people drew."""
    pictures = []
    for each in read_fields(data, (UNLABELLED,)):
        rgb = decode(each.path.read_bytes()).rgb
        for x0, y0, x1, y1 in each.boxes[each.kinds == NUCLEATED]:
            side = TrainConfig().context * max(x1 - x0, y1 - y0)
            pictures.append(frame(rgb, ((x0 + x1) / 2, (y0 + y1) / 2), side, size, background_of(rgb)))
    return pictures


class Batches(keras.utils.PyDataset):
    """Varied pictures of one epoch."""

    def __init__(self, cells: Cells, idea: Idea, others: Sequence[RGB], classes: int) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.cells, self.idea, self.others, self.classes, self.epoch = cells, idea, others, classes, 0

    def __len__(self) -> int:
        return len(self.cells.pictures) // self.idea.config.batch

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        how, random = self.idea.config, np.random.default_rng((self.idea.config.seed, self.epoch, index))
        chosen = random.choice(len(self.cells.pictures), how.batch, p=self.cells.shares)
        pictures = []
        for i in chosen:
            rgb = augmented(self.cells.pictures[i], how.size, how.augmentation, random)
            rgb = self.idea.before(rgb, random, self.others) if self.idea.before else rgb
            pictures.append(self.idea.always(rgb))
        return np.stack(pictures).astype(np.float32), np.eye(self.classes, dtype=np.float32)[self.cells.classes[chosen]]


def learn(idea: Idea, cells: Cells, others: Sequence[RGB], classes: int, weights: Path | None) -> list[keras.Model]:
    """The model of the last epoch, and the mean of the last few epochs' weights."""
    how = idea.config
    keras.utils.set_random_seed(how.seed)
    model = network.build(how.size, classes, weights)
    batches = Batches(cells, idea, others, classes)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=how.label_smoothing)
    late: list[list[NDArray[np.float32]]] = []
    for epoch in range(how.epochs):
        if epoch in (0, how.head_epochs):
            head = epoch < how.head_epochs
            network.set_base_trainable(model, not head)
            fall = max(1, (how.epochs - how.head_epochs - 1) * len(batches))
            rate = keras.optimizers.schedules.CosineDecay(
                how.rate / 20, fall, warmup_target=how.rate, warmup_steps=len(batches)
            )
            optimizer = keras.optimizers.Adam(how.head_rate if head else rate, global_clipnorm=how.clip)
            model.compile(optimizer, loss, jit_compile=False)
        batches.epoch = epoch
        started = time.perf_counter()
        fitted = model.fit(batches, epochs=1, verbose=0)
        sys.stderr.write(f"epoch {epoch + 1}: {fitted.history['loss'][0]:.3f}, {time.perf_counter() - started:.0f} s\n")
        late = [*late[1 - how.averaged :], model.get_weights()]
    mean = keras.models.clone_model(model)
    mean.set_weights([np.mean(each, axis=0) for each in zip(*late, strict=True)])
    return [model, mean]


def scores(model: keras.Model, idea: Idea, cells: Cells) -> tuple[float, float | None]:
    """Accuracy, and balanced accuracy, among the classes that these cells have; None where each has few cells."""
    size = idea.config.size
    pictures = np.stack([idea.always(middle(each, size)) for each in cells.pictures]).astype(np.float32)
    logits = model.predict(pictures, batch_size=64, verbose=0)
    present = np.unique(cells.classes)
    answers = present[logits[:, present].argmax(axis=1)]
    return float((answers == cells.classes).mean()), balanced_accuracy(cells.classes, answers, logits.shape[1])


def main(locator: Path, folder: Path, names: Sequence[str]) -> None:
    settings = Settings.from_env()
    folder.mkdir(parents=True, exist_ok=True)
    classes = len(labels_of(read_cells(settings.data)))
    sys.stdout.write(
        f"| idea | weights | {HOME}, val | {AWAY}: accuracy | balanced |\n| --- | --- | --- | --- | --- |\n"
    )
    for name in names:
        asked, _, seed = name.partition(" seed ")
        idea = IDEAS[asked]
        idea = replace(idea, config=replace(idea.config, seed=int(seed or 1)))
        size = idea.config.size
        here, val, away = (
            read(settings.data, locator, folder, lab, sides, size)
            for lab, sides in ((HOME, ("train",)), (HOME, ("val",)), (AWAY, ("train", "val")))
        )
        others = read_unlabelled(settings.data, size) if idea.before is amplitude_mixed else []
        for which, model in zip(
            ("last", f"mean of {idea.config.averaged}"),
            learn(idea, here, others, classes, settings.weights),
            strict=True,
        ):
            model.save(folder / f"{name} {which}.keras".replace(" ", "-"))
            home, _ = scores(model, idea, val)
            accuracy, balanced = scores(model, idea, away)
            told = "-" if balanced is None else f"{balanced:.1%}"
            sys.stdout.write(f"| {name} | {which} | {home:.2%} | {accuracy:.1%} of {len(away.classes)} | {told} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
