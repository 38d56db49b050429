"""How far a cell is from those that are remembered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import drawn_bundle
from hematovision.familiar import directions

KNOWN = replace(drawn_bundle(("a", "b")).familiar, features=np.array([[1, 0, 0], [0, 1, 0]], np.float32))


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
