"""The classifier's last layer, fitted anew to train cells as they are once the network has learned.

What the network sees is learned from pictures as they could be, so that it holds elsewhere. Its last layer learns there
to be unsure, too. Fitted anew to cells that nothing was done to, it leaves what is seen as it is (after Kirichenko et
al., Last Layer Re-Training is Sufficient for Robustness, arXiv:2204.02937). README's decisions say what that gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from hematovision.head import Head
from hematovision.images import RGB
from hematovision.progress import Progress
from hematovision.refit import refitted

AT_ONCE = 64  # pictures


def fit_last_layer(
    model: keras.Model,
    pictures: Sequence[RGB],
    classes: NDArray[np.int64],
    shares: NDArray[np.float64],
    pull: float,
    progress: Progress,
) -> None:
    """Set the last layer of a network as `network.build` makes it, from N standard pictures (size, size, 3) uint8,
    their classes (N,) as positions and how much each counts (N,), 0 or more. It is pulled towards nothing by `pull`, as
    of `refit.refitted`, so that nothing is left of what it was."""
    seeing = keras.Model(model.input, model.get_layer("pool").output)
    means = []
    for start in range(0, len(pictures), AT_ONCE):
        means.append(seeing.predict_on_batch(np.stack(pictures[start : start + AT_ONCE]).astype(np.float32)))
        progress("fitting the last layer", min(start + AT_ONCE, len(pictures)), len(pictures))
    layer = model.get_layer("logits")
    nothing = Head(*map(np.zeros_like, layer.get_weights()))
    fitted = refitted(nothing, np.concatenate(means), classes, shares, pull)
    layer.set_weights([fitted.kernel, fitted.bias])
