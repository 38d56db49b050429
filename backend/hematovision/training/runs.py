"""The folder of a training run: run.json, history.csv, epoch-N.keras to resume from, best.keras to release.

A run that was stopped goes on from its last whole epoch when it is started again with the same settings and pictures.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from hematovision import errors
from hematovision.progress import Progress

History = list[dict[str, float]]


class Run:
    """One run in `folder`. Raises `LabelsRefused` if it was begun with another `config`, labels or pictures."""

    def __init__(self, folder: Path, config: Any, labels: Sequence[str], pictures_sha256: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        now = {"config": dataclasses.asdict(config), "labels": list(labels), "pictures_sha256": pictures_sha256}
        now = json.loads(json.dumps(now))  # tuples as lists, as they come back from the file
        record = folder / "run.json"
        if record.is_file() and _read(record) != now:
            raise errors.LabelsRefused(
                f"{folder} was begun with other settings or other pictures. Name a new run, or remove that folder."
            )
        record.write_text(json.dumps(now, indent=2) + "\n")

    @property
    def best(self) -> Path:
        """The model to release."""
        return self.folder / "best.keras"

    def history(self) -> History:
        """A row for each whole epoch so far."""
        path = self.folder / "history.csv"
        if not path.is_file():
            return []
        with path.open(newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

    def keep(self, model: keras.Model, history: History, checkpoints: int = 1) -> None:
        """Write down the epoch that `history` ends with. It counts once it is in history.csv; its checkpoint is there
        by then, and those before go after, but for so many `checkpoints` in all."""
        _save(model, self.checkpoint(len(history)))
        partial = self.folder / "history.csv.partial"
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(history[0]))
            writer.writeheader()
            writer.writerows(history)
        partial.replace(self.folder / "history.csv")
        self.checkpoint(len(history) - checkpoints).unlink(missing_ok=True)

    def keep_best(self, model: keras.Model) -> None:
        """Write down the model to release."""
        _save(model, self.best)

    def checkpoint(self, epochs_done: int) -> Path:
        """The model, with its optimizer, after so many epochs."""
        return self.folder / f"epoch-{epochs_done}.keras"


class Ticker(keras.callbacks.Callback):
    """Passes each finished batch on to the progress bar, counted over the whole run."""

    def __init__(self, progress: Progress, epoch: int, epochs: int, batches: int) -> None:
        super().__init__()
        self.progress, self.epoch, self.epochs, self.batches = progress, epoch, epochs, batches

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = f", loss {logs['loss']:.3f}" if logs else ""
        done = self.epoch * self.batches + batch + 1
        self.progress(f"epoch {self.epoch + 1} of {self.epochs}{loss}", done, self.epochs * self.batches)


def _read(record: Path) -> Any:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        return None  # cut short: as good as other settings


def _save(model: keras.Model, path: Path) -> None:
    partial = path.with_name("partial.keras")
    model.save(partial)
    partial.replace(path)
