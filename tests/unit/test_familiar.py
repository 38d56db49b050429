"""How far a cell is from those that are remembered."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.familiar import Familiar, pooled

KNOWN = Familiar(np.array([[1, 0, 0], [0, 1, 0]], np.float32), np.array([0, 1]), limit=0.2, rate=0.99)


def test_the_distance_is_to_the_nearest_one_minus_the_cosine() -> None:
    asked = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1], [-1, 0, 0]], np.float32)
    assert KNOWN.distances(asked) == pytest.approx([0, 0.2, 1, 1])


def test_of_no_cell_there_is_no_distance() -> None:
    assert KNOWN.distances(np.empty((0, 3), np.float32)).shape == (0,)


def test_features_are_meant_over_places_and_of_unit_length() -> None:
    features = np.zeros((2, 4, 4, 3), np.float32)
    features[0, :, :2, 0], features[0, :, 2:, 1] = 3, 4
    features[1, 0, 0, 2] = 7
    assert pooled(features) == pytest.approx(np.array([[0.6, 0.8, 0], [0, 0, 1]]), abs=1e-6)


def test_features_that_are_all_nought_are_far_from_everything() -> None:
    assert KNOWN.distances(pooled(np.zeros((1, 4, 4, 3), np.float32))) == pytest.approx([1])
