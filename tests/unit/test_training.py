"""Both trainings on a few drawn pictures: they can be stopped and resumed, and their end is a bundle that answers."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from tiny_locator import Field, save, smear, write_fields

from discs import Disc, drawn_field
from hematovision.bundle import current_path, open_bundle, sha256_of
from hematovision.cli import main
from hematovision.errors import LabelsRefused
from hematovision.inference import InferenceService
from hematovision.locator import KINDS
from hematovision.training.fields import read_fields
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.splits import SPOILT
from pictures import encoded

if TYPE_CHECKING:
    from hematovision.training.train_locator import LocatorConfig

# TensorFlow and Keras warn of their own future at import and at export.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LABELS = ("lymphocyte", "neutrophil", "platelet")
SIDES = ("train",) * 8 + ("val",) * 2 + ("test",) * 2
SMALLEST = 32  # pixels a side: MobileNetV2 halves five times
EPOCHS = 2
SIZES = (45.0, 180.0)  # of nucleated cells, that the tiny locator sees as well as any


def drawn(label: str, seed: int) -> Image.Image:
    """A caricature: one disc, three lobes or a speck, a little different each time."""
    random = np.random.default_rng((LABELS.index(label), seed))
    discs = {
        "lymphocyte": [Disc(64, 64, 50)],
        "neutrophil": [Disc(54, 56, 42), Disc(76, 58, 42), Disc(64, 76, 42)],
        "platelet": [Disc(64, 64, 14, "platelet")],
    }[label]
    moved = [
        Disc(each.x + random.integers(-3, 4), each.y + random.integers(-3, 4), each.diameter, each.kind)
        for each in discs
    ]
    return Image.fromarray(drawn_field(moved, 128, 128))


@pytest.fixture(scope="module")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of a locator that knows discs."""
    from hematovision.training.locating import finish

    folder = tmp_path_factory.mktemp("locator")
    (folder / "run").mkdir()
    save(folder / "run" / "best.keras")
    sides = ("train", "val")
    fields = write_fields(folder, [("drawn", side, side, smear(seed)) for seed, side in enumerate(sides)])
    fitted = finish(folder / "run", read_fields(fields), SIZES, lambda *step: None)
    lenient = fitted | {"limits": dict.fromkeys(KINDS, 0.3), "explained_from": 0.0}  # two fields are few to fit on
    (folder / "run" / "locator.json").write_text(json.dumps(lenient), encoding="utf-8")
    return folder / "run"


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cells.csv: a dozen pictures for each of three classes, and one in whose group is a spoilt one."""
    folder = tmp_path_factory.mktemp("drawings")
    rows = [("spoilt.png", "drawn", LABELS[0], min(SPOILT), "train")]  # of which there is no file
    for label in LABELS:
        for seed, side in enumerate(SIDES):
            path = folder / f"{label}-{seed}.png"
            path.write_bytes(encoded(drawn(label, seed)))
            rows.append((path.name, "drawn", label, f"{label}-{seed}", side))
    with (folder / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "lab", "label", "group", "split"), *rows])
    return folder


@dataclass(frozen=True)
class Trained:
    """What `hematovision train --release` left behind."""

    run: Path
    models: Path
    result: Result


@pytest.fixture(scope="module")
def environment(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The command's settings; gives the folder that releases go to."""
    models = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEMATOVISION_WEIGHTS", str(weights))
        patch.setenv("HEMATOVISION_MODELS", str(models))
        yield models


def train_by_command(drawings: Path, run: Path, *more: str) -> Result:
    size, epochs = str(SMALLEST), str(EPOCHS)
    command = ["train", str(run), "--data", str(drawings), "--size", size, "--epochs", epochs, *more]
    return CliRunner().invoke(main, command, catch_exceptions=False)


