"""The box of a platelet in the middle of its crop."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.background import WHITE
from hematovision.images import RGB
from hematovision.training.spot import spot

STAIN, HAEMOGLOBIN = (120, 90, 150), (215, 150, 160)


def crop(*discs: tuple[float, float, float, tuple[int, int, int]], width: int = 360, height: int = 363) -> RGB:
    """A bare slide with discs: x, y, diameter, colour."""
    rgb = np.full((height, width, 3), WHITE, np.uint8)
    y, x = np.mgrid[:height, :width] + 0.5
    for left, top, diameter, colour in discs:
        rgb[np.hypot(x - left, y - top) < diameter / 2] = colour
    return rgb


@pytest.mark.parametrize("diameter", [30, 56, 110])
def test_it_is_as_large_as_the_platelet_also_as_a_giant_one(diameter: float) -> None:
    box = spot(crop((180, 181, diameter, STAIN), (60, 60, 80, HAEMOGLOBIN), (300, 290, 80, HAEMOGLOBIN)))
    half = diameter / 2
    assert box == pytest.approx([180 - half, 181 - half, 180 + half, 181 + half], abs=2)


def test_it_ends_where_a_red_cell_begins() -> None:
    box = spot(crop((225, 181, 90, HAEMOGLOBIN), (180, 181, 50, STAIN)))
    assert box == pytest.approx([155, 156, 205, 206], abs=2)


def test_another_platelet_beside_it_is_not_taken_in() -> None:
    box = spot(crop((180, 181, 50, STAIN), (260, 181, 50, STAIN)))
    assert box == pytest.approx([155, 156, 205, 206], abs=2)


def test_a_bare_slide_has_none() -> None:
    assert spot(crop()) is None


def test_nor_has_a_crop_whose_middle_is_bare() -> None:
    assert spot(crop((60, 60, 80, STAIN))) is None
