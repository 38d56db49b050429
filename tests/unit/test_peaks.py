"""What a window's answer becomes: the box that the places around a peak agree on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from hematovision.peaks import STRIDE, Sought, bell, candidates

PLACES = 64
LIMITS = (0.5, 0.5, 0.5)
CELL = (80.0, 60.0, 160.0, 120.0)  # its centre is place 30, 22.5

Floats = NDArray[np.float64]


def answer(*cells: tuple[float, float, float, float], off: float = 0, seed: int = 0) -> Sought:
    """Of nucleated cells, the last on top: every place in a box means that cell, each wrong by some `off` places and as
    much of the size."""
    heat, boxes = np.zeros((1, PLACES, PLACES, 3)), np.zeros((1, PLACES, PLACES, 4))
    column, line = np.meshgrid(np.arange(PLACES) + 0.5, np.arange(PLACES) + 0.5)
    for x0, y0, x1, y1 in np.array(cells) / STRIDE:
        to_x, to_y, width, height = (x0 + x1) / 2 - column, (y0 + y1) / 2 - line, x1 - x0, y1 - y0
        hill = bell(to_x, to_y, width, height)
        hill[int((y0 + y1) / 2), int((x0 + x1) / 2)] = 1  # and nowhere else, as a network learns it
        heat[0, ..., 0] = np.maximum(heat[0, ..., 0], hill)
        means = (np.abs(to_x) < width / 2) & (np.abs(to_y) < height / 2)
        sizes = np.log([width, height])
        boxes[0, means] = np.stack([to_x, to_y, *(np.full_like(to_x, size) for size in sizes)], axis=-1)[means]
    wrong = np.random.default_rng(seed).normal(0, 1, boxes.shape) * (off, off, 0.1 * off, 0.1 * off)
    return Sought(heat, boxes + wrong)


def corners(sought: Sought) -> Floats:
    return candidates(sought, LIMITS)[:, :4]


def test_without_a_peak_there_is_no_box() -> None:
    nothing = Sought(np.zeros((1, PLACES, PLACES, 3)), np.zeros((1, PLACES, PLACES, 4)))
    assert candidates(nothing, LIMITS).shape == (0, 6)


@pytest.mark.parametrize("box", [CELL, (0, 0, 60, 40), (200, 210, 256, 256), (100, 100, 112, 110), (20, 10, 240, 250)])
def test_where_all_places_agree_it_is_their_box(box: tuple[float, float, float, float]) -> None:
    [found] = candidates(answer(box), LIMITS)
    assert found[:4] == pytest.approx(box)
    assert (found[4], found[5]) == (1, 0)


def test_places_that_err_each_in_its_own_way_err_less_together() -> None:
    alone, together = [], []
    for seed in range(30):
        sought = answer(CELL, off=0.5, seed=seed)
        line, column = np.unravel_index(sought.heat[0, ..., 0].argmax(), (PLACES, PLACES))
        to_x, to_y, width, height = sought.boxes[0, line, column]
        own = STRIDE * np.array([column + 0.5 + to_x - math.exp(width) / 2, line + 0.5 + to_y - math.exp(height) / 2])
        alone.append(np.abs(own - CELL[:2]).mean())
        together.append(np.abs(corners(sought)[0][:2] - CELL[:2]).mean())
    assert np.mean(together) < np.mean(alone) / 2


def test_a_small_cell_does_not_hear_the_places_that_mean_the_one_beneath() -> None:
    small = (114.0, 84.0, 130.0, 100.0)
    assert all(each == pytest.approx(small) for each in corners(answer(CELL, small)))


def test_a_large_cell_does_not_hear_a_small_one_beside_its_middle() -> None:
    large, small = (40.0, 40.0, 200.0, 200.0), (132.0, 112.0, 144.0, 124.0)
    found = corners(answer(large, small))
    assert any(each == pytest.approx(large) for each in found)
    assert any(each == pytest.approx(small) for each in found)


def test_of_a_small_cell_only_its_own_place_is_heard() -> None:
    box = (101.0, 101.0, 111.0, 111.0)
    sought = answer(box)
    boxes = sought.boxes.copy()
    boxes[0, ..., 2:] = np.log(30)
    line = column = int(106 / STRIDE)
    boxes[0, line, column] = sought.boxes[0, line, column]
    assert corners(Sought(sought.heat, boxes)).tolist() == [pytest.approx(box)]
