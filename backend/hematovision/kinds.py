"""What the kind that a cell was located as tells of its class, beside what the classifier says.

The locator learned from platelets of every laboratory whose fields are boxed; a classifier that meets another stain may
take a platelet for a cell with a nucleus, or the other way round, and be sure of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PLATELET = "platelet"  # the kind, and the class


@dataclass(frozen=True)
class LocatedAs:
    """The shares, above 0 and below 1, of `platelets` and of `others`, cells with a nucleus, that are located as
    platelets. Raises `ValueError` for what is no such share."""

    platelets: float
    others: float

    def __post_init__(self) -> None:
        if not (0 < self.platelets < 1 and 0 < self.others < 1):
            raise ValueError("shares located as platelets")

    def weighed(
        self, probabilities: NDArray[np.floating], kinds: Sequence[str], labels: Sequence[str]
    ) -> NDArray[np.float64]:
        """The classifier's (N, K), its columns named by `labels`, in the light of the N kinds: by Bayes' rule, as if
        both erred independently of each other. Each row sums to 1."""
        shares = np.array([self.platelets if label == PLATELET else self.others for label in labels])
        so_located = np.array([kind == PLATELET for kind in kinds], bool)[:, np.newaxis]
        likely = probabilities * np.where(so_located, shares, 1 - shares)
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def located_as(kinds: Sequence[str], labels: Sequence[str]) -> LocatedAs:
    """Counted in N cells of these kinds and classes, and one more of each for every pair, so that nothing is
    impossible (Laplace's rule of succession)."""
    so_located = np.array([kind == PLATELET for kind in kinds], bool)
    platelet = np.array([label == PLATELET for label in labels], bool)
    of = (so_located[platelet], so_located[~platelet])
    platelets, others = ((int(each.sum()) + 1) / (len(each) + 2) for each in of)
    return LocatedAs(platelets, others)
