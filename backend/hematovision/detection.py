"""Scores of found boxes against those that people drew. Boxes in, numbers out; no picture, no model, no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.evaluation import bootstrap_interval
from hematovision.locator import KINDS, Found
from hematovision.peaks import overlap

Floats = NDArray[np.floating]

AS_GOOD = 0.005  # of F1
SAME = 0.5  # intersection over union from which a found box is the drawn one (PASCAL VOC)


@dataclass(frozen=True)
class Compared:
    """One field and one kind: how many boxes were `drawn`, and the `scores` (N,) of what was found, best first, with
    whether each is a `hit` (N,): overlaps a drawn box, that no better one took, by half."""

    drawn: int
    scores: Floats
    hit: NDArray[np.bool_]


def compare(found: Sequence[Found], boxes: Floats, kinds: NDArray[np.integer]) -> tuple[Compared, ...]:
    """What was found in a field against `boxes` (M, 4) x0, y0, x1, y1 of `kinds` (M,): one `Compared` a kind."""
    return tuple(
        _compare([each for each in found if each.kind == kind], boxes[kinds == index])
        for index, kind in enumerate(KINDS)
    )


def row(fields: Sequence[tuple[Compared, ...]], limits: Sequence[float], complete: bool) -> dict[str, Any]:
    """The figures of a laboratory's fields at these limits. Precision, average precision and counts are left out
    where not every cell is boxed (`complete`); intervals are [low, high] at 95 %, over fields."""
    at = {kind: [_at_limit(field[k], limits[k]) for field in fields] for k, kind in enumerate(KINDS)}
    figures: dict[str, Any] = {"fields": len(fields)}
    for k, kind in enumerate(KINDS):
        counts = np.array(at[kind]).reshape(-1, 3)
        drawn, found, hits = counts.sum(axis=0)
        if not drawn:
            continue
        figures[kind] = {"drawn": int(drawn), "recall": float(hits / drawn), "recall_interval": _interval(counts, 0)}
        if complete:
            figures[kind] |= {
                "found": int(found),
                "precision": float(hits / found) if found else None,
                "precision_interval": _interval(counts, 1),
                "average_precision": average_precision([field[k] for field in fields]),
                "count_median_error": float(np.median(np.abs(counts[:, 1] - counts[:, 0]))),
                "count_signed_error": float((found - drawn) / drawn),
            }
    return figures


def average_precision(compared: Sequence[Compared]) -> float | None:
    """AP50: the mean over recalls 0, 0.01 ... 1 of the best precision at that recall or beyond (COCO), 0..1."""
    drawn = sum(each.drawn for each in compared)
    if not drawn:
        return None
    precision, recall = _curve(compared, drawn)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([best[index] if index < len(best) else 0.0 for index in reached]))


def fit_limits(fields: Sequence[tuple[Compared, ...]]) -> tuple[float, ...]:
    """The least score of each kind: for what is classified the middle of those whose F1 is as good as the best, to
    `AS_GOOD`; for red cells that of the unbiased count. A kind that nobody drew is never found."""
    limits = []
    for k, kind in enumerate(KINDS):
        compared = [field[k] for field in fields]
        drawn = sum(each.drawn for each in compared)
        scores = -np.sort(-np.concatenate([each.scores for each in compared] or [np.empty(0)]))
        if not drawn or not len(scores):
            limits.append(1.0)
        elif kind == "red":
            limits.append(float(scores[min(drawn, len(scores)) - 1]))
        else:
            precision, recall = _curve(compared, drawn)
            f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
            as_good = scores[f1 >= f1.max() - AS_GOOD]
            limits.append(float(as_good[0] + as_good[-1]) / 2)
    return tuple(limits)


def _compare(found: Sequence[Found], boxes: Floats) -> Compared:
    ordered = sorted(found, key=lambda each: -each.score)
    free = np.ones(len(boxes), bool)
    hit = np.zeros(len(ordered), bool)
    for index, each in enumerate(ordered):
        shared = np.where(free, overlap(np.array([each.x0, each.y0, each.x1, each.y1]), boxes), 0)
        if len(boxes) and shared.max() >= SAME:
            hit[index] = True
            free[shared.argmax()] = False
    return Compared(len(boxes), np.array([each.score for each in ordered]), hit)


def _at_limit(compared: Compared, limit: float) -> tuple[int, int, int]:
    above = compared.scores >= limit
    return compared.drawn, int(above.sum()), int(compared.hit[above].sum())


def _interval(counts: NDArray[np.integer], over: int) -> list[float]:
    return bootstrap_interval(counts, lambda drawn: drawn[:, 2].sum() / max(drawn[:, over].sum(), 1))


def _curve(compared: Sequence[Compared], drawn: int) -> tuple[Floats, Floats]:
    """Precision and recall after each found box, best score first."""
    scores = np.concatenate([each.scores for each in compared])
    hits = np.cumsum(np.concatenate([each.hit for each in compared])[np.argsort(-scores, kind="stable")])
    return hits / np.arange(1, len(hits) + 1), hits / drawn
