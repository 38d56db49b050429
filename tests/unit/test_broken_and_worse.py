"""Cells broken on purpose, and pictures through poorer optics: what a classifier is shown so that it knows them."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.background import WHITE
from hematovision.images import RGB
from hematovision.training.broken import WAYS, broken
from hematovision.training.optics import CELL, worse

SIZE, SIDE = 160, 76.0  # of the picture, and of the cell in its middle
ABOVE = np.s_[:16, 70:90]


def cell() -> RGB:
    """A disc with a dark nucleus at one side of it, and part of a red cell above."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    picture = np.full((SIZE, SIZE, 3), WHITE, np.uint8)
    picture[np.hypot(y, x) < SIDE / 2] = (205, 190, 215)
    picture[np.hypot(y - 8, x) < SIDE / 4] = (90, 50, 140)
    picture[ABOVE] = (220, 150, 150)
    return picture


def shape_of(rgb: RGB) -> np.ndarray:
    """Where it is dark as a nucleus."""
    return np.asarray(rgb[..., 1] < 120)


@pytest.mark.parametrize("seed", range(30))
def test_a_broken_cell_is_another_shape(seed: int) -> None:
    whole = cell()
    made = broken(whole, SIDE, np.random.default_rng(seed))
    assert (made.shape, made.dtype) == (whole.shape, np.uint8)
    before, after = shape_of(whole), shape_of(made)
    shared = (before & after).sum() / (before | after).sum()
    assert shared < 0.85


def test_what_lies_around_a_broken_cell_mostly_stays() -> None:
    made = [broken(cell(), SIDE, np.random.default_rng(seed)) for seed in range(30)]
    assert np.median([np.abs(each[ABOVE].astype(int) - cell()[ABOVE]).mean() for each in made]) < 5


def test_every_way_of_breaking_is_met_and_the_same_generator_breaks_alike() -> None:
    whole = cell()
    made = [broken(whole, SIDE, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    assert np.array_equal(whole, cell())
    drawn = {int(np.random.default_rng(seed).integers(len(WAYS))) for seed in range(30)}
    assert drawn == set(range(len(WAYS)))


def test_perfect_optics_change_nothing() -> None:
    for seed in range(20):
        seen = worse(cell(), 0.0, np.random.default_rng(seed)).astype(int)
        assert np.abs(seen - cell()).max() <= 1


def test_poorer_optics_leave_less_of_edges_and_of_density() -> None:
    def edges(rgb: RGB) -> float:
        return float(np.abs(np.diff(rgb[..., 1].astype(int), axis=1)).max())

    seen = [worse(cell(), 1.0, np.random.default_rng(seed)) for seed in range(60)]
    assert {each.shape for each in seen} == {(SIZE, SIZE, 3)}
    assert np.median([edges(each) for each in seen]) < edges(cell())
    assert min(edges(each) for each in seen) < edges(cell()) / 3
    assert np.mean([shape_of(each).mean() for each in seen]) < shape_of(cell()).mean()


def test_what_is_larger_is_as_much_more_out_of_focus() -> None:
    edge = np.full((200, 200, 3), 240, np.uint8)
    edge[:, :100] = 60

    def width(seed: int, times: int) -> int:
        """Pixels from one side of the edge to the other."""
        seen = worse(edge, 1.0, np.random.default_rng(seed), times * CELL)[..., 1].mean(axis=0)
        low, high = seen[5:30].mean(), seen[-30:-5].mean()
        return int(((seen > low + 0.15 * (high - low)) & (seen < high - 0.15 * (high - low))).sum())

    once, twice = (np.mean([width(seed, times) for seed in range(30)]) for times in (1, 2))
    assert 1.6 < twice / once < 2.4


def test_the_same_generator_gives_the_same_optics_and_the_picture_is_left_alone() -> None:
    before = cell()
    first, again, other = (worse(before, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 3))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(before, cell())
