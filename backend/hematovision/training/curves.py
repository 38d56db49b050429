"""A run's history as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator


def draw(history: Sequence[dict[str, float]], path: Path) -> None:
    """Loss on the left, accuracy on train and val on the right, one point an epoch, as a PNG."""
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["loss"] for row in history], marker="o", label="train, smoothed labels")
    left.plot(epochs, [row["val_log_loss"] for row in history], marker="o", label="val, log loss")
    right.plot(epochs, [row["accuracy"] for row in history], marker="o", label="train, augmented")
    right.plot(epochs, [row["val_accuracy"] for row in history], marker="o", label="val")
    for axes, title in ((left, "Loss"), (right, "Accuracy")):
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)


def draw_loss(history: Sequence[dict[str, float]], path: Path) -> None:
    """Loss on train and val, one point an epoch, as a PNG."""
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    for name, label in (("loss", "train, varied"), ("val_loss", "val")):
        axes.plot([row["epoch"] for row in history], [row[name] for row in history], marker="o", label=label)
    axes.set(title="Loss", xlabel="epoch", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
