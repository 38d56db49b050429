"""Scores of answers against the truth. Arrays in, numbers out; no picture, no model, no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.calibration import expected_calibration_error

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

SMALLEST_CLASS = 20  # a class with fewer pictures is left out of balanced accuracy: one picture would weigh 5 points


@dataclass(frozen=True)
class Answers:
    """What a model said of N labelled pictures: class indices `truth` (N,), `probabilities` (N, K), `status` (N,)."""

    truth: Ints
    probabilities: Floats
    status: Sequence[str]

    @property
    def answer(self) -> Ints:
        """(N,) the most probable class of each, whatever its status: the forced choice."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the forced choice is the truth."""
        return np.asarray(self.answer == self.truth)


def row(answers: Answers) -> dict[str, Any]:
    """The figures of one laboratory. Shares and scores are 0..1; an interval is [low, high] at 95 %."""
    classes = answers.probabilities.shape[1]
    status = np.asarray(answers.status)
    return {
        "n": len(answers.truth),
        "accuracy": _mean(answers.right),
        "accuracy_interval": bootstrap_interval(answers.right, np.mean),
        "balanced_accuracy": balanced_accuracy(answers.truth, answers.answer, classes),
        "macro_f1": macro_f1(answers.truth, answers.answer, classes),
        "expected_calibration_error": expected_calibration_error(answers.probabilities.max(axis=1), answers.right),
        "by_status": {
            name: {
                "n": int(np.sum(status == name)),
                "share": _mean(status == name),
                "accuracy": _mean(answers.right[status == name]),
            }
            for name in ("confident", "check", "unfamiliar")
        },
        "confusion": confusion(answers.truth, answers.answer, classes).tolist(),
    }


def macro_f1(truth: Ints, answer: Ints, classes: int) -> float:
    """The mean over classes present in `truth` of 2 tp / (2 tp + fp + fn); class indices (N,) in, 0..1 out."""
    scores = [
        2 * np.sum((truth == k) & (answer == k)) / (np.sum(truth == k) + np.sum(answer == k))
        for k in range(classes)
        if np.any(truth == k)
    ]
    return float(np.mean(scores))


def balanced_accuracy(truth: Ints, answer: Ints, classes: int) -> float | None:
    """The mean recall over classes with at least 20 pictures, 0..1; None if there is no such class."""
    recalls = [np.mean(answer[truth == k] == k) for k in range(classes) if np.sum(truth == k) >= SMALLEST_CLASS]
    return float(np.mean(recalls)) if recalls else None


def confusion(truth: Ints, answer: Ints, classes: int) -> NDArray[np.int64]:
    """(K, K) counts: row is the truth, column the answer."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, answer), 1)
    return table


def bootstrap_interval(
    values: NDArray[Any], statistic: Callable[[NDArray[Any]], Any], draws: int = 2000, seed: int = 1
) -> list[float]:
    """[low, high]: the 2.5 and 97.5 percentiles of `statistic` over resamples of `values` (N,) (Efron 1979)."""
    random = np.random.default_rng(seed)
    drawn = [float(statistic(values[random.integers(0, len(values), len(values))])) for _ in range(draws)]
    return [float(each) for each in np.percentile(drawn, (2.5, 97.5))]


def _mean(values: NDArray[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
