"""A copy is found however it was turned, mirrored, saved or lit; another cell is not. All cells here are drawn."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from hematovision.training.duplicates import SIDE, Grey, Pair, find_pairs, grey
from pictures import drawn_cell, encoded, pixels

CELLS = [drawn_cell(seed, 240, 240) for seed in range(12)]


def found(*pictures: Image.Image, shifted: bool = True) -> list[Pair]:
    """The pairs among a dozen cells, with the number 0 first, and these pictures, numbered on from 12."""
    greys = np.stack([grey(pixels(picture)) for picture in (*CELLS, *pictures)])
    return find_pairs(greys, ["drawn"] * len(greys), lambda *step: None, shifted)


def turned(quarters: int) -> Image.Image:
    return CELLS[0].rotate(90 * quarters)


def saved_again(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, "JPEG", quality=quality)))


def test_of_a_dozen_different_cells_none_is_a_copy_of_another() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(lambda: turned(0), id="the same"),
        *(pytest.param(lambda k=k: turned(k), id=f"turned by {90 * k}") for k in (1, 2, 3)),
        *(pytest.param(lambda k=k: ImageOps.mirror(turned(k)), id=f"mirrored, turned by {90 * k}") for k in range(4)),
        pytest.param(lambda: saved_again(CELLS[0], 40), id="JPEG at 40"),
        pytest.param(lambda: ImageEnhance.Brightness(CELLS[0]).enhance(1.1), id="brighter"),
        pytest.param(lambda: ImageEnhance.Color(CELLS[0]).enhance(0.3), id="paler"),
        pytest.param(lambda: CELLS[0].resize((120, 120)), id="half as large"),
        pytest.param(lambda: saved_again(ImageOps.mirror(turned(1)).resize((150, 150)), 60), id="all at once"),
        pytest.param(lambda: CELLS[0].crop((4, 0, 240, 236)), id="an edge cut off"),
    ],
)
@pytest.mark.parametrize("shifted", [True, False])
def test_a_copy_is_found(copy: Callable[[], Image.Image], shifted: bool) -> None:
    pairs = found(copy(), shifted=shifted)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 12)]
    assert pairs[0].copy
    assert pairs[0].score > 0.8


def test_how_the_second_was_turned_is_told() -> None:
    for quarters in range(4):
        plain, mirrored = found(turned(quarters), ImageOps.mirror(CELLS[0]).rotate(90 * quarters))[:2]
        assert plain.turned == -quarters % 4
        assert mirrored.turned >= 4


def cuts() -> tuple[Image.Image, Image.Image]:
    """Two cuts of one field, the second 50 of 240 pixels further right and 20 further up."""
    field = Image.new("RGB", (480, 480))
    for k, (x, y) in enumerate([(0, 0), (240, 0), (0, 240), (240, 240)]):
        field.paste(drawn_cell(40 + k, 240, 240), (x, y))
    return field.crop((100, 120, 340, 360)), field.crop((150, 100, 390, 340))


def test_two_cuts_of_one_field_are_an_overlap_and_no_copy() -> None:
    (pair,) = found(*cuts())
    assert (pair.first, pair.second, pair.copy) == (12, 13, False)
    assert pair.shift == pytest.approx((-20 / 240, 50 / 240), abs=0.04)


def test_overlaps_are_looked_for_within_a_part_and_when_asked_for_only() -> None:
    greys = np.stack([grey(pixels(picture)) for picture in cuts()])
    assert len(find_pairs(greys, ["one", "one"], lambda *step: None)) == 1
    assert find_pairs(greys, ["one", "other"], lambda *step: None) == []
    assert find_pairs(greys, ["one", "one"], lambda *step: None, shifted=False) == []


@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_of_nothing_are_not_paired(level: int) -> None:
    nothing = Image.new("RGB", (100, 100), (level, level, level))
    assert found(nothing, nothing.resize((120, 90))) == []


def test_nothing_and_one_picture_have_no_pairs() -> None:
    for count in (0, 1):
        assert find_pairs(np.zeros((count, SIDE, SIDE), np.uint8), [""] * count, lambda *step: None) == []


def test_how_far_it_is_is_told_to_the_end() -> None:
    steps: list[tuple[str, int, int]] = []
    greys = np.stack([grey(pixels(cell)) for cell in CELLS])
    find_pairs(greys, ["left", "right"] * 6, lambda *step: steps.append(step))
    total = 8 + 2 * (13 * 13 - 1)
    assert [(done, of) for _, done, of in steps] == [(k, total) for k in range(1, total + 1)]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (292, 293), (640, 480), (80, 65)])
def test_a_grey_is_the_mean_over_each_piece(width: int, height: int) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    small: Grey = grey(np.repeat(ramp[..., np.newaxis], 3, axis=2).astype(np.uint8))
    assert (small.shape, small.dtype) == ((SIDE, SIDE), np.uint8)
    edges = np.linspace(0, 255, SIDE + 1)
    assert np.abs(small - (edges[1:] + edges[:-1]) / 2).max() < 3.5


def test_the_grey_of_a_turned_picture_is_the_turned_grey() -> None:
    picture = drawn_cell(3, 293, 292)
    there = grey(pixels(picture)).astype(int)
    for k in range(1, 4):
        again = grey(pixels(picture.rotate(90 * k, expand=True)))
        assert np.abs(np.rot90(there, k) - again).max() <= 1
