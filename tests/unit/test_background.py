"""The colour of the bare slide, whatever lamp and stain made of it; and what is left of a picture without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hematovision.background import WHITE, background_of, divide_out
from pictures import RGB, drawn_cell, pixels

CASTS = {
    "white": (250, 250, 250),
    "pink": (236, 214, 226),
    "yellow": (244, 232, 158),
    "green": (178, 214, 172),
    "blue": (190, 200, 240),
    "dark": (62, 58, 55),
    "nearly black": (3, 2, 1),
}
PICTURES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


def flat(colour: tuple[int, int, int], height: int = 60, width: int = 80) -> RGB:
    return np.full((height, width, 3), colour, np.uint8)


def under(cast: tuple[int, int, int], rgb: RGB) -> RGB:
    """The picture as a lamp of that colour would show it, its own slide being white."""
    return np.rint(rgb * (np.array(cast) / 255)).astype(np.uint8)


@pytest.mark.parametrize("colour", CASTS.values(), ids=CASTS)
def test_of_a_bare_slide_it_is_its_colour(colour: tuple[int, int, int]) -> None:
    assert background_of(flat(colour)).tolist() == list(colour)


@pytest.mark.parametrize("colour", CASTS.values(), ids=CASTS)
def test_a_bare_slide_of_any_colour_becomes_white(colour: tuple[int, int, int]) -> None:
    slide = flat(colour)
    assert (divide_out(slide, background_of(slide)) == WHITE).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_cells_do_not_move_it_though_they_cover_most_of_the_picture(share: float) -> None:
    slide = flat((236, 214, 226))
    slide[: round(share * len(slide))] = (98, 52, 138)
    assert background_of(slide).tolist() == [236, 214, 226]


def test_bright_specks_do_not_move_it() -> None:
    slide = flat((200, 190, 180))
    slide[::4, ::4] = 255
    assert background_of(slide).tolist() == [200, 190, 180]


def test_of_a_large_picture_it_is_that_of_the_small_one() -> None:
    small = pixels(drawn_cell())
    large = small.repeat(20, axis=0).repeat(20, axis=1)
    assert background_of(large) == pytest.approx(background_of(small), abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3_000), (3_000, 1)])
def test_a_picture_of_one_line_has_one(shape: tuple[int, int]) -> None:
    assert background_of(flat((9, 8, 7), *shape)).tolist() == [9, 8, 7]


def test_half_of_the_light_is_half_of_white_under_every_cast() -> None:
    for colour in ((236, 214, 226), (178, 214, 172), (80, 90, 100)):
        slide = flat(colour)
        slide[:10] = np.array(colour) // 2
        assert (divide_out(slide, background_of(slide))[:10] == WHITE // 2).all()


@pytest.mark.parametrize("cast", [CASTS[name] for name in ("pink", "yellow", "green", "blue")])
def test_a_cast_is_gone_afterwards(cast: tuple[int, int, int]) -> None:
    cell = pixels(drawn_cell())
    plain, tinted = (divide_out(each, background_of(each)) for each in (cell, under(cast, cell)))
    assert np.abs(plain.astype(int) - tinted).max() <= 2


def test_a_dark_picture_becomes_as_light_as_any() -> None:
    cell = pixels(drawn_cell())
    plain, dark = (divide_out(each, background_of(each)) for each in (cell, under((64, 64, 64), cell)))
    assert np.abs(plain.astype(int) - dark).max() <= 4  # two bits of the light are gone


def test_what_is_brighter_than_the_slide_stops_at_255() -> None:
    slide = flat((120, 120, 120))
    slide[0] = (121, 180, 255)
    assert divide_out(slide, background_of(slide))[0, 0].tolist() == [242, 255, 255]


def test_black_stays_black_and_nothing_is_divided_by_zero() -> None:
    black = flat((0, 0, 0))
    assert background_of(black).tolist() == [1, 1, 1]
    assert (divide_out(black, background_of(black)) == 0).all()


def test_a_slide_without_any_light_of_one_colour_is_no_division_by_zero() -> None:
    slide = flat((200, 0, 100))
    assert np.unique(divide_out(slide, background_of(slide)).reshape(-1, 3), axis=0).tolist() == [[WHITE, 0, WHITE]]


@settings(deadline=None)
@given(PICTURES)
def test_whatever_the_picture_it_is_a_light_that_can_be_divided_by(rgb: RGB) -> None:
    background = background_of(rgb)
    assert background.shape == (3,)
    assert ((background >= 1) & (background <= 255)).all()


@settings(deadline=None)
@given(PICTURES)
def test_whatever_the_picture_what_was_darker_stays_darker(rgb: RGB) -> None:
    divided = divide_out(rgb, background_of(rgb))
    assert (divided.dtype, divided.shape) == (rgb.dtype, rgb.shape)
    for channel in range(3):
        order = np.argsort(rgb[..., channel], axis=None, kind="stable")
        assert (np.diff(divided[..., channel].reshape(-1)[order].astype(int)) >= 0).all()
