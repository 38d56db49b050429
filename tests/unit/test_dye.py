"""How purple a cell is: the colour of what is darkest in it, whatever else the picture shows."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.background import WHITE
from hematovision.dye import purple
from hematovision.images import resize
from hematovision.training.drawn import drawn_cell


def of_colour(*levels: int) -> np.ndarray:
    """An otherwise empty picture, a quarter of it of these levels."""
    frame = np.full((64, 64, 3), WHITE, np.uint8)
    frame[:32, :32] = levels
    return frame


def test_it_is_the_difference_of_green_and_blue_as_a_share_of_all_that_is_taken_up() -> None:
    taken = np.log(WHITE / np.array([120, 60, 150]))
    assert purple(of_colour(120, 60, 150)) == pytest.approx((taken[1] - taken[2]) / taken.sum())


@pytest.mark.parametrize("nucleus", [(120, 60, 150), (60, 40, 130), (30, 60, 150), (150, 60, 110)])
def test_nuclei_are_purple_be_they_bluer_or_redder(nucleus: tuple[int, int, int]) -> None:
    assert purple(of_colour(*nucleus)) > 0.1


@pytest.mark.parametrize("other", [(90, 90, 90), (60, 120, 60), (200, 180, 40), (120, 80, 40), (200, 90, 50)])
def test_grey_green_yellow_brown_and_orange_are_not(other: tuple[int, int, int]) -> None:
    assert purple(of_colour(*other)) <= 0


def test_an_empty_slide_is_not() -> None:
    assert purple(of_colour(WHITE, WHITE, WHITE)) == purple(of_colour(255, 255, 255)) == 0


def test_the_same_stain_is_as_purple_paler() -> None:
    taken = np.log(WHITE / np.array([120, 60, 150]))
    paler = (WHITE * np.exp(-taken / 2)).round().astype(int)
    assert purple(of_colour(*paler)) == pytest.approx(purple(of_colour(120, 60, 150)), abs=0.01)


def test_a_drawn_cell_is_and_its_grey_print_is_not() -> None:
    frame = resize(drawn_cell(1), 128, 128)
    grey = np.repeat(frame.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert purple(frame) > 0.1 and purple(grey) == 0
