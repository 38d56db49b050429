"""How much of what is dark in a picture lies in cells: in a smear nearly all, in anything else little; and what that
decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discs import FITTED, Disc, SeesDiscs, drawn_field
from hematovision.locator import Found, locate
from hematovision.peaks import Sought
from hematovision.smear import MANY, best_look, cells_of, explained
from pictures import RGB

LEFT, RIGHT = Disc(200, 240, 120), Disc(440, 240, 120)
FIELD = drawn_field([LEFT, RIGHT], 640, 480)


SLAB = (slice(150, 480), slice(0, 420))  # of the field: dark, and no disc


def found(*discs: Disc) -> list[Found]:
    return [Found(*each.box, each.kind, 0.9, edge=False) for each in discs]


def enlarged(rgb: RGB, times: int) -> RGB:
    return rgb.repeat(times, axis=0).repeat(times, axis=1)


def test_where_every_cell_is_found_all_is_explained() -> None:
    assert explained(FIELD, found(LEFT, RIGHT)) == 1


def test_of_two_like_cells_one_explains_half() -> None:
    assert explained(FIELD, found(LEFT)) == pytest.approx(0.5, abs=0.02)


def test_where_nothing_is_found_nothing_is_explained() -> None:
    assert explained(FIELD, []) == 0


def test_where_nothing_is_dark_nothing_is_explained() -> None:
    bare = drawn_field([], 100, 80)
    assert explained(bare, []) == explained(bare, found(Disc(50, 40, 30))) == 0


def test_what_swallows_a_little_of_one_colour_alone_is_dark() -> None:
    pale = drawn_field([LEFT], 640, 480)
    pale[pale == 40] = 195
    assert explained(pale, found(LEFT)) == 1


def test_boxes_on_the_bare_slide_explain_nothing() -> None:
    assert explained(FIELD, found(Disc(320, 60, 60))) == 0


@pytest.mark.parametrize("times", [2, 5])
def test_the_size_of_the_picture_does_not_matter(times: int) -> None:
    larger = Disc(LEFT.x * times, LEFT.y * times, LEFT.diameter * times)
    assert explained(enlarged(FIELD, times), found(larger)) == pytest.approx(explained(FIELD, found(LEFT)), abs=0.02)


@pytest.mark.parametrize("cast", [(240, 225, 150), (120, 150, 118), (60, 60, 60)])
def test_the_light_does_not_matter(cast: tuple[int, int, int]) -> None:
    tinted = np.rint(FIELD * (np.array(cast) / 240)).astype(np.uint8)
    assert explained(tinted, found(LEFT)) == pytest.approx(explained(FIELD, found(LEFT)), abs=0.02)


def test_a_box_that_reaches_to_the_pictures_edge_explains_up_to_there() -> None:
    cut = drawn_field([Disc(0, 0, 120), Disc(640, 480, 120)], 640, 480)
    boxes = [Found(0, 0, 60, 60, "red", 0.9, edge=True), Found(580, 420, 640, 480, "red", 0.9, edge=True)]
    assert explained(cut, boxes) == 1


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_of_a_picture_of_any_shape_it_is_a_share(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (height, width, 3), np.uint8)
    x, y = np.sort(random.uniform(0, width, 2)), np.sort(random.uniform(0, height, 2))
    assert 0 <= explained(picture, [Found(x[0], y[0], x[1], y[1], "red", 0.9, edge=False)]) <= 1
    assert explained(picture, [Found(0, 0, width, height, "red", 0.9, edge=True)]) in (0, 1)


# What is found, and from how far away.


def test_the_cells_of_a_smear_are_found_at_the_first_look() -> None:
    once, sees = SeesDiscs(), SeesDiscs()
    assert cells_of(FIELD, sees, FITTED) == locate(FIELD, once, FITTED) != []
    assert sees.windows == once.windows


def test_little_among_much_that_is_no_cell_is_nothing() -> None:
    picture = drawn_field([Disc(560, 60, 70)], 640, 480)
    assert len(cells_of(picture, SeesDiscs(), FITTED)) == 1
    picture[SLAB] = 0
    assert cells_of(picture, SeesDiscs(), FITTED) == []
    assert len(cells_of(picture, SeesDiscs(), replace(FITTED, explained_from=0.0))) == 1


def test_a_share_that_is_just_enough_is_enough() -> None:
    picture = drawn_field([LEFT], 640, 480)
    picture[SLAB][:, 300:] = 0
    look = best_look(picture, SeesDiscs(), FITTED)
    assert 0.2 < look.share < 0.7
    assert cells_of(picture, SeesDiscs(), replace(FITTED, explained_from=look.share)) == look.found != []
    assert cells_of(picture, SeesDiscs(), replace(FITTED, explained_from=look.share + 0.001)) == []


@pytest.mark.parametrize(
    ("kind", "others", "asked"),
    [("nucleated", MANY - 1, 2.0), ("nucleated", MANY - 2, 1.0), ("platelet", MANY, 1.0), ("red", MANY, 1.0)],
)
def test_in_a_field_with_a_nucleated_cell_half_of_the_share_is_enough(kind: str, others: int, asked: float) -> None:
    sides = {"nucleated": 60, "platelet": 20, "red": 40}
    row = [Disc(40 + 60 * column, 420, 40, "red") for column in range(others)]
    picture = drawn_field([Disc(560, 60, sides[kind], kind), *row], 640, 480)
    picture[100:300, :300] = 0
    look = best_look(picture, SeesDiscs(), replace(FITTED, explained_from=0.01))
    assert len(look.found) == others + 1
    assert 0.1 < look.share < 0.7
    assert cells_of(picture, SeesDiscs(), replace(FITTED, explained_from=asked * look.share)) == look.found
    assert cells_of(picture, SeesDiscs(), replace(FITTED, explained_from=asked * (look.share + 0.001))) == []


def test_a_cell_that_fills_the_picture_is_found_from_further_away() -> None:
    large = drawn_field([Disc(150, 150, 290)], 300, 300)
    blind_to_large = SeesDiscs(most=180)
    [cell] = cells_of(large, blind_to_large, FITTED)
    assert cell.centre == pytest.approx((150, 150), abs=5)
    assert cell.side == pytest.approx(290, abs=10)


def test_where_there_are_only_red_cells_it_is_looked_at_again_and_what_explains_more_is_kept() -> None:
    once, sees = SeesDiscs(), SeesDiscs()
    field = drawn_field([Disc(200, 240, 70, "red"), Disc(440, 240, 70, "red")], 640, 480)
    assert cells_of(field, sees, FITTED) == locate(field, once, FITTED) != []
    assert sees.windows > once.windows


def test_a_cell_to_classify_counts_more_than_red_ones_that_explain_more() -> None:
    """Seen near, a large nucleus is only what looks red in it."""

    def sees(windows: np.ndarray) -> Sought:
        near = (windows[0, 200:] < 235).any()
        return SeesDiscs(most=200)(windows if not near else windows[..., [0, 2, 1]])

    whole = drawn_field([Disc(128, 128, 180)], 256, 256)
    assert [each.kind for each in cells_of(whole, sees, FITTED)] == ["nucleated"]


def test_of_two_looks_that_explain_too_little_there_is_none() -> None:
    bare = drawn_field([], 300, 200)
    bare[:100] = 30
    look = best_look(bare, SeesDiscs(), FITTED)
    assert (look.found, look.share, look.smear) == ([], 0, False)


def test_below_the_limits_cells_are_given_on_request_and_explain_nothing() -> None:
    strict = replace(FITTED, limits=(1.0, 1.0, 0.5), explained_from=0.0)
    field = drawn_field([LEFT, Disc(440, 240, 70, "red")], 640, 480)
    look = best_look(field, SeesDiscs(), strict, least_score=0.05)
    assert [each.kind for each in cells_of(field, SeesDiscs(), strict)] == ["red"]
    assert sorted(each.kind for each in look.found) == ["nucleated", "red"]
    assert look.share == best_look(field, SeesDiscs(), strict).share == explained(field, strict.sure(look.found)) < 0.5
