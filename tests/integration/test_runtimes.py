"""Both networks give the same on every runtime and in every thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hematovision.head import pooled
from hematovision.images import decode
from hematovision.inference import InferenceService
from hematovision.locator import KINDS, WINDOW, Found
from hematovision.peaks import STRIDE
from hematovision.runtime import Networks, open_networks
from hematovision.training.labs import read_cells
from pictures import drawn_cell, encoded

PER_CLASS = 5


def with_keras(test: Callable[..., None]) -> Callable[..., None]:
    """Marks what imports TensorFlow, which warns of its own future."""
    for category in ("DeprecationWarning", "FutureWarning"):
        test = pytest.mark.filterwarnings(f"ignore::{category}")(test)
    return test


@pytest.fixture(scope="module")
def real_cells(data: Path) -> list[bytes]:
    """Some test pictures of each class, from the laboratory that the model learned from."""
    test = [cell for cell in read_cells(data, ["barcelona"]) if cell.split == "test"]
    labels = sorted({cell.label for cell in test})
    chosen = [cell for label in labels for cell in [each for each in test if each.label == label][:PER_CLASS]]
    assert len(chosen) == PER_CLASS * 8
    return [cell.path.read_bytes() for cell in chosen]


@pytest.fixture(scope="module")
def reference(models: Path) -> InferenceService:
    """The same bundle on Keras."""
    return InferenceService.open(models, "keras")


def off(one: Found, other: Found) -> float:
    """By how many pixels the two boxes differ at most."""
    return max(abs(getattr(one, end) - getattr(other, end)) for end in ("x0", "y0", "x1", "y1"))


@with_keras
def test_litert_finds_the_cells_that_keras_finds(
    service: InferenceService, reference: InferenceService, real_cells: list[bytes]
) -> None:
    pixels, of_red = [], []
    for data in real_cells:
        rgb = decode(data).rgb
        served, expected = service.road.locate(rgb), reference.road.locate(rgb)
        assert [each.kind for each in served] == [each.kind for each in expected]
        assert [each.score for each in served] == pytest.approx([each.score for each in expected], abs=1e-4)
        for one, other in zip(served, expected, strict=True):
            (of_red if one.kind == "red" else pixels).append(off(one, other))
    # Of two places side by side that are equally hot one runtime takes this one and the other that one.
    assert np.quantile(pixels, 0.95) < 0.1
    assert np.quantile(of_red, 0.9) < 0.1
    assert max(pixels + of_red) < STRIDE


@with_keras
def test_of_the_same_cells_litert_says_what_keras_says(
    service: InferenceService, reference: InferenceService, real_cells: list[bytes]
) -> None:
    for data in real_cells:
        rgb = decode(data).rgb
        found = service.road.locate(rgb)
        cells = [each for each in found if each.kind != "red"]
        served, expected = (each.road.classify(rgb, cells, found).probabilities for each in (service, reference))
        assert served.shape == (len(cells), len(service.bundle.labels))
        assert served == pytest.approx(expected, abs=1e-4)


@with_keras
def test_litert_answers_as_keras_does(
    service: InferenceService, reference: InferenceService, real_cells: list[bytes]
) -> None:
    for data in real_cells:
        served, expected = service.classify(data, red_cells=True), reference.classify(data, red_cells=True)
        assert served.seen == expected.seen
        for one, other in zip(served.cells, expected.cells, strict=True):
            assert one.kind == other.kind
            assert all(abs(a - b) < STRIDE for a, b in zip(astuple(one.box), astuple(other.box), strict=True))
            assert [each.probability for each in one.probabilities] == pytest.approx(
                [each.probability for each in other.probabilities], abs=0.05
            )


@pytest.fixture
def networks(service: InferenceService) -> Networks:
    return open_networks("litert", service.bundle.path)


def drawn_inputs(size: int, count: int = 1) -> np.ndarray:
    """(count, size, size, 3) float32."""
    return np.stack([np.asarray(drawn_cell(seed, size, size), np.float32) for seed in range(count)])


@with_keras
def test_both_runtimes_give_the_last_feature_map_too(
    service: InferenceService, networks: Networks, record: dict[str, Any]
) -> None:
    size = record["input"]["size"]
    inputs = drawn_inputs(size)
    served, expected = networks.classifier(inputs), open_networks("keras", service.bundle.path).classifier(inputs)
    assert served.features.shape == expected.features.shape == (1, size // 32, size // 32, 1280)
    assert served.features == pytest.approx(expected.features, abs=1e-3)
    assert served.logits == pytest.approx(expected.logits, abs=1e-3)
    assert service.bundle.head.logits(pooled(served.features)) == pytest.approx(served.logits, abs=1e-3)


@with_keras
def test_texture_is_how_much_a_map_further_down_varies_over_the_cell(
    service: InferenceService, networks: Networks, record: dict[str, Any]
) -> None:
    import keras

    from hematovision.training.network import TEXTURED, base_of

    inputs = drawn_inputs(record["input"]["size"], count=2)
    served, expected = networks.classifier(inputs), open_networks("keras", service.bundle.path).classifier(inputs)
    base = base_of(keras.saving.load_model(service.bundle.path / "model.keras", compile=False))
    seen = np.asarray(keras.Model(base.input, base.get_layer(TEXTURED).output)(inputs / 127.5 - 1, training=False))
    for texture in (served.texture, expected.texture):
        assert texture.shape == (2, seen.shape[-1])
        assert texture == pytest.approx(seen.std(axis=(1, 2)), abs=1e-3)
    known = service.bundle.familiar
    for one, other in zip(
        *(known.measured(pooled(each.features), each.texture) for each in (served, expected)), strict=True
    ):
        assert one == pytest.approx(other, abs=1e-3)


@with_keras
def test_both_runtimes_give_the_same_heat_and_boxes(service: InferenceService, networks: Networks) -> None:
    inputs = drawn_inputs(WINDOW)
    served, expected = networks.locator(inputs), open_networks("keras", service.bundle.path).locator(inputs)
    places = WINDOW // STRIDE
    assert served.heat.shape == expected.heat.shape == (1, places, places, len(KINDS))
    assert served.boxes.shape == expected.boxes.shape == (1, places, places, 4)
    assert ((served.heat >= 0) & (served.heat <= 1)).all()
    assert served.heat == pytest.approx(expected.heat, abs=1e-4)
    assert served.boxes == pytest.approx(expected.boxes, abs=1e-2)


def test_a_batch_gives_what_its_pictures_give_alone(networks: Networks, record: dict[str, Any]) -> None:
    for network, size in ((networks.classifier, record["input"]["size"]), (networks.locator, WINDOW)):
        batch = drawn_inputs(size, 3)
        together, alone = network(batch), [network(picture[np.newaxis]) for picture in batch]
        for k, output in enumerate(together):
            assert np.array_equal(output, np.concatenate([each[k] for each in alone]))


def test_eight_threads_at_once_get_what_one_gets_alone(service: InferenceService, classified: bytes) -> None:
    pictures = [classified, *(encoded(drawn_cell(seed), "PNG") for seed in range(5))]
    alone = [service.classify(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(service.classify, pictures * 20))
    assert together == alone * 20


def test_pixels_are_answered_like_their_file(service: InferenceService, classified: bytes) -> None:
    by_pixels, by_file = service.classify(decode(classified).rgb, True), service.classify(classified, True)
    assert by_pixels.cells and by_pixels.cells == by_file.cells
    assert by_pixels.probabilities == by_file.probabilities
    assert by_pixels.seen == by_file.seen


def test_most_real_cells_are_recognised(service: InferenceService, data: Path) -> None:
    test = [cell for cell in read_cells(data, ["barcelona"]) if cell.split == "test"][::40]
    right = [service.classify(cell.path.read_bytes()).label == cell.label for cell in test]
    assert len(right) > 40
    assert np.mean(right) > 0.9
