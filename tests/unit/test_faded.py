"""Cells made paler: the nucleus stays, the cytoplasm nears the slide, and what is beside the cell is not touched."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.images import RGB
from hematovision.training.augment import Augmentation, restained
from hematovision.training.drawn import Drawn, draw
from hematovision.training.faded import faded

BOX = np.array([[46.0, 46.0, 114.0, 114.0]])


def cell(seed: int) -> RGB:
    """One cell of three lobes in the middle, a red cell in a corner."""
    return draw(160, 160, [Drawn("nucleated", 80, 80, 34, 3), Drawn("red", 20, 20, 14)], seed)


def test_a_faded_cell_keeps_its_nucleus_and_loses_its_cytoplasm() -> None:
    before, fallen = cell(0), []
    level = before.mean(axis=2)
    inside = np.hypot(*(np.indices(level.shape) - 80)) < 30
    nucleus, cytoplasm = inside & (level < 110), inside & (level > 160) & (level < 225)
    assert nucleus.sum() > 300 and cytoplasm.sum() > 300
    for seed in range(30):
        after = faded(before, BOX, np.random.default_rng(seed))
        outside = np.ones(level.shape, bool)
        outside[46:114, 46:114] = False
        assert np.array_equal(after[outside], before[outside])
        fallen.append(after[cytoplasm].mean() - before[cytoplasm].mean())
        darkest = np.sort(after[inside].mean(axis=1))[: nucleus.sum() // 3]
        assert abs(darkest.mean() - np.sort(before[inside].mean(axis=1))[: nucleus.sum() // 3].mean()) < 25
    assert min(fallen) > 0 and np.median(fallen) > 8


def test_without_a_cell_nothing_is_faded() -> None:
    assert np.array_equal(faded(cell(1), np.empty((0, 4)), np.random.default_rng(0)), cell(1))


@pytest.mark.parametrize(("exponent", "sign"), [(0.6, -1), (1.0, 0), (1.7, 1)])
def test_another_curve_changes_what_is_pale_against_a_nucleus(exponent: float, sign: int) -> None:
    """Optical density 0.9 and the background stay; what lies between gets darker or paler."""
    how = Augmentation(strength=(1, 1), curve=(exponent, exponent), channel=0, mixing=0, brightness=(1, 1))
    levels = np.array([[[240] * 3, [190] * 3, [round(255 * np.exp(-0.9 - np.log(255 / 240)))] * 3]], np.uint8)
    slide, pale, nucleus = restained(levels, how, np.random.default_rng(0))[0, :, 0].astype(int)
    assert abs(slide - 240) <= 1 and abs(nucleus - int(levels[0, 2, 0])) <= 2
    assert np.sign(pale - 190) == sign or (sign == 0 and abs(pale - 190) <= 1)
