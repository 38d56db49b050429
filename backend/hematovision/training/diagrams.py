"""A laboratory's row as pictures: what is taken for what, and whether confidence is kept to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hematovision.cells import in_words
from hematovision.evaluation import BINS


def draw(rows: dict[str, dict[str, Any]], labels: Sequence[str], folder: Path) -> None:
    """`folder/<lab>/confusion.png` and `reliability.png` of rows of `evaluation.row` by laboratory."""
    for lab, row in rows.items():
        (folder / lab).mkdir(parents=True, exist_ok=True)
        confusion(lab, row, labels).savefig(folder / lab / "confusion.png", dpi=120)
        reliability(lab, row).savefig(folder / lab / "reliability.png", dpi=120)


def confusion(lab: str, row: dict[str, Any], labels: Sequence[str]) -> Figure:
    """Counts by truth (down) and answer (across), shaded by their share of the truth's pictures, 0..1."""
    counts = np.array(row["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8, 6.4), layout="constrained")
    axes = figure.subplots()
    shades = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (truth, answer), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[truth, answer] > 0.5 else "black"
            axes.text(answer, truth, str(count), ha="center", va="center", color=colour)
    names = [in_words(label) for label in labels]
    axes.set_xticks(range(len(names) + 1), [*names, "no answer"], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.axvline(len(names) - 0.5, color="grey", linewidth=1)
    axes.set(xlabel="answer", ylabel="truth")
    axes.set_title(f"{lab}: {row['n']} pictures, {row['accuracy']:.2%} right", parse_math=False)
    figure.colorbar(shades, ax=axes, label="share of the truth's pictures", format=PercentFormatter(1), shrink=0.8)
    return figure


def reliability(lab: str, row: dict[str, Any]) -> Figure:
    """Above, the share right in each bin of confidence (bars), and at the bin's mean confidence (points), beside the
    diagonal of an honest model (Guo et al., arXiv:1706.04599); below, the number of answers in the bin."""
    bins, error = row["reliability"], row["expected_calibration_error"]
    middles = [(each["bin"] + 0.5) / BINS for each in bins]
    right = [each["accuracy"] for each in bins]
    figure = Figure(figsize=(5, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.bar(middles, right, width=1 / BINS, alpha=0.35, edgecolor="white")
    above.plot([each["confidence"] for each in bins], right, "o-", label="answers")
    above.plot([0, 1], [0, 1], color="grey", linestyle="--", label="honest")
    above.set_title(f"{lab}: calibration error {'-' if error is None else format(error, '.3f')}", parse_math=False)
    above.set(ylabel="share right", xlim=(0, 1), ylim=(0, 1.02))
    above.legend(loc="upper left")
    below.bar(middles, [each["n"] for each in bins], width=1 / BINS, edgecolor="white")
    below.set(xlabel="confidence", ylabel="answers")
    for axes in (above, below):
        axes.grid(alpha=0.3)
    return figure
