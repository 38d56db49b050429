"""What a classifier learns from, and is calibrated on: labelled cells, and the platelets that are boxed in fields.

Collections of labelled crops seldom hold platelets. From those that do alone, a classifier learns that platelets have
that laboratory's colours, and takes those of the others for cells with a nucleus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hematovision.kinds import PLATELET
from hematovision.locator import KINDS
from hematovision.training.fields import BoxedField, read_fields
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.splits import SPOILT


def to_learn_from(data: Path, labs: Sequence[str] = ()) -> list[LabelledCell]:
    """The cells of these laboratories, of all if none is named, without those that show what a test picture shows;
    with their boxed platelets, if platelets are a class and fields are boxed. Raises `LabelsRefused` as `read_cells`.
    """
    cells = read_cells(data, labs)
    if (data / "fields.csv").is_file() and any(cell.label == PLATELET for cell in cells):
        cells += boxed_platelets(field for field in read_fields(data) if not labs or field.lab in labs)
    return [cell for cell in cells if cell.group not in SPOILT]


def boxed_platelets(fields: Iterable[BoxedField]) -> list[LabelledCell]:
    """Each platelet that somebody boxed."""
    return [
        LabelledCell(field.path, field.lab, PLATELET, field.group, field.split, (x0, y0, x1, y1))
        for field in fields
        for (x0, y0, x1, y1), kind in zip(field.boxes.tolist(), field.kinds, strict=True)
        if KINDS[kind] == PLATELET
    ]
