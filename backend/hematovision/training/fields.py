"""Fields with the boxes that people drew: the project's `fields.csv` and `boxes.csv`."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hematovision import errors
from hematovision.locator import KINDS


@dataclass(frozen=True)
class BoxedField:
    """One field: `boxes` is (N, 4) float x0, y0, x1, y1 in pixels, `kinds` (N,) indices into `KINDS`.

    `complete` says whether every cell is boxed; otherwise what has no box is unknown, not background.
    """

    path: Path
    lab: str
    group: str
    split: str
    boxes: NDArray[np.float64]
    kinds: NDArray[np.int64]
    complete: bool


def read_fields(data: Path, labs: Sequence[str] = ()) -> list[BoxedField]:
    """The fields of `data/fields.csv` with their boxes. `labs` keeps some laboratories only.

    A laboratory without a single red cell boxed has not boxed everything: its fields are not `complete`.
    Raises `LabelsRefused` if there are none.
    """
    tables = data / "fields.csv", data / "boxes.csv"
    if not all(table.is_file() for table in tables):
        raise errors.LabelsRefused(f"There is no fields.csv with boxes.csv in {data}. Name a folder that holds both.")
    boxes = defaultdict(list)
    with tables[1].open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                corners = [float(row[name]) for name in ("x0", "y0", "x1", "y1")]
                boxes[row["field"]].append((KINDS.index(row["kind"]), *corners))
            except (TypeError, ValueError) as error:
                raise errors.LabelsRefused(
                    f"A box of {row['field']} in {tables[1]} cannot be read. It needs a kind of {', '.join(KINDS)} and "
                    "the numbers x0, y0, x1, y1."
                ) from error
    with tables[0].open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not labs or row["lab"] in labs]
    if not rows:
        raise errors.LabelsRefused(f"{tables[0]} lists no field of these laboratories.")
    red = KINDS.index("red")
    complete = {row["lab"] for row in rows if any(kind == red for kind, *_ in boxes[row["path"]])}
    fields = []
    for row in rows:
        drawn = np.array(boxes[row["path"]], np.float64).reshape(-1, 5)
        fields.append(
            BoxedField(
                path=data / row["path"],
                lab=row["lab"],
                group=row["group"],
                split=row["split"],
                boxes=drawn[:, 1:],
                kinds=drawn[:, 0].astype(np.int64),
                complete=row["lab"] in complete,
            )
        )
    return fields
