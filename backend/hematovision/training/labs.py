"""Labelled pictures: the project's laboratories (`cells.csv`) or one's own folders, one per class."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hematovision import errors
from hematovision.images import SUFFIXES
from hematovision.training.splits import split_of


@dataclass(frozen=True)
class LabelledCell:
    """One picture with its class: `path` on disk, the `lab` it is from, and which `split` its `group` fell into. `box`,
    x0, y0, x1, y1 in pixels, says which cell of a field is meant; without one, the picture's main cell is."""

    path: Path
    lab: str
    label: str
    group: str
    split: str
    box: tuple[float, float, float, float] | None = None


def read_cells(data: Path, labs: Sequence[str] = ()) -> list[LabelledCell]:
    """The cells of `data/cells.csv` (columns path, lab, label, group, split), or where there is no such table those
    of the folders `data/<label>/`, split by hash. `labs` keeps some laboratories only.

    Raises `LabelsRefused` if nothing is found.
    """
    if not data.is_dir():
        raise errors.LabelsRefused(f"There is no folder {data}. Name one that holds one folder of pictures per class.")
    cells = _read_table(data) if (data / "cells.csv").is_file() else _read_folders(data)
    if labs:
        cells = [cell for cell in cells if cell.lab in labs]
    if not cells:
        raise errors.LabelsRefused(
            f"No labelled pictures in {data}. It needs one folder per class with JPEG, PNG, WebP, BMP or TIFF in it."
        )
    return cells


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """A picture that cannot be read is refused by name: `LabelsRefused` with its path."""
    try:
        yield
    except (errors.PictureRefused, OSError) as error:
        raise errors.LabelsRefused(f"{path} cannot be read. {error}") from error


def labels_of(cells: Iterable[LabelledCell]) -> tuple[str, ...]:
    """The classes present, in alphabetical order: the order of a new bundle."""
    return tuple(sorted({cell.label for cell in cells}))


def list_hash(cells: Iterable[LabelledCell], data: Path) -> str:
    """SHA-256 over the sorted list of (path, label, split): says which pictures a model was made from."""
    lines = sorted(f"{cell.path.relative_to(data).as_posix()},{cell.label},{cell.split}\n" for cell in cells)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read_table(data: Path) -> list[LabelledCell]:
    with (data / "cells.csv").open(newline="", encoding="utf-8") as file:
        return [
            LabelledCell(data / row["path"], row["lab"], row["label"], row["group"], row["split"])
            for row in csv.DictReader(file)
        ]


def _read_folders(data: Path) -> list[LabelledCell]:
    cells = []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                group = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
                cells.append(LabelledCell(path, data.name, folder.name, group, split_of(group)))
    return cells
