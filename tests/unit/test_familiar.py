"""How far a cell is from those that are remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundles import drawn_bundle
from hematovision.contents import familiar_of
from hematovision.familiar import Known, directions, shares_nearer, usual_of

KNOWN = replace(
    drawn_bundle(("a", "b")).familiar,
    features=np.array([[1, 0, 0], [0, 1, 0]], np.float32),
    texture=np.array([[1, 10, 5], [3, 10, 5], [1, 30, 5], [3, 30, 5]], np.float32),
)


def test_the_distance_is_to_the_nearest_one_minus_the_cosine() -> None:
    asked = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1], [-1, 0, 0]], np.float32)
    assert KNOWN.distances(asked) == pytest.approx([0, 0.2, 1, 1])


def test_of_no_cell_there_is_no_distance() -> None:
    assert KNOWN.distances(np.empty((0, 3), np.float32)).shape == (0,)


def test_how_strong_features_are_does_not_matter() -> None:
    strong = np.array([[3, 4, 0], [0, 0, 7]], np.float32)
    assert directions(strong) == pytest.approx(np.array([[0.6, 0.8, 0], [0, 0, 1]]), abs=1e-6)
    stronger = replace(KNOWN, features=5 * KNOWN.features)
    assert stronger.distances(strong) == pytest.approx(KNOWN.distances(directions(strong)))


def test_features_that_are_all_nought_are_far_from_everything() -> None:
    assert KNOWN.distances(np.zeros((1, 3), np.float32)) == pytest.approx([1])


def in_texture(*texture: float) -> float:
    """How far from those known."""
    return float(Known(KNOWN.features, KNOWN.texture).distances(np.ones((1, 3)), np.array([texture]))[1, 0])


def test_in_texture_a_remembered_cell_is_near_and_what_varies_otherwise_is_far() -> None:
    # Seen from (2, 20), in steps of 1 and of 10: two corners of a square, and the middle of a side.
    assert [in_texture(3, 30, 5), in_texture(2.5, 15, 5)] == pytest.approx([0, 0], abs=1e-6)
    assert in_texture(2, 30, 5) == pytest.approx(1 - np.sqrt(0.5), abs=1e-6)


def test_in_texture_what_does_not_vary_among_those_remembered_counts_for_nothing() -> None:
    assert in_texture(3, 30, 99) == pytest.approx(0, abs=1e-6)


def test_a_cell_is_stranger_than_those_of_val_that_are_nearer() -> None:
    usual = np.array([[0.0, 0.1, 0.2], [0.0, 0.5, 2.0]])
    distances = np.array([[0.0, 0.1, 0.15, 0.3], [0.0, 0.5, 0.25, 1.25]])
    assert shares_nearer(distances, usual) == pytest.approx([0, 0.5, (0.75 + 0.25) / 2, (1 + 0.75) / 2])


def test_of_those_that_the_usual_is_of_as_many_are_stranger_as_are_said_to_be() -> None:
    distances = np.random.default_rng(1).exponential(size=(2, 500))
    shares = shares_nearer(distances, usual_of(distances))
    in_order = np.argsort(np.argsort(distances, axis=1), axis=1).mean(axis=0) / 499
    assert shares == pytest.approx(in_order, abs=0.01)


def test_of_no_cell_there_is_nothing_to_tell() -> None:
    none = np.empty((0, 3), np.float32)
    assert [each.shape for each in KNOWN.measured(none, none)] == [(0,), (0,)]


FITTED = {"limit": 0.3, "rate": 0.99, "near": 0.2, "near_rate": 0.75, "purple_from": 0.02}
KEPT = {"features": KNOWN.features[[0, 1]], "texture": KNOWN.texture[:2], "labels": KNOWN.labels, "usual": KNOWN.usual}


def test_what_a_bundle_remembers_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "familiar.npz", **KEPT)
    read = familiar_of(tmp_path / "familiar.npz", FITTED, classes=2)
    assert [np.array_equal(getattr(read, name), KEPT[name]) for name in KEPT] == [True] * 4


@pytest.mark.parametrize(
    "garbled",
    [
        {"features": KNOWN.features[:1]},
        {"texture": KNOWN.texture[:1]},
        {"texture": np.full_like(KNOWN.texture[:2], np.nan)},
        {"labels": np.array([0, 2])},
        {"usual": KNOWN.usual[:1]},
        {"usual": KNOWN.usual[:, ::-1]},
        {"usual": KNOWN.usual[:, :1]},
    ],
)
def test_what_a_bundle_cannot_remember_is_refused(tmp_path: Path, garbled: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "familiar.npz", **(KEPT | garbled))
    with pytest.raises(ValueError, match="what is remembered"):
        familiar_of(tmp_path / "familiar.npz", FITTED, classes=2)
