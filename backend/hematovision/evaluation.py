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
STATUSES = ("confident", "check", "unfamiliar", "no_cells", "not_a_smear", "refused")
BINS = 15  # of the calibration error and the reliability diagram
NONE = -1  # in the place of a class: no answer


@dataclass(frozen=True)
class Answers:
    """What a model said of N labelled pictures: class indices `truth` (N,), `probabilities` (N, K), `status` (N,).

    A picture without an answer (no cell found, or the picture refused) has a row of NaN. It counts as wrong.
    """

    truth: Ints
    probabilities: Floats
    status: Sequence[str]

    @property
    def answer(self) -> Ints:
        """(N,) the most probable class of each, whatever its status: the forced choice; -1 without an answer."""
        return _most_probable(self.probabilities)

    @property
    def answer_present(self) -> Ints:
        """(N,) the same, chosen among those classes only that occur in `truth`."""
        occurs = np.isin(np.arange(self.probabilities.shape[1]), self.truth)
        return _most_probable(np.where(occurs, self.probabilities, -1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the forced choice is the truth."""
        return np.asarray(self.answer == self.truth)


def row(answers: Answers, labels: Sequence[str]) -> dict[str, Any]:
    """The figures of one laboratory; `labels` (K,) are the classes. Shares and scores are 0..1, None where there is
    nothing to score; an interval is [low, high] at 95 %.

    Pictures without an answer are wrong everywhere and have a last column in `confusion`, but are left out of
    `reliability` and the calibration error: there was no confidence that could be too high.
    """
    truth, answer, right = answers.truth, answers.answer, answers.right
    classes, status = len(labels), np.asarray(answers.status)
    told = answer != NONE
    confidence = answers.probabilities[told].max(axis=1)
    return {
        "n": len(truth),
        "accuracy": _mean(right),
        "accuracy_interval": bootstrap_interval(right, np.mean),
        "accuracy_present": _mean(answers.answer_present == truth),
        "balanced_accuracy": balanced_accuracy(truth, answer, classes),
        "small_classes": small_classes(truth, answer, labels),
        "macro_f1": macro_f1(truth, answer, classes),
        "expected_calibration_error": expected_calibration_error(confidence, right[told], BINS) if told.any() else None,
        "by_status": {
            name: {
                "n": int(np.sum(status == name)),
                "share": _mean(status == name),
                "accuracy": _mean(right[status == name]),
            }
            for name in STATUSES
        },
        "confusion": confusion(truth, answer, classes).tolist(),
        "reliability": reliability(confidence, right[told]),
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


def small_classes(truth: Ints, answer: Ints, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many are `right` of `n` in each class with 1 to 19 pictures: too few for a per cent."""
    return {
        label: {"right": int(np.sum(answer[truth == k] == k)), "n": int(np.sum(truth == k))}
        for k, label in enumerate(labels)
        if 0 < np.sum(truth == k) < SMALLEST_CLASS
    }


def confusion(truth: Ints, answer: Ints, classes: int) -> NDArray[np.int64]:
    """(K, K + 1) counts: row is the truth, column the answer; the last column is no answer."""
    table = np.zeros((classes, classes + 1), np.int64)
    np.add.at(table, (truth, np.where(answer == NONE, classes, answer)), 1)
    return table


def reliability(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> list[dict[str, float]]:
    """The bins of the calibration error that hold an answer: `bin` is 0..bins - 1 of equal width over confidences
    (N,) of 0..1; `n` answers, their mean `confidence` and their `accuracy`."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    return [
        {
            "bin": int(b),
            "n": int(np.sum(which == b)),
            "confidence": float(np.mean(confidence[which == b])),
            "accuracy": float(np.mean(right[which == b])),
        }
        for b in np.unique(which)
    ]


def bootstrap_interval(
    values: NDArray[Any], statistic: Callable[[NDArray[Any]], Any], draws: int = 2000, seed: int = 1
) -> list[float]:
    """[low, high]: the 2.5 and 97.5 percentiles of `statistic` over resamples of `values` (N,) (Efron 1979)."""
    random = np.random.default_rng(seed)
    drawn = [float(statistic(values[random.integers(0, len(values), len(values))])) for _ in range(draws)]
    return [float(each) for each in np.percentile(drawn, (2.5, 97.5))]


def _most_probable(probabilities: Floats) -> Ints:
    return np.where(np.isnan(probabilities).any(axis=1), NONE, probabilities.argmax(axis=1))


def _mean(values: NDArray[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
