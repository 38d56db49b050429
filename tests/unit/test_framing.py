"""The standard picture of a cell: the cell in the middle, as large as ever, and 240 where the picture ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from discs import SWALLOWED, Disc, drawn_field
from hematovision.background import WHITE, background_of, divide_out
from hematovision.framing import frame
from hematovision.images import resize
from pictures import RGB, drawn_cell, pixels

SIZE = 96
CONTEXT = 1.4
CELL = pixels(drawn_cell(width=240, height=240))
BACKGROUND = background_of(CELL)
NUCLEUS = (120.0, 120.0)
SIDE = 150.0


def framed(rgb: RGB, centre: tuple[float, float], side: float, size: int = SIZE) -> RGB:
    """The standard picture, the background being that of the picture itself."""
    return frame(rgb, centre, side, size, background_of(rgb))


def difference(one: RGB, other: RGB) -> float:
    """The mean over pixels and channels, in levels."""
    return float(np.abs(one.astype(int) - other).mean())


def dark_box(rgb: RGB) -> tuple[int, int, int, int]:
    """What the green light does not pass: x0, y0, x1, y1."""
    rows, columns = np.nonzero(rgb[..., 1] < (WHITE + SWALLOWED) / 2)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize("diameter", [30, 61, 140, 333])
@pytest.mark.parametrize("centre", [(400.0, 300.0), (377.3, 251.8)])
def test_a_cell_of_any_size_is_in_the_middle_and_as_large(diameter: float, centre: tuple[float, float]) -> None:
    field = drawn_field([Disc(*centre, diameter)], 800, 600)
    margin = (SIZE - SIZE / CONTEXT) / 2
    expected = (margin, margin, SIZE - margin, SIZE - margin)
    assert dark_box(framed(field, centre, CONTEXT * diameter)) == pytest.approx(expected, abs=2)


def test_at_its_own_scale_it_is_the_very_pixels_with_the_slide_made_white() -> None:
    cut = CELL[40:136, 60:156]
    assert np.array_equal(frame(CELL, (108, 88), SIZE, SIZE, BACKGROUND), divide_out(cut, BACKGROUND))


def test_it_is_resized_as_everything_else_is() -> None:
    reference = divide_out(resize(CELL[20:220, 20:220], SIZE, SIZE), BACKGROUND)
    assert np.array_equal(frame(CELL, (120, 120), 200, SIZE, BACKGROUND), reference)


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_at_another_scale_the_picture_is_nearly_the_same(factor: float) -> None:
    side = round(240 * factor)
    scaled = np.asarray(Image.fromarray(CELL).resize((side, side), Image.Resampling.BICUBIC))
    centre = (NUCLEUS[0] * factor, NUCLEUS[1] * factor)
    assert difference(framed(CELL, NUCLEUS, SIDE), framed(scaled, centre, SIDE * factor)) < 1.5


@pytest.mark.parametrize("cast", [(255, 235, 160), (235, 210, 225), (170, 215, 175), (100, 100, 100)])
def test_under_another_light_the_picture_is_nearly_the_same(cast: tuple[int, int, int]) -> None:
    tinted = np.rint(CELL * (np.array(cast) / 255)).astype(np.uint8)
    assert difference(framed(CELL, NUCLEUS, SIDE), framed(tinted, NUCLEUS, SIDE)) < 1


def test_a_turned_picture_gives_the_turned_picture() -> None:
    centre, turned = (100.0, 130.0), (130.0, 140.0)  # x, y -> y, 240 - x
    there, here = framed(np.rot90(CELL), turned, SIDE), np.rot90(framed(CELL, centre, SIDE))
    assert np.abs(there.astype(int) - here).max() <= 2


def test_a_mirrored_picture_gives_the_mirrored_picture() -> None:
    there, here = framed(CELL[:, ::-1], (140, 130), SIDE), framed(CELL, (100, 130), SIDE)[:, ::-1]
    assert np.abs(there.astype(int) - here).max() <= 2


def test_a_part_of_the_picture_that_holds_the_square_gives_the_same() -> None:
    part = CELL[11:, 17:231]
    assert np.array_equal(
        frame(CELL, (120.3, 121.9), 170.5, SIZE, BACKGROUND), frame(part, (103.3, 110.9), 170.5, SIZE, BACKGROUND)
    )


@pytest.mark.parametrize("centre", [(0, 0), (240, 0), (0, 240), (240, 240)])
def test_beyond_a_corner_of_the_picture_it_is_white(centre: tuple[int, int]) -> None:
    black = np.zeros((240, 240, 3), np.uint8)
    picture = frame(black, centre, 100, SIZE, np.full(3, 200.0))
    half = SIZE // 2
    within = np.zeros((SIZE, SIZE), bool)
    within[slice(half) if centre[1] else slice(half, None), slice(half) if centre[0] else slice(half, None)] = True
    assert (picture[within] == 0).all()
    assert (picture[~within] == WHITE).all()


@pytest.mark.parametrize("centre", [(5.0, 120.0), (236.5, 7.25), (120.0, 239.0)])
def test_at_the_border_the_cell_lies_as_if_more_slide_were_there(centre: tuple[float, float]) -> None:
    wider = np.pad(divide_out(CELL, BACKGROUND), ((200, 200), (200, 200), (0, 0)), constant_values=WHITE)
    there = frame(wider, (centre[0] + 200, centre[1] + 200), SIDE, SIZE, np.full(3, float(WHITE)))
    assert difference(frame(CELL, centre, SIDE, SIZE, BACKGROUND), there) < 2


def test_where_there_is_no_picture_at_all_it_is_white() -> None:
    assert (framed(CELL, (-500, 120), SIDE) == WHITE).all()


def test_a_square_larger_than_the_picture_holds_it_whole() -> None:
    black = np.zeros((50, 100, 3), np.uint8)
    picture = frame(black, (50, 25), 200, SIZE, np.full(3, 200.0))
    assert dark_box(picture) == (SIZE // 4, SIZE * 3 // 8, SIZE * 3 // 4, SIZE * 5 // 8)


@settings(deadline=None)
@given(
    st.integers(1, 300), st.integers(1, 300), st.floats(-400, 700), st.floats(-400, 700),
    st.floats(0.5, 3_000), st.sampled_from([32, 128]),
)  # fmt: skip
def test_wherever_the_square_lies_there_is_a_picture(
    height: int, width: int, x: float, y: float, side: float, size: int
) -> None:
    black = np.zeros((height, width, 3), np.uint8)
    picture = frame(black, (x, y), side, size, np.full(3, 200.0))
    assert (picture.dtype, picture.shape) == (np.uint8, (size, size, 3))
    assert np.isin(picture, (0, WHITE)).all()
    # So much of it is black as the square lies over the picture, to half a place on each side.
    place = side / size
    sides = [max(0.0, min(c + side / 2, end) - max(c - side / 2, 0.0)) for c, end in ((x, width), (y, height))]
    covered = np.array([(picture[..., 0] == 0).any(axis=axis).sum() * place for axis in (0, 1)])
    if (covered > 0).all():
        assert covered == pytest.approx(sides, abs=1.01 * place)
    else:
        assert min(sides) <= 1.01 * place
