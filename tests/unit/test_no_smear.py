"""Pictures of no smear: many sorts, none with a cell in it."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.background import WHITE, background_of
from hematovision.locator import WINDOW
from hematovision.training.no_smear import no_smear


@pytest.mark.parametrize("seed", range(40))
def test_it_is_a_window_with_its_background_where_windows_have_it(seed: int) -> None:
    picture = no_smear(np.random.default_rng(seed))
    assert (picture.shape, picture.dtype) == ((WINDOW, WINDOW, 3), np.uint8)
    assert background_of(picture) == pytest.approx(WHITE, abs=3)


def test_the_same_state_gives_the_same_picture_and_another_one_another() -> None:
    one, again, other = (no_smear(np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_some_are_grey_and_some_are_gaudy_some_are_smooth_and_some_are_rough() -> None:
    pictures = [no_smear(np.random.default_rng(seed)).astype(float) for seed in range(60)]
    colour = [np.ptp(each, axis=-1).mean() for each in pictures]
    rough = [np.abs(np.diff(each, axis=0)).mean() for each in pictures]
    assert min(colour) < 5 and max(colour) > 80
    assert min(rough) < 2 and max(rough) > 30
