"""The upper half of the classifier fitted anew to a laboratory's own cells, where the last layer alone is not enough.

Its own cells are shown varied, as in training, and beside them the remembered ones, as the lower half saw them, so that
nothing learned is forgotten and no old picture is needed (latent replay: Pellegrini et al., IROS 2020,
arXiv:1912.01100). The lower half stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from hematovision import bundle as bundles
from hematovision.bundle import Bundle
from hematovision.head import Head
from hematovision.images import RGB
from hematovision.progress import Progress
from hematovision.refit import SMOOTHING
from hematovision.training import halfway, network
from hematovision.training.augment import Augmentation, augmented
from hematovision.training.export import write_network
from hematovision.training.framed import middle
from hematovision.training.own import Fit, Own, Sight, evenly
from hematovision.training.readouts import written
from hematovision.training.runs import Ticker

STEPS = 600
EACH = 16  # of the laboratory's own cells, and of the remembered ones, in a step
RATE = 2e-4  # Adam, falling to nothing along a cosine
CLIP = 1.0  # largest norm of all gradients together, as in training
AUGMENTATION = Augmentation()  # as in training
SEED = 1


class UpperHalf:
    """A way of fitting a bundle to a laboratory's cells (`own.Way`). Each fit starts from the bundle's network."""

    def __init__(self, base: Bundle, own: Own, progress: Progress) -> None:
        self._base, self._own, self._progress = base, own, progress
        self._model = keras.saving.load_model(base.path / "model.keras", compile=False)
        self._lower, self._upper = network.halves(self._model)
        self._seeing = network.upper_features(self._model)
        self._model.get_layer("logits").set_weights([base.head.kernel, base.head.bias])
        self._weights = self._model.get_weights()
        self._remembered, self._classes = halfway.read(base.path)
        self._halfway = self._below(own.pictures)

    def fit(self, learned: NDArray[np.bool_]) -> Fit:
        keras.utils.set_random_seed(SEED)
        self._model.set_weights(self._weights)
        network.set_base_trainable(self._model, True)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
        rate = keras.optimizers.schedules.CosineDecay(RATE, STEPS)
        self._upper.compile(keras.optimizers.Adam(rate, global_clipnorm=CLIP), loss, jit_compile=False)
        ticker = Ticker(self._progress, 0, 1, STEPS)
        self._upper.fit(_Beside(self, learned), epochs=1, callbacks=[ticker], verbose=0)
        head = Head(*self._model.get_layer("logits").get_weights())
        return Fit(head, self._above(self._halfway), self._above(self._remembered), self._classes)

    def sight(self, pictures: list[RGB]) -> Sight:
        """What the network as it was fitted last makes of other cells."""
        return self._above(self._below(pictures))

    def write(self, folder: Path) -> dict[str, Any]:
        """The networks, and what the lower half makes of the cells, those of the laboratory with them. What was read
        off the features before is so no longer, and is left out."""
        write_network(self._model, folder, "model.keras", "model.tflite")
        outputs = np.concatenate([self._remembered, self._halfway])
        halfway.write(folder, outputs, np.concatenate([self._classes, self._own.classes]))
        return {"readouts": written([], folder / bundles.READOUTS)}

    def batch(self, index: int, learned: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the lower half makes of the step's cells, and their classes."""
        random = np.random.default_rng((SEED, index))
        own = random.choice(learned, EACH, p=evenly(self._own.classes[learned]))
        old = random.choice(len(self._classes), EACH, p=evenly(self._classes))
        size = self._base.size
        varied = [augmented(self._own.pictures[each], size, AUGMENTATION, random) for each in own]
        seen = np.asarray(self._lower(np.stack(varied).astype(np.float32), training=False))
        classes = np.concatenate([self._own.classes[own], self._classes[old]])
        return np.concatenate([seen, self._remembered[old]]), np.eye(len(self._base.labels), dtype=np.float32)[classes]

    def _below(self, pictures: list[RGB]) -> NDArray[np.float32]:
        standard = np.stack([middle(each, self._base.size) for each in pictures]).astype(np.float32)
        return np.asarray(self._lower.predict(standard, batch_size=EACH, verbose=0))

    def _above(self, outputs: NDArray[np.float32]) -> Sight:
        return Sight(*map(np.asarray, self._seeing.predict(outputs, batch_size=EACH, verbose=0)))


class _Beside(keras.utils.PyDataset):
    """The batches of a fit, made while the one before is learned from."""

    def __init__(self, of: UpperHalf, learned: NDArray[np.bool_]) -> None:
        super().__init__(workers=1, max_queue_size=4)
        self._of, self._learned = of, np.flatnonzero(learned)

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self._of.batch(index, self._learned)
