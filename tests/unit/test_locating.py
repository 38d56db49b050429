"""What is fitted with a trained locator on its val fields, and how it is opened again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_locator import NUCLEATED, Field, save, smear, write_fields

from discs import SIZES, Disc, drawn_field
from hematovision.bundle import current_path, open_bundle
from hematovision.contents import fitted_of
from hematovision.errors import LabelsRefused
from hematovision.locator import KINDS, locate
from hematovision.training.fields import read_fields

# TensorFlow and Keras warn of their own future at import and at export.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

WINDOWS = (NUCLEATED / 2, NUCLEATED * 2)  # sizes of nucleated cells in training windows
FIELDS: list[Field] = [
    *[("here", f"h{seed}", "train", smear(seed)) for seed in range(3)],
    *[("here", f"v{seed}", "val", smear(10 + seed)) for seed in range(3)],
    ("half", "a", "train", smear(20, red=False)),
    ("half", "b", "val", smear(21, red=False)),
    ("here", "t", "test", smear(30)),
]

Json = dict[str, Any]


def finished(folder: Path, fields: Sequence[Field]) -> tuple[Path, Json]:
    """A run whose locator knows discs already, finished on these fields; and what was fitted."""
    from hematovision.training.locating import finish

    run = folder / "run"
    run.mkdir(parents=True)
    save(run / "best.keras")
    listed = read_fields(write_fields(folder, fields))
    return run, finish(run, listed, WINDOWS, lambda *step: None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("locating"), FIELDS)[0]


@pytest.fixture
def record(run: Path) -> Json:
    content: Json = json.loads((run / "locator.json").read_text(encoding="utf-8"))
    return content


def test_it_is_there_as_keras_and_as_its_export_with_what_was_fitted(run: Path, record: Json) -> None:
    assert {each.name for each in run.iterdir()} == {"best.keras", "locator.keras", "locator.tflite", "locator.json"}
    fitted_of(record)


def test_sizes_are_shares_of_a_nucleated_cell(record: Json) -> None:
    assert record["sizes"] == pytest.approx(SIZES, rel=1e-6)


def test_cells_are_brought_to_the_middle_of_the_sizes_learned(record: Json) -> None:
    assert record["aim"] == pytest.approx(NUCLEATED)
    assert record["least"] < record["aim"] < record["most"]


def test_limits_are_between_cells_and_nothing(record: Json) -> None:
    assert set(record["limits"]) == set(KINDS)
    assert all(0.05 < limit <= 1 for limit in record["limits"].values())


def test_most_of_the_dark_is_explained_in_all_but_one_field_of_fifty(record: Json) -> None:
    assert 0.6 < record["explained_at_home"] < 1
    assert record["explained_n"] == 8  # every train and val field, those of which not all cells are boxed too


def test_no_more_is_asked_of_a_smear_than_a_laboratory_never_seen_may_reach(record: Json) -> None:
    assert record["explained_from"] == 0.3


def test_it_says_on_what_it_was_fitted(record: Json) -> None:
    assert (record["fitted_on"], record["n"], record["labs"]) == ("val", 3, ["half", "here"])


def test_opened_again_it_finds_cells_in_another_field(run: Path) -> None:
    from hematovision.training.locating import open_locator

    discs, locator = smear(99), open_locator(run)
    found = locate(drawn_field(discs, 320, 280), locator.network, locator.fitted)
    assert sorted(each.kind for each in found) == sorted(each.kind for each in discs)
    for disc in discs:
        assert min(np.hypot(each.centre[0] - disc.x, each.centre[1] - disc.y) for each in found) < 10


def test_its_export_says_what_the_network_says(run: Path) -> None:
    from hematovision.locator import Sought
    from hematovision.runtime import Keras, LiteRT

    picture = np.zeros((1, 256, 256, 3), np.float32)
    picture[0] = drawn_field([Disc(100, 90, 80), Disc(190, 200, 40, "red")], 256, 256)
    served, reference = LiteRT(run / "locator.tflite", Sought)(picture), Keras(run / "locator.keras", Sought)(picture)
    assert served.heat.shape == (1, 64, 64, 3) and served.boxes.shape == (1, 64, 64, 4)
    assert served.heat == pytest.approx(reference.heat, abs=1e-5)
    assert served.boxes == pytest.approx(reference.boxes, abs=1e-4)
    assert served.heat.max() > 0.9


def test_the_locator_of_a_bundle_is_opened_like_that_of_a_run(models: Path) -> None:
    from hematovision.training.locating import open_locator, record_of

    bundle = open_bundle(current_path(models))
    assert open_locator(bundle.path).fitted == bundle.locator
    assert record_of(bundle.path) == bundle.record["locator"]


def test_a_folder_without_a_locator_is_refused_with_what_to_do(tmp_path: Path) -> None:
    from hematovision.training.locating import open_locator

    with pytest.raises(LabelsRefused, match="hematovision train locator"):
        open_locator(tmp_path)


def test_a_run_that_is_not_finished_is_refused_with_what_to_do(run: Path, tmp_path: Path) -> None:
    from hematovision.training.locating import open_locator

    shutil.copy(run / "locator.tflite", tmp_path)
    with pytest.raises(LabelsRefused, match="hematovision train locator"):
        open_locator(tmp_path)


def test_a_kind_that_nobody_drew_is_never_found_and_stops_nothing(tmp_path: Path) -> None:
    fields: list[Field] = [
        *[("here", f"h{seed}", "train", smear(seed, platelets=False)) for seed in range(2)],
        ("here", "v", "val", smear(10, platelets=False)),
    ]
    _, record = finished(tmp_path, fields)
    assert record["limits"]["platelet"] == 1
    assert fitted_of(json.loads(json.dumps(record, allow_nan=False))).sizes[0] == 1


def test_where_no_laboratory_boxed_every_cell_nothing_can_be_fitted(tmp_path: Path) -> None:
    fields: list[Field] = [
        ("here", "h", "train", smear(0, red=False)),
        ("here", "v", "val", smear(1, red=False)),
    ]
    with pytest.raises(LabelsRefused):
        finished(tmp_path, fields)


def test_where_no_field_is_left_to_fit_on_nothing_can_be_fitted(tmp_path: Path) -> None:
    with pytest.raises(LabelsRefused):
        finished(tmp_path, [("here", "h", "train", smear(0)), ("here", "t", "test", smear(1))])
