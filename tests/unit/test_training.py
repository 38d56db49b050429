"""A whole training on a few drawn pictures: it can be stopped and resumed, and its end is a bundle that answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from hematovision.cli import main
from hematovision.errors import LabelsRefused
from hematovision.inference import InferenceService
from pictures import encoded

# TensorFlow and Keras warn of their own future at import and at export.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LABELS = ("lymphocyte", "neutrophil", "platelet")
SIDES = ("train",) * 8 + ("val",) * 2 + ("test",) * 2
SMALLEST = 32  # pixels a side: MobileNetV2 halves five times
EPOCHS = 2


def drawn(label: str, seed: int) -> Image.Image:
    """A caricature: one disc, three lobes or a speck, a little different each time."""
    random = np.random.default_rng((LABELS.index(label), seed))
    picture = Image.new("RGB", (48, 48), (236, 222, 214))
    draw = ImageDraw.Draw(picture)
    centres = {"lymphocyte": [(24, 24, 13)], "platelet": [(24, 24, 4)]}.get(
        label, [(17, 19, 6), (30, 21, 6), (23, 31, 6)]
    )
    for x, y, radius in centres + random.integers(-2, 3, (len(centres), 3)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(98, 52, 138))
    return picture


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cells.csv: a dozen pictures for each of three classes."""
    folder = tmp_path_factory.mktemp("drawings")
    rows = []
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
def trained(drawings: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """An unbroken run by the command line, released."""
    run = tmp_path_factory.mktemp("runs") / "unbroken"
    result = train_by_command(drawings, run, "--release", "0.1.0")
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
        "run.json", "history.csv", "curves.png", "best.keras", f"epoch-{EPOCHS}.keras",
    }  # fmt: skip
    assert f"best model: {trained.run / 'best.keras'}" in trained.result.stdout


def test_what_was_released_opens_and_answers(trained: Trained) -> None:
    service = InferenceService.open(trained.models)
    answer = service.classify(encoded(drawn("platelet", 50)))
    assert [each.label for each in answer.probabilities] == list(LABELS)
    assert (service.bundle.version, service.bundle.size) == ("0.1.0", SMALLEST)


def test_what_was_released_knows_where_it_comes_from(trained: Trained) -> None:
    folder = trained.models / "wbc-mobilenetv2" / "0.1.0"
    record = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    run = json.loads((trained.run / "run.json").read_text(encoding="utf-8"))
    assert record["training"]["labs"] == ["drawn"]
    assert record["training"]["pictures_sha256"] == run["pictures_sha256"]
    assert record["training"]["config"] == run["config"]
    assert (record["calibration"]["fitted_on"], record["calibration"]["n"]) == ("val", 2 * len(LABELS))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["bundle"]["drawn"]["n"] == 2 * len(LABELS)
    assert "wbc-mobilenetv2 0.1.0" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_released_version_is_never_written_over(trained: Trained, drawings: Path) -> None:
    before = (trained.models / "wbc-mobilenetv2" / "0.1.0" / "bundle.json").read_bytes()
    result = train_by_command(drawings, trained.run, "--release", "0.1.0")
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert (trained.models / "wbc-mobilenetv2" / "0.1.0" / "bundle.json").read_bytes() == before


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


def test_a_stopped_run_goes_on_as_if_it_had_never_been_stopped(
    trained: Trained, drawings: Path, environment: Path, weights: Path, tmp_path: Path
) -> None:
    from hematovision.training.train import TrainConfig, train

    def stop_in_the_second_epoch(what: str, done: int, total: int) -> None:
        if what.startswith("epoch 2"):
            raise KeyboardInterrupt

    run = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(drawings, run, TrainConfig(size=SMALLEST, epochs=EPOCHS), weights, stop_in_the_second_epoch)
    assert [row["epoch"] for row in history(run)] == [1]

    result = train_by_command(drawings, run)
    assert result.exit_code == 0, result.output
    for resumed, unbroken in zip(history(run), history(trained.run), strict=True):
        assert resumed == pytest.approx(unbroken, rel=1e-3, abs=1e-3)


def test_a_run_is_not_gone_on_with_under_other_settings(trained: Trained, drawings: Path, weights: Path) -> None:
    from hematovision.training.train import TrainConfig, train

    with pytest.raises(LabelsRefused, match="other settings or other pictures"):
        train(drawings, trained.run, TrainConfig(size=64, epochs=EPOCHS), weights, lambda *step: None)


def test_a_finished_run_is_left_as_it_is(trained: Trained, drawings: Path) -> None:
    before = {path.name: path.read_bytes() for path in trained.run.iterdir()}
    assert train_by_command(drawings, trained.run).exit_code == 0
    assert {path.name: path.read_bytes() for path in trained.run.iterdir()} == before


def test_without_pictures_to_check_on_nothing_is_trained(drawings: Path, weights: Path, tmp_path: Path) -> None:
    from hematovision.training.train import TrainConfig, train

    lines = (drawings / "cells.csv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        (tmp_path / line.split(",")[0]).write_bytes((drawings / line.split(",")[0]).read_bytes())
    (tmp_path / "cells.csv").write_text(
        "\n".join(line for line in lines if not line.endswith(",val")), encoding="utf-8"
    )
    with pytest.raises(LabelsRefused, match="val is empty"):
        train(tmp_path, tmp_path / "run", TrainConfig(size=SMALLEST), weights, lambda *step: None)


@pytest.mark.parametrize(
    ("accuracies", "losses", "best"),
    [
        ([0.5, 0.9, 0.8], [1.0, 0.5, 0.1], 1),
        ([0.9, 0.9, 0.9], [0.3, 0.2, 0.4], 1),
        ([0.9, 0.9], [0.2, 0.2], 0),
        ([0.1], [9.0], 0),
    ],
)
def test_the_best_epoch_is_the_most_accurate_then_the_least_surprised(
    accuracies: list[float], losses: list[float], best: int
) -> None:
    from hematovision.training.train import best_epoch

    rows = [{"val_accuracy": right, "val_log_loss": loss} for right, loss in zip(accuracies, losses, strict=True)]
    assert best_epoch(rows) == best
