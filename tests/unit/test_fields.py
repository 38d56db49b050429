"""fields.csv with boxes.csv: which cells somebody drew, and where what has no box is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tiny_locator import write_tables

from hematovision.errors import LabelsRefused
from hematovision.locator import KINDS
from hematovision.training.fields import read_fields

FIELDS = [
    ("here/1.png", "here", "slide-1", "train"),
    ("here/2.png", "here", "slide-2", "test"),
    ("there/1.png", "there", "slide-3", "val"),
]
BOXES = [
    ("here/1.png", "red", "", 1.0, 2.0, 30.5, 40.0),
    ("here/1.png", "nucleated", "monocyte", 50, 60, 90, 120),
    ("there/1.png", "nucleated", "", 5, 6, 7, 8),
    ("elsewhere/1.png", "red", "", 1, 1, 2, 2),
]


def write(folder: Path, boxes: Sequence[tuple] = BOXES) -> Path:
    return write_tables(folder, FIELDS, boxes)


def test_a_field_has_its_boxes_and_its_place(tmp_path: Path) -> None:
    first, *_ = read_fields(write(tmp_path))
    assert (first.path, first.lab, first.group, first.split) == (tmp_path / "here/1.png", "here", "slide-1", "train")
    assert first.boxes.tolist() == [[1, 2, 30.5, 40], [50, 60, 90, 120]]
    assert [KINDS[kind] for kind in first.kinds] == ["red", "nucleated"]


def test_a_field_without_a_box_has_none(tmp_path: Path) -> None:
    _, second, _ = read_fields(write(tmp_path))
    assert (second.boxes.shape, second.kinds.shape) == ((0, 4), (0,))


def test_fields_come_in_the_order_of_the_table(tmp_path: Path) -> None:
    assert [each.path.relative_to(tmp_path).as_posix() for each in read_fields(write(tmp_path))] == [
        path for path, *_ in FIELDS
    ]


def test_where_no_red_cell_is_boxed_not_everything_is(tmp_path: Path) -> None:
    assert [each.complete for each in read_fields(write(tmp_path))] == [True, True, False]


def test_one_laboratory_can_be_kept(tmp_path: Path) -> None:
    assert [each.lab for each in read_fields(write(tmp_path), ["there"])] == ["there"]


def test_a_laboratory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelsRefused, match=r"fields\.csv lists no field of these laboratories"):
        read_fields(write(tmp_path), ["nowhere"])


@pytest.mark.parametrize("lacking", ["fields.csv", "boxes.csv"])
def test_a_folder_without_both_tables_is_refused(tmp_path: Path, lacking: str) -> None:
    (write(tmp_path) / lacking).unlink()
    with pytest.raises(LabelsRefused, match=r"no fields\.csv with boxes\.csv"):
        read_fields(tmp_path)


@pytest.mark.parametrize(
    "box",
    [
        ("here/1.png", "rbc", "", 1, 2, 3, 4),
        ("here/1.png", "", "", 1, 2, 3, 4),
        ("here/1.png", "red", "", 1, 2, 3, "wide"),
        ("here/1.png", "red", "", 1, 2, 3),
    ],
    ids=["a kind that there is not", "no kind", "a word for a number", "a number too few"],
)
def test_a_box_that_cannot_be_read_is_refused_by_its_field(tmp_path: Path, box: tuple) -> None:
    with pytest.raises(LabelsRefused, match=r"here/1\.png"):
        read_fields(write(tmp_path, boxes=[*BOXES, box]))