@pytest.fixture(scope="module")
def trained(drawings: Path, locator: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """An unbroken run by the command line, released."""
    run = tmp_path_factory.mktemp("runs") / "unbroken"
    result = train_by_command(drawings, run, "--locator", str(locator), "--release", "0.1.0")
    assert result.exit_code == 0, result.output
    return Trained(run, environment, result)


def history(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_a_run_leaves_its_history_its_curves_and_its_best_model(trained: Trained) -> None:
    assert [row["epoch"] for row in history(trained.run)] == [1, 2]
    assert all(np.isfinite(list(row.values())).all() for row in history(trained.run))
    with Image.open(trained.run / "curves.png") as curves:
        assert min(curves.size) > 300
    assert {path.name for path in trained.run.iterdir()} == {
        "run.json", "history.csv", "curves.png", "best.keras", "epoch-1.keras", "epoch-2.keras",
    }  # fmt: skip
    assert f"best model: {trained.run / 'best.keras'}" in trained.result.stdout


def test_what_was_released_opens_and_answers(trained: Trained) -> None:
    service = InferenceService.open(trained.models)
    answer = service.classify(encoded(drawn("lymphocyte", 50)))
    assert [each.label for each in answer.probabilities] == list(LABELS)
    assert (service.bundle.version, service.bundle.size) == ("0.1.0", SMALLEST)


def test_what_was_released_knows_where_it_comes_from(trained: Trained, locator: Path) -> None:
    folder = trained.models / "wbc-mobilenetv2" / "0.1.0"
    record = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    run = json.loads((trained.run / "run.json").read_text(encoding="utf-8"))
    assert record["training"]["labs"] == ["drawn"]
    assert record["training"]["pictures_sha256"] == run["pictures_sha256"]
    assert record["training"]["config"] == run["config"]
    assert record["locator"] == json.loads((locator / "locator.json").read_text(encoding="utf-8"))
    assert (record["calibration"]["fitted_on"], record["calibration"]["n"]) == ("val", 2 * len(LABELS))
    remembered = open_bundle(folder).familiar
    assert len(remembered.labels) == record["familiarity"]["remembered"] == 8 * len(LABELS)
    assert record["familiarity"]["n"] == 2 * len(LABELS) and 0 < remembered.near <= 1 and 0 < remembered.limit <= 2
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["bundle"]["drawn"]["n"] == 2 * len(LABELS)
    assert "wbc-mobilenetv2 0.1.0" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("floor", [0.0, 1.5])
def test_what_a_laboratory_that_was_never_seen_keeps_to_is_not_unfamiliar(
    trained: Trained, drawings: Path, locator: Path, tmp_path: Path, floor: float
) -> None:
    from hematovision.training.release import assemble

    told = {"lab": "there", "confident_from": 0.5, "rate": 0.97, "n": 9}
    told |= {"familiar_to": floor, "familiar_rate": 0.9, "cells": 400}
    made = assemble(drawings, locator, trained.run, tmp_path / "bundle", "0", lambda *step: None, told)
    without = InferenceService.open(trained.models).bundle.familiar
    assert (made.bundle.familiar.limit, made.bundle.familiar.near) == (max(floor, without.limit), without.near)


def test_how_far_a_laboratorys_cells_are_is_asked_of_no_test_row(trained: Trained, drawings: Path) -> None:
    from hematovision.training.elsewhere import distances_at

    road, cells = InferenceService.open(trained.models).road, read_cells(drawings)
    distances = distances_at(road, [each for each in cells if each.group not in SPOILT], lambda *step: None)
    assert len(distances) == sum(side != "test" for side in SIDES) * len(LABELS)
    # Those of train are remembered, in half precision.
    assert (distances < 1e-5).sum() >= SIDES.count("train") * len(LABELS)
    assert not len(distances_at(road, [each for each in cells if each.split == "test"], lambda *step: None))


def test_what_was_released_finds_cells_as_the_locator_that_framed_them(trained: Trained, locator: Path) -> None:
    folder = trained.models / "wbc-mobilenetv2" / "0.1.0"
    run = json.loads((trained.run / "run.json").read_text(encoding="utf-8"))
    for name in ("locator.keras", "locator.tflite"):
        assert (folder / name).read_bytes() == (locator / name).read_bytes()
    assert run["config"]["locator"] == sha256_of(locator / "locator.keras")


def test_a_released_version_is_never_written_over(trained: Trained, drawings: Path, locator: Path) -> None:
    before = (trained.models / "wbc-mobilenetv2" / "0.1.0" / "bundle.json").read_bytes()
    result = train_by_command(drawings, trained.run, "--locator", str(locator), "--release", "0.1.0")
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert (trained.models / "wbc-mobilenetv2" / "0.1.0" / "bundle.json").read_bytes() == before


def test_a_candidate_is_promoted_with_the_rows_of_laboratories_left_out(trained: Trained, tmp_path: Path) -> None:
    models, runs = tmp_path / "models", tmp_path / "runs"
    shutil.copytree(trained.models, models)
    (runs / "without-there").mkdir(parents=True)
    command, environment = ["promote", "0.1.1", "--runs", str(runs)], {"HEMATOVISION_MODELS": str(models)}
    refused = CliRunner().invoke(main, command, env=environment)
    assert refused.exit_code == 1 and "--leave-out" in refused.stderr

    row = {"locator": {"fields": 9, "nucleated": {"recall": 0.5}}}
    (runs / "without-there" / "row.json").write_text(json.dumps(row), encoding="utf-8")
    assert CliRunner().invoke(main, command, env=environment, catch_exceptions=False).exit_code == 0
    old, new = (open_bundle(models / "wbc-mobilenetv2" / version) for version in ("0.1.0", "0.1.1"))
    assert current_path(models) == new.path
    assert (new.version, new.metrics) == ("0.1.1", old.metrics | {"recipe": {"there": row}})
    card = (new.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "wbc-mobilenetv2 0.1.1" in card and "there, never seen" in card
    same = {name for name, sha256 in new.record["files"].items() if old.record["files"][name] == sha256}
    assert same == set(old.record["files"]) - {"metrics.json", "MODEL_CARD.md"}
    again = CliRunner().invoke(main, command, env=environment)
    assert again.exit_code == 1 and "is there already" in again.stderr

    (runs / "without-there").rename(runs / "without-elsewhere")
    later = ["promote", "0.1.2", "--runs", str(runs)]
    assert CliRunner().invoke(main, later, env=environment, catch_exceptions=False).exit_code == 0
    assert open_bundle(current_path(models)).metrics["recipe"] == {"there": row, "elsewhere": row}


def test_without_a_locator_named_the_current_bundles_frames_the_cells(trained: Trained, drawings: Path) -> None:
    before = {path.name: path.read_bytes() for path in trained.run.iterdir()}
    assert train_by_command(drawings, trained.run).exit_code == 0  # the same one: the run is as good as finished
    assert {path.name: path.read_bytes() for path in trained.run.iterdir()} == before


def test_a_folder_that_holds_no_locator_is_told(drawings: Path, environment: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["train", str(tmp_path / "run"), "--data", str(drawings), "--locator", str(tmp_path / "nothing")]
    )
    assert result.exit_code == 1
    assert "Error: There is no trained locator in" in result.stderr


def test_batch_normalization_is_exactly_as_imagenet_left_it(trained: Trained, weights: Path) -> None:
    import keras

    from hematovision.training import network

    untouched = network.base_of(network.build(SMALLEST, len(LABELS), weights))
    after = network.base_of(keras.saving.load_model(trained.run / f"epoch-{EPOCHS}.keras", compile=False))
    normalizations = [layer for layer in untouched.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normalizations) > 50
    for layer in normalizations:
        for before, now in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True):
            assert np.array_equal(before, now)
    moved = [
        layer.name
        for layer in untouched.layers
        if layer.get_weights()
        and layer not in normalizations
        and not np.array_equal(layer.get_weights()[0], after.get_layer(layer.name).get_weights()[0])
    ]
    assert len(moved) > 50  # all the others did learn


def stop_in_the_second_epoch(what: str, done: int, total: int) -> None:
    if what.startswith("epoch 2"):
        raise KeyboardInterrupt


def test_a_stopped_run_goes_on_as_if_it_had_never_been_stopped(
    trained: Trained, drawings: Path, locator: Path, weights: Path, tmp_path: Path
) -> None:
    from hematovision.training.train import TrainConfig, train

    run = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(drawings, locator, run, TrainConfig(size=SMALLEST, epochs=EPOCHS), weights, stop_in_the_second_epoch)
    assert [row["epoch"] for row in history(run)] == [1]

    result = train_by_command(drawings, run, "--locator", str(locator))
    assert result.exit_code == 0, result.output
    for resumed, unbroken in zip(history(run), history(trained.run), strict=True):
        assert resumed == pytest.approx(unbroken, rel=1e-3, abs=1e-3)


def test_a_run_is_not_gone_on_with_under_other_settings(
    trained: Trained, drawings: Path, locator: Path, weights: Path
) -> None:
    from hematovision.training.train import TrainConfig, train

    with pytest.raises(LabelsRefused, match="other settings or other pictures"):
        train(drawings, locator, trained.run, TrainConfig(size=64, epochs=EPOCHS), weights, lambda *step: None)


@pytest.fixture
def another(locator: Path, tmp_path: Path) -> Path:
    """A locator that says the same and is not the same file."""
    for file in locator.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "locator.keras").open("ab") as file:
        file.write(bytes(16))
    return tmp_path


def test_a_run_is_not_gone_on_with_on_cells_that_another_locator_framed(
    trained: Trained, drawings: Path, another: Path
) -> None:
    result = train_by_command(drawings, trained.run, "--locator", str(another))
    assert result.exit_code == 1
    assert "other settings or other pictures" in result.stderr


def test_a_run_is_not_released_with_another_locator(
    trained: Trained, drawings: Path, another: Path, tmp_path: Path
) -> None:
    from hematovision.training.release import release

    with pytest.raises(LabelsRefused, match="framed by another locator"):
        release(drawings, another, trained.run, tmp_path / "models", "0.2.0", {}, lambda *step: None)
    assert not (tmp_path / "models" / "CURRENT").exists()


def test_without_pictures_to_check_on_nothing_is_trained(
    drawings: Path, locator: Path, weights: Path, tmp_path: Path
) -> None:
    from hematovision.training.train import TrainConfig, train

    lines = [line for line in (drawings / "cells.csv").read_text(encoding="utf-8").splitlines() if ".png" in line]
    for file in drawings.glob("*.png"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    kept = ["path,lab,label,group,split", *(line for line in lines if not line.endswith(",val"))]
    (tmp_path / "cells.csv").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(LabelsRefused, match="val is empty"):
        train(tmp_path, locator, tmp_path / "run", TrainConfig(size=SMALLEST), weights, lambda *step: None)


def test_the_mean_of_the_last_epochs_is_released(
    trained: Trained, drawings: Path, locator: Path, tmp_path: Path
) -> None:
    import keras

    from hematovision.training.train import TrainConfig, train

    for name in ("history.csv", *(f"epoch-{epoch}.keras" for epoch in (1, 2))):
        shutil.copyfile(trained.run / name, tmp_path / name)
    config = TrainConfig(size=SMALLEST, epochs=2, head_epochs=0, averaged=2, last_pull=0)
    best = train(drawings, locator, tmp_path, config, None, lambda *step: None)
    first, second, mean = (
        keras.saving.load_model(path, compile=False).get_weights()
        for path in (tmp_path / "epoch-1.keras", tmp_path / "epoch-2.keras", best)
    )
    assert not all(map(np.array_equal, first, second))
    for one, other, between in zip(first, second, mean, strict=True):
        assert between == pytest.approx((one + other) / 2, rel=1e-5, abs=1e-7)


def test_nothing_but_the_last_layer_is_fitted_anew(
    trained: Trained, drawings: Path, locator: Path, tmp_path: Path
) -> None:
    import keras

    from hematovision.training.train import TrainConfig, train

    for name in ("history.csv", *(f"epoch-{epoch}.keras" for epoch in (1, 2))):
        shutil.copyfile(trained.run / name, tmp_path / name)
    config = TrainConfig(size=SMALLEST, epochs=EPOCHS, last_pull=0)
    as_trained, fitted = (
        keras.saving.load_model(path, compile=False).get_weights()
        for path in (train(drawings, locator, tmp_path, config, None, lambda *step: None), trained.run / "best.keras")
    )
    same = [np.allclose(*each, rtol=1e-5, atol=1e-7) for each in zip(as_trained, fitted, strict=True)]
    assert same == [True] * (len(same) - 2) + [False] * 2


def test_the_last_layer_is_fitted_to_cells_as_they_are_by_how_much_each_counts(weights: Path) -> None:
    from hematovision.head import Head
    from hematovision.refit import refitted
    from hematovision.training import network
    from hematovision.training.last_layer import AT_ONCE, fit_last_layer

    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, (SMALLEST, SMALLEST, 3)).astype(np.uint8) for _ in range(AT_ONCE + 3)]
    classes, counts = np.arange(len(pictures)) % 2, random.random(len(pictures))
    model, steps = network.build(SMALLEST, 2, weights), []
    seen = network.base_of(model)(np.stack(pictures).astype(np.float32) / 127.5 - 1).numpy().mean(axis=(1, 2))
    fit_last_layer(model, pictures, classes, counts, 0.1, lambda *step: steps.append(step))
    wanted = refitted(Head(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32)), seen, classes, counts, 0.1)
    kernel, bias = model.get_layer("logits").get_weights()
    assert kernel == pytest.approx(wanted.kernel, abs=1e-4) and bias == pytest.approx(wanted.bias, abs=1e-4)
    assert steps == [("fitting the last layer", done, AT_ONCE + 3) for done in (AT_ONCE, AT_ONCE + 3)]


