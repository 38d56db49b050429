"""What a classifier learns from: labelled cells, and the platelets boxed in fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from hematovision.training.learned import to_learn_from
from hematovision.training.splits import SPOILT

CELLS = "path,lab,label,group,split\na.png,here,lymphocyte,g1,train\nb.png,here,platelet,g2,val\n"
FIELDS = "path,lab,group,split\nf.png,here,g3,train\nelse.png,there,g4,val\n"
BOXES = (
    "field,kind,x0,y0,x1,y1\n"
    "f.png,platelet,1,2,11,12\nf.png,nucleated,20,20,60,60\nf.png,red,70,70,90,90\nelse.png,platelet,5,6,15,16\n"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, text in (("cells.csv", CELLS), ("fields.csv", FIELDS), ("boxes.csv", BOXES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def told(data: Path, *labs: str) -> list[tuple[str, str, str, str, object]]:
    return [(each.path.name, each.lab, each.label, each.split, each.box) for each in to_learn_from(data, labs)]


CROPS = [("a.png", "here", "lymphocyte", "train", None), ("b.png", "here", "platelet", "val", None)]
PLATELETS = [
    ("f.png", "here", "platelet", "train", (1.0, 2.0, 11.0, 12.0)),
    ("else.png", "there", "platelet", "val", (5.0, 6.0, 15.0, 16.0)),
]


def test_boxed_platelets_stand_beside_the_labelled_cells(data: Path) -> None:
    assert told(data) == CROPS + PLATELETS


def test_those_of_a_laboratory_left_out_are_left_out(data: Path) -> None:
    assert told(data, "here") == CROPS + PLATELETS[:1]


def test_where_platelets_are_no_class_none_are_added(data: Path) -> None:
    (data / "cells.csv").write_text(CELLS.replace("platelet", "monocyte"), encoding="utf-8")
    assert [each.label for each in to_learn_from(data)] == ["lymphocyte", "monocyte"]


def test_without_boxed_fields_there_are_the_cells(data: Path) -> None:
    (data / "fields.csv").unlink()
    assert told(data) == CROPS


def test_what_shows_a_test_picture_too_is_left_out(data: Path) -> None:
    spoilt = sorted(SPOILT)[0]
    (data / "cells.csv").write_text(CELLS.replace("g1", spoilt), encoding="utf-8")
    (data / "fields.csv").write_text(FIELDS.replace("g4", spoilt), encoding="utf-8")
    assert told(data) == [CROPS[1], PLATELETS[0]]
