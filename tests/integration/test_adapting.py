"""A bundle adapted to a laboratory: what it learns, what it leaves as it is, what it tells, and what it refuses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hematovision.bundle import current_path, open_bundle, sha256_of
from hematovision.cli import main
from hematovision.errors import LabelsRefused
from hematovision.inference import InferenceService
from hematovision.training import deeper, halfway, network
from hematovision.training.adapt import Adapted, adapt
from hematovision.training.labs import read_cells

EACH_CLASS = 6
VERSION = "wbc-mobilenetv2"
STEPS = 15  # of a fit of the upper half, instead of its hundreds

pytestmark = [  # by Keras and what it exports with, in the upper half's fit
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def quiet(*step: object) -> None:
    pass


@pytest.fixture(scope="module")
def own(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some train cells of each of Bangkok's classes, one folder per class."""
    folder, taken = tmp_path_factory.mktemp("own") / "ward-7", Counter[str]()
    for cell in read_cells(data, ["bangkok"]):
        if cell.split == "train" and taken[cell.label] < EACH_CLASS:
            taken[cell.label] += 1
            (folder / cell.label).mkdir(parents=True, exist_ok=True)
            shutil.copy(cell.path, folder / cell.label)
    assert set(taken.values()) == {EACH_CLASS}
    return folder


