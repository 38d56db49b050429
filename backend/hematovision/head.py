"""The classifier's last layer: from what the network saw of a cell to logits, and back to where it saw a class.

It is served from numbers of its own, not from within the network, so that it can be fitted anew to a laboratory with
nothing but numpy, and a class be shown in the picture without a gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Head:
    """`kernel` (D, K) and `bias` (K,) of one dense layer after pooling: D channels, K classes."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, means: Floats) -> NDArray[np.float32]:
        """(N, D) as of `pooled` -> (N, K), before temperature."""
        # Not `@`: its library starts a thread on each core for these few products, which a busy service waits for.
        return np.asarray(np.einsum("nd,dk->nk", means, self.kernel) + self.bias, np.float32)

    def seen_at(self, features: Floats, position: int) -> NDArray[np.float32]:
        """The last feature map of one cell (h, w, D) -> (h, w): what each place adds to the logit of the class at
        `position`; their mean, and the bias, are that logit. Exact for pooling and one dense layer (class activation
        map: Zhou et al., Learning Deep Features for Discriminative Localization, arXiv:1512.04150)."""
        return np.asarray(np.einsum("hwd,d->hw", features, self.kernel[:, position]), np.float32)


def pooled(features: Floats) -> NDArray[np.float32]:
    """The last feature map (N, h, w, D) -> its mean over places (N, D)."""
    return np.asarray(features.mean(axis=(1, 2)), np.float32)
