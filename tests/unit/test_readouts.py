"""What is read off a cell beside its class: fitted to what people said, and told of nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hematovision.bundle import READOUTS
from hematovision.head import Head
from hematovision.images import RGB
from hematovision.inference import InferenceService
from hematovision.readout import Readout
from hematovision.training.drawn import Drawn, drawn_field
from hematovision.training.readouts import ATTRIBUTES, questions, read_off

LOBES = {"BNE": 1, "SNE": 3}
SIDES = ("train",) * 6 + ("val",) * 2 + ("test",) * 3


def drawn(sublabel: str, seed: int) -> RGB:
    """A cell with one nucleus, or with three lobes."""
    return drawn_field(160, 160, [Drawn("nucleated", 80, 80, 34, LOBES[sublabel])], seed)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of which people said the finer class, and the granularity of all but one."""
    folder = tmp_path_factory.mktemp("told")
    attributes = folder / "barcelona" / "attributes"
    attributes.mkdir(parents=True)
    cells, said = [], []
    for sublabel in LOBES:
        for seed, side in enumerate(SIDES):
            name = f"{sublabel}_{seed}.png"
            Image.fromarray(drawn(sublabel, seed)).save(folder / "barcelona" / name)
            cells.append((f"barcelona/{name}", "barcelona", "neutrophil", sublabel, name, side))
            said.append([name, *("yes" if sublabel == "SNE" else "no" for _ in ATTRIBUTES)])
    for file, rows in (
        (folder / "cells.csv", [("path", "lab", "label", "sublabel", "group", "split"), *cells]),
        (attributes / "pbc_attr_v1_train.csv", [("img_name", *ATTRIBUTES), *said[1:], ["BNE_99.png", *ATTRIBUTES]]),
    ):
        with file.open("w", newline="", encoding="utf-8") as table:
            csv.writer(table).writerows(rows)
    return folder


def test_a_readout_is_a_softmax_over_one_layer() -> None:
    layer = Head(np.array([[2.0, 0.0], [0.0, 1.0]], np.float32), np.array([0.0, 1.0], np.float32))
    readout = Readout("granularity", ("no", "yes"), ("neutrophil",), leaning=False, layer=layer)
    [row] = readout.probabilities(np.array([[1.0, 3.0]]))
    assert row == pytest.approx(np.exp([2, 4]) / np.exp([2, 4]).sum())
    assert readout.probabilities(np.empty((0, 2))).shape == (0, 2)


def test_what_people_said_is_read_by_the_picture_and_only_of_pictures_that_are_there(told: Path) -> None:
    asked = {each.name: each for each in questions(told)}
    assert set(asked) == {*ATTRIBUTES, "band_or_segmented"}  # nobody told the stage of an immature granulocyte
    granularity, band = asked["granularity"], asked["band_or_segmented"]
    assert (granularity.values, granularity.labels, granularity.leaning) == (("no", "yes"), ("neutrophil",), False)
    assert len(granularity.told) == 2 * len(SIDES) - 1
    assert (band.values, band.labels, band.leaning) == (("band", "segmented"), ("neutrophil",), True)
    assert band.told[told / "barcelona" / "BNE_0.png"] == "band"


def test_pictures_of_which_nothing_is_told_ask_nothing(tmp_path: Path) -> None:
    assert questions(tmp_path) == []


def test_readouts_are_fitted_as_cells_are_served_and_scored_on_test_rows(
    told: Path, service: InferenceService, tmp_path: Path
) -> None:
    record, rows = read_off(told, service.road, tmp_path, lambda *step: None)
    assert [each["name"] for each in record] == [*ATTRIBUTES, "band_or_segmented"]
    assert rows["band_or_segmented"] == {
        "lab": "barcelona", "n": 6, "accuracy": 1.0, "balanced_accuracy": None, "commonest": 0.5,
    }  # fmt: skip
    with np.load(tmp_path / READOUTS) as layers:
        kernel, bias = layers["band_or_segmented kernel"], layers["band_or_segmented bias"]
    rgb = drawn("SNE", 99)
    means = service.road.seen(service.road.frames(rgb, service.road.locate(rgb)[:1])).features.mean(axis=(1, 2))
    assert (means @ kernel + bias).argmax() == ["band", "segmented"].index("segmented")
