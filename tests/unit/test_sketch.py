"""A cell is known again by its sketch: paler, larger or saved again; another cell is not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from hematovision.images import RGB, resize
from hematovision.sketch import bits, sketch
from hematovision.training.drawn import drawn_cell


def unlike(one: RGB, other: RGB) -> int:
    first, second = bits([sketch(one), sketch(other)])
    return int(np.bitwise_count(first ^ second))


def saved_again(rgb: RGB) -> RGB:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file))


def test_it_is_sixteen_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{16}", sketch(drawn_cell(0)))
    assert bits([]).shape == (0,)


@pytest.mark.parametrize(
    "again",
    [lambda rgb: (0.9 * rgb).astype(np.uint8), lambda rgb: resize(rgb, 150, 150), saved_again],
    ids=["darker", "smaller", "saved again"],
)
@pytest.mark.parametrize("seed", range(4))
def test_one_cell_shown_again_is_known(seed: int, again: Callable[[RGB], RGB]) -> None:
    cell = drawn_cell(seed)
    assert unlike(cell, again(cell)) <= 4


def test_another_cell_is_not() -> None:
    cells = [drawn_cell(seed) for seed in range(6)]
    assert all(unlike(cells[i], cells[j]) > 14 for i in range(6) for j in range(i))


def test_what_lies_around_the_cell_is_not_looked_at() -> None:
    cell = drawn_cell(0, 160)
    within = cell[20:140, 20:140]
    assert sketch(cell, context=1.6) == sketch(within, context=1.2) == sketch(within) != sketch(cell)


def test_one_sheet_of_a_single_colour_has_one_too() -> None:
    assert sketch(np.full((40, 40, 3), 240, np.uint8)) == sketch(np.full((128, 128, 3), 240, np.uint8))