@pytest.fixture(scope="module")
def here(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the current bundle in it."""
    folder = tmp_path_factory.mktemp("adapted") / "models"
    bundle = current_path(models)
    shutil.copytree(bundle, folder / bundle.relative_to(models))
    shutil.copy(models / "CURRENT", folder)
    return folder


@pytest.fixture(scope="module")
def adapted(own: Path, here: Path) -> Adapted:
    return adapt(own, here, "ward-7", quiet)


def test_the_current_bundle_stays_in_use_and_as_it_was(adapted: Adapted, here: Path, models: Path) -> None:
    assert (here / "CURRENT").read_text() == (models / "CURRENT").read_text()
    assert open_bundle(current_path(here)).sha256 == open_bundle(current_path(models)).sha256
    assert not list(here.glob("*/*.partial"))


def test_the_new_one_answers_once_it_is_named(adapted: Adapted, here: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(here, tmp_path / "models")
    (tmp_path / "models" / "CURRENT").write_text(f"{VERSION}/{adapted.path.name}\n")
    service = InferenceService.open(tmp_path / "models")  # its own self-test is passed
    answer = service.classify(next(own.glob("neutrophil/*")).read_bytes())
    assert answer.model.version == adapted.path.name
    assert answer.label in service.bundle.labels


def test_it_tells_where_it_comes_from(adapted: Adapted, here: Path) -> None:
    base, made = open_bundle(current_path(here)), open_bundle(adapted.path)
    assert made.version == f"{base.version}+ward-7"
    lineage = made.record["adapted"]
    assert (lineage["from"], lineage["sha256"], lineage["lab"]) == (base.version, base.sha256, "ward-7")
    assert set(lineage["cells"].values()) <= set(range(1, EACH_CLASS + 1))
    card = (adapted.path / "MODEL_CARD.md").read_text()
    assert "## Adapted to ward-7" in card and "ward-7, before" in card and "ward-7, after" in card


def test_networks_are_the_same_and_last_layer_and_memory_are_others(adapted: Adapted, here: Path) -> None:
    base, made = open_bundle(current_path(here)), open_bundle(adapted.path)
    for name in ("model.tflite", "model.keras", "locator.tflite", "locator.keras"):
        assert sha256_of(base.path / name) == sha256_of(made.path / name)
    assert not np.array_equal(base.head.kernel, made.head.kernel)
    found = sum(made.record["adapted"]["cells"].values())
    assert len(made.familiar.features) == len(base.familiar.features) + found
    assert made.familiar.limit >= base.familiar.limit and made.familiar.near >= base.familiar.near
    assert np.array_equal(made.familiar.texture[: len(base.familiar.texture)], base.familiar.texture)
    assert np.array_equal(made.familiar.usual, base.familiar.usual)
    assert made.familiar.purple_from <= base.familiar.purple_from


def test_every_cell_is_held_back_once(adapted: Adapted) -> None:
    assert adapted.before["n"] == adapted.after["n"] == 5 * EACH_CLASS
    assert adapted.after["accuracy"] >= adapted.before["accuracy"] - 2 / (5 * EACH_CLASS)


def test_what_was_known_before_is_known_still(adapted: Adapted, here: Path) -> None:
    """Of the remembered cells nearly all are answered as they were."""
    base, made = open_bundle(current_path(here)), open_bundle(adapted.path)
    before, after = (each.head.logits(base.familiar.features).argmax(axis=1) for each in (base, made))
    assert (before == after).mean() > 0.97


def test_a_second_one_of_the_same_name_is_refused(adapted: Adapted, here: Path, own: Path) -> None:
    with pytest.raises(LabelsRefused, match="is there already"):
        adapt(own, here, "ward-7", quiet)


@pytest.mark.parametrize("name", ["", "ward 7", "../ward", "w" * 41])
def test_a_name_that_is_none_is_refused(here: Path, own: Path, name: str) -> None:
    with pytest.raises(LabelsRefused, match="no name for a laboratory"):
        adapt(own, here, name, quiet)


def test_a_class_that_the_model_lacks_is_refused(here: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(own, tmp_path / "own")
    (tmp_path / "own" / "monocyte").rename(tmp_path / "own" / "blast")
    with pytest.raises(LabelsRefused, match="no class 'blast'"):
        adapt(tmp_path / "own", here, "other", quiet)


def test_too_few_cells_are_refused(here: Path, own: Path, tmp_path: Path) -> None:
    shutil.copytree(own / "monocyte", tmp_path / "own" / "monocyte")
    with pytest.raises(LabelsRefused, match="of two classes"):
        adapt(tmp_path / "own", here, "other", quiet)
    assert not list(here.glob("*/*other*"))


def test_the_command_prints_both_rows_and_the_way_to_use_it(
    here: Path, own: Path, monkeypatch: pytest.MonkeyPatch, runner: CliRunner
) -> None:
    monkeypatch.setenv("HEMATOVISION_MODELS", str(here))
    done = runner.invoke(main, ["adapt", str(own), "--lab", "ward-8"])
    assert done.exit_code == 0, done.output
    for words in ("ward-8, before", "ward-8, after", "+ward-8", "bundle use"):
        assert words in done.stdout


@pytest.fixture(scope="module")
def deepened(own: Path, here: Path) -> Path:
    """The bundle that `hematovision adapt --deeper` makes, within fewer steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEMATOVISION_MODELS", str(here))
        patch.setattr(deeper, "STEPS", STEPS)
        done = CliRunner().invoke(main, ["adapt", str(own), "--lab", "ward-9", "--deeper"])
    assert done.exit_code == 0, done.output
    (made,) = here.glob("*/*+ward-9")
    return made


def test_deeper_the_upper_half_is_another_and_the_lower_the_same(deepened: Path, here: Path) -> None:
    import keras

    old, new = (keras.saving.load_model(each / "model.keras") for each in (current_path(here), deepened))
    assert sha256_of(deepened / "locator.tflite") == sha256_of(current_path(here) / "locator.tflite")
    for name, same in (("Conv1", True), ("block_3_expand", True), ("block_4_expand", False), ("Conv_1", False)):
        before, after = (network.base_of(model).get_layer(name).get_weights()[0] for model in (old, new))
        assert np.array_equal(before, after) is same, name
    before, after = (network.base_of(model).get_layer("Conv_1_bn").get_weights() for model in (old, new))
    assert all(np.array_equal(*each) for each in zip(before, after, strict=True)), "BatchNormalization stays still"


def test_deeper_it_answers_by_what_it_became(deepened: Path, here: Path, own: Path, tmp_path: Path) -> None:
    base, made = open_bundle(current_path(here)), open_bundle(deepened)
    outputs, classes = halfway.read(deepened)
    assert len(outputs) == len(classes) == len(made.familiar.labels)
    assert len(outputs) == len(halfway.read(base.path)[1]) + sum(made.record["adapted"]["cells"].values())
    assert made.record["adapted"]["deeper"] and "upper half" in (deepened / "MODEL_CARD.md").read_text()
    assert base.readouts and not made.readouts  # they were read off the features as they were
    assert made.familiar.texture.shape == (len(classes), base.familiar.texture.shape[1])
    old = len(base.familiar.labels)
    assert not np.allclose(made.familiar.texture[:old], base.familiar.texture, atol=1e-2)  # as the new network sees it
    shutil.copytree(here, tmp_path / "models")
    (tmp_path / "models" / "CURRENT").write_text(f"{VERSION}/{made.version}\n")
    service = InferenceService.open(tmp_path / "models")  # its own self-test is passed
    learned = [each for each in read_cells(own) if service.classify(each.path.read_bytes()).label == each.label]
    assert len(learned) > 0.7 * 5 * EACH_CLASS


def test_deeper_what_was_known_before_is_known_still(deepened: Path, here: Path) -> None:
    base, made = open_bundle(current_path(here)), open_bundle(deepened)
    old = len(base.familiar.labels)
    assert np.array_equal(made.familiar.labels[:old], base.familiar.labels)
    before, after = (each.head.logits(each.familiar.features[:old]).argmax(axis=1) for each in (base, made))
    assert (before == after).mean() > 0.95


def test_deeper_without_tensorflow_is_refused_with_the_way_to_it(
    here: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hematovision.training.deeper", None)
    with pytest.raises(LabelsRefused, match="pip install"):
        adapt(own, here, "other", quiet, deeper=True)


def test_what_is_kept_halfway_comes_back_within_half_a_step(tmp_path: Path) -> None:
    outputs = np.random.default_rng(1).normal(0, [0.1, 5], (7, 3, 3, 2)).astype(np.float32)
    outputs[..., 1] = np.abs(outputs[..., 1])
    halfway.write(tmp_path, outputs, np.arange(7))
    back, classes = halfway.read(tmp_path)
    assert (np.abs(back - outputs) <= np.abs(outputs).max(axis=(0, 1, 2)) / 127 / 2 * 1.001).all()
    assert classes.tolist() == list(range(7))


def test_it_needs_no_tensorflow() -> None:
    code = "import sys; import hematovision.training.adapt; print({'tensorflow', 'keras', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
