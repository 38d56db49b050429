"""How far a cell is from those that were learned from: by its features, to the nearest of some hundred that the bundle
remembers (Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, arXiv:2204.06507).

A classifier names one of its classes whatever it is shown. What lies further from every remembered cell than nearly all
cells of the val rows do, or has another colour than a stained nucleus, is unfamiliar, and gets no label. What is
stranger than most of them are is never confident. That is told by its texture, too: features were taught to keep the
classes apart and nothing else, and how a map further down varies over the picture still tells what is of none (after
Sastry and Oore, Detecting Out-of-Distribution Examples with Gram Matrices, arXiv:1912.12510: of their moments those of
each channel with itself). Either counts by how many of val's cells were nearer, as conformal prediction makes p-values
of scores (Vovk et al., Algorithmic Learning in a Random World, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Familiar:
    """Of N remembered cells `features` (N, D), as of `head.pooled`, `texture` (N, T), as of `runtime.Outputs`, and
    `labels` (N,), each the position of the cell's class in the bundle's labels. `usual` (2, Q): how far val's cells are
    in features and in texture, at Q quantiles from the least to the most, evenly apart. Beyond `limit`, 0..2, a cell is
    unfamiliar; `rate` of the val cells at least are within it. Where it is stranger than `near`, 0..1, no answer is
    confident; `near_rate` of the val cells are not. Unfamiliar, too, is one less purple than `purple_from`, -1..1, as
    of `dye.purple`: `rate` of each laboratory's val cells are not."""

    features: NDArray[np.float32]
    texture: NDArray[np.float32]
    labels: NDArray[np.integer]
    usual: NDArray[np.float64]
    limit: float
    rate: float
    near: float
    near_rate: float
    purple_from: float

    @cached_property
    def _known(self) -> Known:
        return Known(self.features, self.texture)

    def distances(self, features: Floats) -> NDArray[np.float64]:
        """(M, D) as of `head.pooled` -> (M,) 0..2: one minus the cosine to the nearest remembered cell."""
        return self._known.in_features(features)

    def measured(self, features: Floats, texture: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(M, D) and (M, T) -> (M,) 0..2, as of `distances`, and (M,) 0..1: the share of val's cells that it is
        stranger than, in features and in texture, the mean of both."""
        distances = self._known.distances(features, texture)
        return distances[0], shares_nearer(distances, self.usual)


class Known:
    """Remembered cells to measure from: `features` (N, D), and `texture` (N, T), each of T by how it varies among them,
    and not at all if it does not."""

    def __init__(self, features: Floats, texture: Floats) -> None:
        spread = texture.std(axis=0)
        self._mean, self._spread = texture.mean(axis=0), np.where(spread > 1e-6, spread, np.inf)
        self._features, self._texture = directions(features), directions((texture - self._mean) / self._spread)

    def in_features(self, features: Floats) -> NDArray[np.float64]:
        """(M, D) -> (M,) 0..2: one minus the cosine to the nearest."""
        return nearest(directions(features), self._features)

    def distances(self, features: Floats, texture: Floats) -> NDArray[np.float64]:
        """(M, D) and (M, T) -> (2, M): one minus the cosine to the nearest in features, and in texture."""
        apart = nearest(directions((texture - self._mean) / self._spread), self._texture)
        return np.stack([self.in_features(features), apart])


def usual_of(distances: Floats) -> NDArray[np.float64]:
    """(2, N) as of `Known.distances` -> (2, Q): their quantiles, by whole per cents."""
    return np.asarray(np.quantile(distances, np.linspace(0, 1, 101), axis=1).T, np.float64)


def shares_nearer(distances: Floats, usual: Floats) -> NDArray[np.float64]:
    """(2, M) as of `Known.distances` and (2, Q) -> (M,) 0..1: the share of the usual ones that are nearer, the mean of
    both."""
    shares = np.linspace(0, 1, usual.shape[1])
    return np.asarray(np.mean([np.interp(*each, shares) for each in zip(distances, usual, strict=True)], axis=0))


def directions(features: Floats) -> NDArray[np.float32]:
    """(N, D), each row scaled to unit length."""
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12), np.float32)


def nearest(features: Floats, known: Floats) -> NDArray[np.float64]:
    """(M, D) and (N, D) of unit length -> (M,) 0..2: one minus the cosine to the nearest of `known`."""
    # Not `@`: its library starts a thread on each core for these few products, which a busy service waits 20 ms for.
    return np.asarray(1 - np.einsum("md,nd->mn", features, known).max(axis=1), np.float64)
