"""How good a picture of a cell is: blur, stain and light are measured, and limits fitted laboratory by laboratory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hematovision.background import WHITE
from hematovision.images import RGB, resize
from hematovision.quality import Quality, fitted, quality_of, sharpness, stain
from hematovision.training.drawn import drawn_cell

FRAMES = [resize(drawn_cell(seed), 128, 128) for seed in range(4)]


def blurred(frame: RGB, radius: float) -> RGB:
    return np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(radius)))


@pytest.mark.parametrize("frame", FRAMES)
def test_every_blur_takes_sharpness_and_contrast_does_not(frame: RGB) -> None:
    falling = [sharpness(blurred(frame, radius)) for radius in (0, 1, 2, 4)]
    assert all(less < more for more, less in pairwise(falling))
    paler = (WHITE - (WHITE - frame.astype(float)) / 2).astype(np.uint8)
    assert sharpness(paler) == pytest.approx(sharpness(frame), rel=0.1)


def test_stain_is_the_density_of_the_darkest_tenth() -> None:
    frame = np.full((64, 64, 3), WHITE, np.uint8)
    assert stain(frame) == 0
    frame[:8] = 60
    assert stain(frame) == pytest.approx(np.log(WHITE / 60))


def test_light_is_the_slides() -> None:
    assert quality_of(FRAMES[0], np.array([200.0, 220.0, 240.0])).light == 220


def test_limits_are_those_of_the_most_lenient_laboratory() -> None:
    random = np.random.default_rng(0)
    sharp, soft = ([Quality(*row) for row in random.uniform(low, low + 1, (200, 3))] for low in (2.0, 1.0))
    labs, kinds = ["sharp"] * 200 + ["soft"] * 200, (["nucleated"] * 3 + ["platelet"]) * 100
    accepted = fitted(labs, kinds, [*sharp, *soft], rate=0.99)
    soft_nucleated = [each.sharpness for each, kind in zip(soft, kinds[200:], strict=True) if kind == "nucleated"]
    assert accepted.sharp_from == pytest.approx(np.quantile(soft_nucleated, 0.01))
    assert 1 <= accepted.stain_from < 1.1 and 2.9 < accepted.stain_to <= 3
    assert accepted.light_from == pytest.approx(np.quantile([each.light for each in soft], 0.01))
    good = [not accepted.reasons(kind, each) for kind, each in zip(kinds, [*sharp, *soft], strict=True)]
    assert np.mean(good) > 0.97


def test_where_no_platelet_was_seen_one_may_be_as_blurred_as_a_cell() -> None:
    accepted = fitted(["one"] * 2, ["nucleated"] * 2, [Quality(1, 1, 200), Quality(2, 1, 200)], rate=0.99)
    assert accepted.sharp_platelet_from == accepted.sharp_from > 1