def test_a_broken_cell_is_shown_as_no_class_and_a_platelet_is_never_broken() -> None:
    from hematovision.training.framed import FramedCell
    from hematovision.training.train import Pictures, TrainConfig

    labels = ("monocyte", "platelet")
    rgb, slide = np.full((84, 84, 3), 240, np.uint8), np.array([240.0] * 3)
    rgb[30:54, 30:54] = (90, 50, 140)
    cells = [FramedCell(LabelledCell(Path(), "", each, "", "train"), rgb, "nucleated", slide, 1.5) for each in labels]

    def targets(broken: float) -> set[tuple[float, ...]]:
        return {tuple(row) for row in Pictures(cells, labels, TrainConfig(size=48, broken=broken))[0][1].tolist()}

    assert targets(0) == {(1, 0), (0, 1)}
    assert targets(1) == {(0.5, 0.5), (0, 1)}


def test_laboratories_and_their_classes_are_drawn_by_the_square_root_of_their_cells() -> None:
    from hematovision.training.train import shares

    many = [("large", "monocyte")] * 64 + [("large", "basophil")] * 16 + [("large", "platelet")] * 20
    cells = [LabelledCell(Path(), lab, label, "", "train") for lab, label in [*many, *[("small", "monocyte")] * 25]]
    drawn = shares(cells)
    often = {(each.lab, each.label): 0.0 for each in cells}
    for each, share in zip(cells, drawn, strict=True):
        often[each.lab, each.label] += share
    assert drawn.sum() == pytest.approx(1)
    assert often["small", "monocyte"] == pytest.approx(5 / 15)
    assert often["large", "monocyte"] == pytest.approx(2 * often["large", "basophil"])


