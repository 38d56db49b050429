"""The network gives the same probabilities on every runtime and in every thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hematovision.inference import InferenceService
from hematovision.runtime import RUNTIMES
from hematovision.training.labs import read_cells
from pictures import drawn_cell, encoded

PER_CLASS = 5


@pytest.fixture(scope="module")
def real_cells(data: Path) -> list[bytes]:
    """Some test pictures of each class, from the laboratory that the model learned from."""
    test = [cell for cell in read_cells(data, ["barcelona"]) if cell.split == "test"]
    labels = sorted({cell.label for cell in test})
    chosen = [cell for label in labels for cell in [each for each in test if each.label == label][:PER_CLASS]]
    assert len(chosen) == PER_CLASS * 8
    return [cell.path.read_bytes() for cell in chosen]


def probabilities(service: InferenceService, pictures: list[bytes]) -> np.ndarray:
    return np.array([[each.probability for each in service.classify(picture).probabilities] for picture in pictures])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own, at import
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_litert_gives_what_keras_gives(models: Path, service: InferenceService, real_cells: list[bytes]) -> None:
    reference = InferenceService.open(models, "keras")
    served, expected = probabilities(service, real_cells), probabilities(reference, real_cells)
    assert np.abs(served - expected).max() < 1e-4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_both_runtimes_give_the_last_feature_map_too(service: InferenceService, record: dict[str, Any]) -> None:
    size = record["input"]["size"]
    inputs = np.asarray(drawn_cell(width=size, height=size), np.float32)[np.newaxis]
    served, expected = (make(service.bundle.path / file)(inputs) for make, file in RUNTIMES.values())
    assert served.features.shape == expected.features.shape == (1, size // 32, size // 32, 1280)
    assert served.features == pytest.approx(expected.features, abs=1e-3)
    assert served.logits == pytest.approx(expected.logits, abs=1e-3)


def test_a_batch_gives_what_its_pictures_give_alone(service: InferenceService, record: dict[str, Any]) -> None:
    size = record["input"]["size"]
    make, file = RUNTIMES["litert"]
    network = make(service.bundle.path / file)
    batch = np.stack([np.asarray(drawn_cell(seed, size, size), np.float32) for seed in range(3)])
    alone = np.concatenate([network(picture[np.newaxis]).logits for picture in batch])
    assert np.array_equal(network(batch).logits, alone)


def test_eight_threads_at_once_get_what_one_gets_alone(service: InferenceService) -> None:
    pictures = [encoded(drawn_cell(seed), "PNG") for seed in range(6)]
    alone = [service.classify(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(service.classify, pictures * 20))
    assert together == alone * 20


def test_pixels_are_answered_like_their_file(service: InferenceService) -> None:
    picture = drawn_cell()
    by_pixels, by_file = service.classify(np.asarray(picture)), service.classify(encoded(picture, "PNG"))
    assert by_pixels.probabilities == by_file.probabilities
    assert by_pixels.cells == by_file.cells


def test_most_real_cells_are_recognised(service: InferenceService, data: Path) -> None:
    test = [cell for cell in read_cells(data, ["barcelona"]) if cell.split == "test"][::40]
    right = [service.classify(cell.path.read_bytes()).label == cell.label for cell in test]
    assert len(right) > 40
    assert np.mean(right) > 0.9
