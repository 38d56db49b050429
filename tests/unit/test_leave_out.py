"""How a laboratory is scored that the recipe never saw, and where its rows are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_locator import Field, save, smear, write_fields

from hematovision.errors import LabelsRefused
from hematovision.training.fields import read_fields

# TensorFlow and Keras warn of their own future at import and at export.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

FIELDS: list[Field] = [
    ("here", "a", "train", smear(1)),
    ("here", "b", "val", smear(2)),
    ("there", "c", "train", smear(2)),
    ("there", "d", "test", smear(2)),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Fields of two laboratories, and a cell of one of them."""
    folder = write_fields(tmp_path, FIELDS, unread=())
    (folder / "cells.csv").write_text("path,lab,label,group,split\nfield-0.png,here,monocyte,a,train\n")
    return folder


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each training was asked for; each is over at once, with a locator that knows discs."""
    from hematovision.training import leave_out, locating

    asked = []

    def train_locator(data: Path, run: Path, config: Any, weights: Path | None, progress: Any) -> Path:
        asked.append({"labs": config.labs, "run": run})
        run.mkdir(parents=True)
        save(run / "best.keras")
        locating.finish(run, read_fields(data, config.labs), (45, 180), progress)
        return run

    monkeypatch.setattr(leave_out, "train_locator", train_locator)
    return asked


def quiet(*step: object) -> None:
    pass


def test_it_is_learned_without_the_laboratory_and_scored_on_every_field_of_it(
    data: Path, learned: list[dict[str, Any]]
) -> None:
    from hematovision.training.leave_out import leave_out

    rows = leave_out(data, "there", data / "runs", None, quiet)
    assert learned == [{"labs": ("here",), "run": data / "runs" / "without-there" / "locator"}]
    assert rows["locator"]["fields"] == 2
    nucleated = [sum(each.kind == "nucleated" for each in discs) for lab, *_, discs in FIELDS if lab == "there"]
    assert rows["locator"]["nucleated"]["drawn"] == sum(nucleated)
    assert rows["locator"]["nucleated"]["recall"] == 1


def test_a_laboratory_without_labelled_cells_has_no_classifiers_row(data: Path, learned: list[dict[str, Any]]) -> None:
    from hematovision.training.leave_out import leave_out

    assert set(leave_out(data, "there", data / "runs", None, quiet)) == {"locator"}


def test_nor_has_any_when_the_locators_alone_is_asked_for(data: Path, learned: list[dict[str, Any]]) -> None:
    from hematovision.training.leave_out import leave_out

    (data / "cells.csv").write_text(
        "path,lab,label,group,split\nfield-0.png,here,monocyte,a,train\nfield-2.png,there,monocyte,c,train\n"
    )
    assert set(leave_out(data, "there", data / "runs", None, quiet, locator_only=True)) == {"locator"}


def test_its_rows_are_kept_and_read_again(data: Path, learned: list[dict[str, Any]]) -> None:
    from hematovision.training.leave_out import leave_out, rows_left_out

    assert rows_left_out(data / "runs") == {}
    rows = leave_out(data, "there", data / "runs", None, quiet)
    assert rows_left_out(data / "runs") == {"there": json.loads(json.dumps(rows, allow_nan=False))}


@pytest.mark.parametrize("labs", [("here", "there"), ("here",)], ids=["another", "the only one"])
def test_a_laboratory_that_cannot_be_left_out_is_refused(data: Path, labs: tuple[str, ...]) -> None:
    from hematovision.training.leave_out import leave_out

    write_fields(data, [each for each in FIELDS if each[0] in labs], unread=())
    with pytest.raises(LabelsRefused, match="There are here"):
        leave_out(data, "elsewhere" if len(labs) > 1 else "here", data / "runs", None, quiet)