# The locator.

FEW = {"windows": 4, "batch": 2, "crops_of": ("here",), "gentle_epochs": 1}
LOCATOR_EPOCHS = 3
FIELDS: list[Field] = [
    ("here", "a", "train", smear(1)),
    ("half", "b", "train", smear(2, red=False)),
    ("here", "c", "val", smear(3)),
    ("here", "d", "test", smear(4)),  # of which there is no file, nor of the next
    ("here", min(SPOILT), "spoilt", smear(5)),
]
CROPS = [("train", drawn("lymphocyte", 1)), ("val", drawn("neutrophil", 2)), ("test", None)]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fields.csv, boxes.csv and cells.csv; a crop for each side."""
    folder = write_fields(tmp_path_factory.mktemp("fields"), FIELDS, unread=("test", "spoilt"))
    lines = (folder / "fields.csv").read_text(encoding="utf-8").replace(",spoilt", ",train")
    (folder / "fields.csv").write_text(lines, encoding="utf-8")
    rows = ["path,lab,label,group,split"]
    for side, crop in CROPS:
        if crop:
            (folder / f"crop-{side}.png").write_bytes(encoded(crop))
        rows.append(f"crop-{side}.png,here,neutrophil,crop-{side},{side}")
    (folder / "cells.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def located(
    fields: Path, environment: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    """A run of the locator on a few windows, stopped in its second epoch and gone on with by the command line; and what
    was printed."""
    from hematovision.training import train_locator

    run = tmp_path_factory.mktemp("runs") / "locator"
    with pytest.raises(KeyboardInterrupt):
        train_locator.train(fields, run, locator_config(), weights, stop_in_the_second_epoch)
    assert [row["epoch"] for row in history(run)] == [1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_locator, "LocatorConfig", partial(train_locator.LocatorConfig, **FEW))
        command = ["train", "locator", str(run), "--data", str(fields), "--epochs", str(LOCATOR_EPOCHS)]
        result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return run, result


def locator_config() -> LocatorConfig:
    """The settings of that run."""
    from hematovision.training.train_locator import LocatorConfig

    return LocatorConfig(epochs=LOCATOR_EPOCHS, **FEW)  # type: ignore[arg-type]


def test_a_run_of_the_locator_leaves_its_history_its_curves_and_what_is_opened(located: tuple[Path, Result]) -> None:
    run, result = located
    assert [row["epoch"] for row in history(run)] == [1, 2, 3]
    assert all(np.isfinite(list(row.values())).all() for row in history(run))
    assert {path.name for path in run.iterdir()} == {
        "run.json", "history.csv", "curves.png", "best.keras", f"epoch-{LOCATOR_EPOCHS}.keras",
        "locator.json", "locator.keras", "locator.tflite",
    }  # fmt: skip
    assert f"locator: {run}" in result.stdout


def test_gone_on_with_it_has_taken_the_steps_of_the_gentle_epoch_and_the_last_is_the_best(
    located: tuple[Path, Result],
) -> None:
    import keras

    from hematovision.training import locator_network

    with keras.saving.custom_object_scope({"loss": locator_network.loss}):
        best, last = (
            keras.saving.load_model(located[0] / name) for name in ("best.keras", f"epoch-{LOCATOR_EPOCHS}.keras")
        )
    assert int(last.optimizer.iterations) == 2  # of two windows each; with the gentle epoch they are counted anew
    assert all(map(np.array_equal, best.get_weights(), last.get_weights()))


def test_windows_of_gentle_epochs_are_seen_through_good_optics_and_those_of_val_as_before(
    fields: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hematovision.training import train_locator
    from hematovision.training.windows import Variation

    seen: list[Variation] = []

    def window(*given: Any) -> Any:
        seen.append(given[3])
        return real(*given)

    real = train_locator.window
    monkeypatch.setattr(train_locator, "window", window)
    config = replace(locator_config(), epochs=2)
    train_locator.train(fields, tmp_path / "run", config, weights, lambda *step: None)
    gentle = seen.count(config.gentle)
    assert 4 <= gentle <= len(seen) - 8  # two batches of two; a batch more may be drawn ahead
    assert {each.poor for each in seen} == {config.variation.poor, config.gentle.poor}


def test_the_locator_that_was_trained_can_be_asked(located: tuple[Path, Result]) -> None:
    from hematovision.training.locating import open_locator

    for each in open_locator(located[0])(drawn_field(smear(7), 320, 280)):
        assert 0 <= each.x0 < each.x1 <= 320 and 0 <= each.y0 < each.y1 <= 280


def test_a_finished_run_of_the_locator_is_left_as_it_is(
    located: tuple[Path, Result], fields: Path, weights: Path
) -> None:
    from hematovision.training.train_locator import train

    run = located[0]
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    train(fields, run, locator_config(), weights, lambda *step: None)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_run_of_the_locator_is_not_gone_on_with_when_a_box_was_moved(
    located: tuple[Path, Result], fields: Path, weights: Path, tmp_path: Path
) -> None:
    from hematovision.training.train_locator import train

    for file in fields.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (fields / "boxes.csv").read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ",250.0"
    (tmp_path / "boxes.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(LabelsRefused, match="other settings or other pictures"):
        train(tmp_path, located[0], locator_config(), weights, lambda *step: None)


def test_the_locators_first_layers_and_every_batch_normalization_stay_as_imagenet_left_them(
    located: tuple[Path, Result], weights: Path
) -> None:
    import keras

    from hematovision.training import locator_network

    with keras.saving.custom_object_scope({"loss": locator_network.loss}):
        after = keras.saving.load_model(located[0] / "best.keras", compile=False).get_layer("trunk")
    untouched = locator_network.build(weights).get_layer("trunk")
    still = [layer for layer in untouched.layers if layer.get_weights() and not layer.trainable]
    free = [layer for layer in untouched.layers if layer.get_weights() and layer.trainable]
    assert len(still) > 30 and len(free) > 10
    for layer in still:
        for before, now in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True):
            assert np.array_equal(before, now), layer.name
    assert any(
        not np.array_equal(layer.get_weights()[0], after.get_layer(layer.name).get_weights()[0]) for layer in free
    )


def test_the_locators_loss_is_least_for_what_is_wanted() -> None:
    from hematovision.training import locator_network
    from hematovision.training.targets import wanted
    from hematovision.training.windows import Scene

    boxes, kinds = np.array([[40.0, 50, 120, 140], [150, 150, 170, 172]]), np.array([0, 1])
    target = wanted(Scene(np.zeros((256, 256, 3), np.uint8), boxes, kinds, 80, complete=True, exact=True))[np.newaxis]
    right = np.concatenate([20 * (target[..., :3] > 0.999) - 10, target[..., 6:10]], axis=-1).astype(np.float32)
    nothing, elsewhere, larger = right.copy(), np.roll(right, 8, axis=1), right.copy()
    nothing[..., :3] = -10
    larger[..., 5:] += 0.5
    losses = [float(locator_network.loss(target, answer)) for answer in (right, nothing, elsewhere, larger)]
    assert losses[0] < 0.1
    assert min(losses[1:]) > 10 * losses[0]


def test_where_not_every_cell_is_boxed_the_loss_does_not_ask_what_is_beside() -> None:
    from hematovision.training import locator_network
    from hematovision.training.targets import wanted
    from hematovision.training.windows import Scene

    target = wanted(
        Scene(np.zeros((256, 256, 3), np.uint8), np.array([[40.0, 50, 120, 140]]), np.array([0]), 80, False, False)
    )[np.newaxis]
    answer = np.full((1, 64, 64, 7), -10, np.float32)
    beside = answer.copy()
    beside[:, 50:60, 50:60, :3] = 5
    assert float(locator_network.loss(target, beside)) == pytest.approx(float(locator_network.loss(target, answer)))


def test_without_fields_to_check_on_no_locator_is_trained(weights: Path, tmp_path: Path) -> None:
    from hematovision.training.train_locator import train

    folder = write_fields(tmp_path, [("here", "a", "train", smear(1))])
    with pytest.raises(LabelsRefused, match="no field on the side val"):
        train(folder, tmp_path / "run", locator_config(), weights, lambda *step: None)
