"""From logits to honest probabilities: temperature, the limit for `confident`, calibration error.

All of it is fitted on val rows and stored in the bundle; nothing here is a typed-in limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """(N, K) logits -> (N, K) float64 probabilities, each row summing to 1."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(logits: Floats, truth: Ints) -> float:
    """The temperature in 0.05..20 that makes the true classes (N,) likeliest (Guo et al., ICML 2017, arXiv:1706.04599).

    The log loss is convex in 1 / T, so its slope is bisected.
    """
    logits = np.asarray(logits, np.float64)
    at_truth = logits[np.arange(len(truth)), truth]
    low, high = 1 / 20, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = (softmax(logits, 1 / middle) * logits).sum(axis=1)
        if np.mean(expected - at_truth) > 0:
            high = middle
        else:
            low = middle
    return float(2 / (low + high))


def confident_from(confidence: Floats, right: NDArray[np.bool_], rate: float) -> float:
    """The lowest confidence (N,) from which at least `rate` of the answers are right; above 1 if there is none."""
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = np.asarray(confidence)[order]
    share_right = np.cumsum(np.asarray(right)[order]) / np.arange(1, len(order) + 1)
    last_of_ties = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)
    good = np.flatnonzero((share_right >= rate) & last_of_ties)
    return float(sorted_confidence[good[-1]]) if len(good) else 1.01


def expected_calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    """The mean gap between confidence and share right over equal-width bins, weighted by their size, 0..1
    (Naeini et al., AAAI 2015)."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    gaps = [abs(np.mean(right[which == b]) - np.mean(confidence[which == b])) * np.sum(which == b) for b in set(which)]
    return float(np.sum(gaps) / len(confidence))
