"""Cells of every size in pictures of every size, each found once and in its place, by a network that sees discs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discs import FITTED, SLIDE, Disc, SeesDiscs, drawn_field
from hematovision.locator import KINDS, LARGEST_EMPTY, MOST_ENLARGED, MOST_LOOKS, WINDOW, Found, locate, look, main_of
from hematovision.peaks import STRIDE, Sought, overlap
from pictures import RGB

PLACES = WINDOW // STRIDE
LIMITS = FITTED.limits
Array = np.ndarray


def empty(height: int, width: int) -> RGB:
    return np.full((height, width, 3), SLIDE, np.uint8)


def places(found: Sequence[Found]) -> list[tuple[str, float, float]]:
    """Kind and centre of each, from left to right."""
    return sorted((each.kind, *each.centre) for each in found)


def expect_each_once(found: Sequence[Found], discs: Sequence[Disc], within: float) -> None:
    """Every disc is found and nothing else, each side of its box within so many pixels."""
    for kind in KINDS:
        boxes = np.array([corners(each) for each in found if each.kind == kind]).reshape(-1, 4)
        drawn = np.array([each.box for each in discs if each.kind == kind]).reshape(-1, 4)
        assert len(boxes) == len(drawn)
        off = np.abs(boxes[:, np.newaxis] - drawn).max(axis=2)
        assert off.min(axis=0, initial=np.inf).max(initial=0) <= within, kind


def corners(each: Found) -> tuple[float, float, float, float]:
    return each.x0, each.y0, each.x1, each.y1


class Says:
    """A network that answers every window alike: these (kind, score, x0, y0, x1, y1) in its pixels."""

    def __init__(self, *cells: tuple[str, float, float, float, float, float]) -> None:
        self.cells = cells

    def __call__(self, windows: Array) -> Sought:
        heat, boxes = np.zeros((1, PLACES, PLACES, 3), np.float32), np.zeros((1, PLACES, PLACES, 4), np.float32)
        for kind, score, *box in self.cells:
            x0, y0, x1, y1 = (end / STRIDE for end in box)
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            column, line = int(x), int(y)
            heat[0, line, column, KINDS.index(kind)] = score
            boxes[0, line, column] = (x - column - 0.5, y - line - 0.5, np.log(x1 - x0), np.log(y1 - y0))
        return Sought(heat, boxes)


class Blind:
    """A network that finds nothing and notes what it is shown."""

    def __init__(self) -> None:
        self.shown: list[Array] = []

    def __call__(self, windows: Array) -> Sought:
        self.shown.append(windows)
        return Sought(np.zeros((1, PLACES, PLACES, 3)), np.zeros((1, PLACES, PLACES, 4)))


# What the network says of one window.


def test_a_peak_is_a_box_around_its_centre() -> None:
    [found] = look(empty(256, 256), Says(("platelet", 0.75, 101.5, 60, 113.5, 80)), LIMITS)
    assert (found.kind, found.score, found.edge) == ("platelet", 0.75, False)
    assert corners(found) == pytest.approx((101.5, 60, 113.5, 80), abs=1e-3)
    assert (found.side, found.centre) == (pytest.approx(20), pytest.approx((107.5, 70)))


def test_each_kind_has_its_own_limit_and_it_is_enough_to_reach_it() -> None:
    cells = [(kind, 0.5, 20 + 60 * k, 40, 60 + 60 * k, 80) for k, kind in enumerate(KINDS)]
    found = look(empty(256, 256), Says(*cells), (0.4, 0.5, 0.6))
    assert {each.kind for each in found} == {"nucleated", "platelet"}


def test_only_the_top_of_a_hill_of_heat_is_a_cell() -> None:
    def hill(windows: Array) -> Sought:
        line, column = np.indices((PLACES, PLACES))
        heat = np.zeros((1, PLACES, PLACES, 3))
        heat[0, ..., 0] = np.exp(-((line - 30) ** 2 + (column - 20) ** 2) / 50)
        boxes = np.zeros((1, PLACES, PLACES, 4))
        boxes[..., 2:] = np.log(2)  # too small to overlap those beside it
        return Sought(heat, boxes)

    [found] = look(empty(256, 256), hill, (0.1, 0.1, 0.1))
    assert found.centre == (20.5 * STRIDE, 30.5 * STRIDE)


def test_what_is_found_is_in_order_of_its_score() -> None:
    cells = [("red", score, 10 + 50 * k, 10, 50 + 50 * k, 50) for k, score in enumerate((0.6, 0.9, 0.5, 0.7))]
    assert [each.score for each in look(empty(256, 256), Says(*cells), LIMITS)] == pytest.approx([0.9, 0.7, 0.6, 0.5])


def test_of_two_boxes_of_a_kind_that_share_half_the_better_stays() -> None:
    cells = ("nucleated", 0.8, 50, 50, 110, 110), ("nucleated", 0.9, 62, 50, 122, 110)  # 48 of 72
    [found] = look(empty(256, 256), Says(*cells), LIMITS)
    assert found.score == pytest.approx(0.9)


def test_cells_that_touch_and_overlap_a_little_both_stay() -> None:
    cells = ("nucleated", 0.8, 50, 50, 110, 110), ("nucleated", 0.9, 90, 50, 150, 110)  # 20 of 100
    assert len(look(empty(256, 256), Says(*cells), LIMITS)) == 2


def test_one_object_under_two_kinds_is_the_better_of_them() -> None:
    cells = ("nucleated", 0.7, 50, 50, 110, 110), ("red", 0.9, 58, 50, 114, 106)  # 52 * 56 of 3,824: 0.76
    [found] = look(empty(256, 256), Says(*cells), LIMITS)
    assert found.kind == "red"


def test_a_platelet_on_a_red_cell_is_seen_beside_it() -> None:
    cells = ("platelet", 0.7, 60, 70, 80, 90), ("red", 0.9, 50, 50, 110, 110)
    assert {each.kind for each in look(empty(256, 256), Says(*cells), LIMITS)} == {"platelet", "red"}


def test_what_lies_halfway_between_two_kinds_limits_of_overlap_is_two_cells() -> None:
    # 50 of 70 wide: 0.71 of one kind is one cell too many, 0.6 of two kinds is a cell on another.
    cells = ("nucleated", 0.7, 50, 50, 110, 110), ("red", 0.9, 65, 50, 125, 110)  # 45 of 75
    assert len(look(empty(256, 256), Says(*cells), LIMITS)) == 2


@pytest.mark.parametrize(
    ("box", "edge"),
    [
        ((60, 60, 100, 100), False),
        ((-10, 60, 30, 100), True),
        ((60, 1.5, 100, 40), True),
        ((2.5, 2.5, 40, 40), False),
        ((170, 60, 199, 100), True),
        ((60, 110, 100, 160), True),
        ((158, 110, 197, 147), False),
    ],
)
def test_a_cell_at_the_pictures_edge_is_cut_to_it_and_flagged(box: tuple[float, ...], edge: bool) -> None:
    [found] = look(empty(150, 200), Says(("nucleated", 0.9, *box)), LIMITS)  # type: ignore[arg-type]
    assert found.edge is edge
    assert corners(found) == pytest.approx(np.clip(box, 0, [200, 150, 200, 150]), abs=1e-3)


def test_what_the_network_sees_beside_the_picture_is_nothing() -> None:
    assert look(empty(100, 120), Says(("red", 0.9, 130, 20, 170, 60), ("red", 0.9, 20, 110, 60, 150)), LIMITS) == []


def test_beside_a_small_picture_there_is_bare_slide() -> None:
    blind = Blind()
    look(np.zeros((100, 120, 3), np.uint8), blind, LIMITS)
    [window] = blind.shown
    assert (window.shape, window.dtype) == ((1, WINDOW, WINDOW, 3), np.float32)
    assert (window[0, :100, :120] == 0).all()
    assert (window[0, 100:] == SLIDE).all() and (window[0, :, 120:] == SLIDE).all()


def test_of_boxes_the_overlap_is_the_common_share() -> None:
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [5, 5, 15, 15], [10, 0, 20, 10], [30, 30, 40, 40], [2, 2, 4, 4]])
    assert overlap(np.array([0.0, 0, 10, 10]), others.astype(float)) == pytest.approx(
        [1, 50 / 150, 25 / 175, 0, 0, 4 / 100]
    )


# Large pictures, window by window.


@pytest.mark.parametrize(("height", "width"), [(256, 256), (257, 700), (1_000, 300), (640, 960), (415, 416)])
def test_windows_lie_within_the_picture_and_leave_nothing_out(height: int, width: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    seen = np.zeros((height, width), bool)
    blind = Blind()
    look(picture, blind, LIMITS)
    corner = {picture[y : y + 8, x : x + 8].tobytes(): (y, x) for y in range(height - 7) for x in range(width - 7)}
    for window in blind.shown:
        y, x = corner[window[0, :8, :8].astype(np.uint8).tobytes()]
        part = picture[y : y + WINDOW, x : x + WINDOW]
        assert part.shape[:2] == (min(height, WINDOW), min(width, WINDOW))
        assert np.array_equal(window[0, : len(part), : part.shape[1]], part)
        seen[y : y + WINDOW, x : x + WINDOW] = True
    assert seen.all()


@pytest.mark.parametrize("shift", range(0, 45, 4))
def test_each_cell_of_a_large_picture_is_found_once_wherever_windows_meet(shift: int) -> None:
    discs = [
        Disc(45 + shift + 90 * column, 50 + shift + 90 * line, 85, KINDS[(line + column) % 3])
        for line, column in product(range(7), range(9))
    ]
    expect_each_once(look(drawn_field(discs, 910, 700), SeesDiscs(), LIMITS), discs, within=1)


def test_small_cells_close_together_are_found_once_wherever_windows_meet() -> None:
    discs = [Disc(9 + 13 * column, 9 + 13 * line, 9, "platelet") for line, column in product(range(50), range(60))]
    expect_each_once(look(drawn_field(discs, 800, 670), SeesDiscs(), LIMITS), discs, within=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_cell_of_which_two_windows_say_different_places_is_not_lost_between_them(seed: int) -> None:
    discs = [
        Disc(30 + 3 * seed + 41 * column, 30 + 5 * seed + 41 * line, 36)
        for line, column in product(range(20), range(20))
    ]
    found = look(drawn_field(discs, 900, 900), SeesDiscs(wrong_by=1.5), LIMITS)
    expect_each_once(found, discs, within=3)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 700), st.integers(1, 700), st.data())
def test_a_cell_anywhere_in_a_picture_of_any_size_is_found_once(height: int, width: int, data: st.DataObject) -> None:
    diameter = data.draw(st.integers(8, 96))
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    found = look(drawn_field([Disc(x, y, diameter)], width, height), SeesDiscs(), LIMITS)
    assert len(found) <= 1  # of what the edge cuts so little may be left that it is nothing
    whole = diameter / 2 < x < width - diameter / 2 and diameter / 2 < y < height - diameter / 2
    if whole:
        expect_each_once(found, [Disc(x, y, diameter)], within=1)
    for each in found:
        assert 0 <= each.x0 < each.x1 <= width and 0 <= each.y0 < each.y1 <= height


# At what scale to look.


def test_a_picture_with_cells_of_a_good_size_is_looked_at_once_and_whole() -> None:
    sees = SeesDiscs()
    discs = [Disc(200, 160, 150), Disc(420, 300, 140), Disc(330, 80, 70, "red")]
    expect_each_once(locate(drawn_field(discs, 640, 480), sees, FITTED), discs, within=4)
    assert sees.windows == 1


def test_small_cells_are_looked_at_closer() -> None:
    sees = SeesDiscs()
    discs = [Disc(100 + 200 * column, 90 + 150 * line, 64) for line, column in product(range(6), range(8))]
    expect_each_once(locate(drawn_field(discs, 1_700, 950), sees, FITTED), discs, within=2)
    assert sees.windows > 4


def test_cells_too_small_to_be_seen_in_the_whole_picture_are_found_when_it_is_looked_at_closer() -> None:
    discs = [Disc(100 + 300 * column, 90 + 250 * line, 60) for line, column in product(range(5), range(6))]
    picture = drawn_field(discs, 2_000, 1_400)
    assert 60 * WINDOW / 2_000 < 20
    expect_each_once(locate(picture, SeesDiscs(least=20), FITTED), discs, within=2)


@pytest.mark.parametrize("diameter", [230, 280])
def test_a_cell_that_fills_the_picture_is_looked_at_from_further_away(diameter: float) -> None:
    sees = SeesDiscs()
    discs = [Disc(152, 148, diameter)]
    expect_each_once(locate(drawn_field(discs, 300, 300), sees, FITTED), discs, within=5)
    assert sees.windows == 2


@pytest.mark.parametrize(("kind", "diameter"), [("red", 45), ("platelet", 22)])
def test_where_there_is_no_nucleated_cell_the_others_tell_the_scale(kind: str, diameter: float) -> None:
    # 45 / 0.5 and 22 / 0.25: nucleated cells beside them would have some 90 pixels, as in the whole picture already.
    sees = SeesDiscs()
    discs = [Disc(60, 70, diameter, kind), Disc(190, 180, diameter, kind)]
    expect_each_once(locate(drawn_field(discs, 256, 250), sees, FITTED), discs, within=1)
    assert sees.windows == 1


def test_one_odd_cell_does_not_decide_the_scale() -> None:
    sees = SeesDiscs()
    discs = [Disc(50 + 95 * column, 60, 85, "nucleated") for column in range(2)]
    discs += [Disc(60 + 60 * column, 190, 43, "red") for column in range(3)] + [Disc(245, 190, 9, "red")]
    locate(drawn_field(discs, 256, 256), sees, FITTED)
    assert sees.windows == 1


def test_the_scale_does_not_depend_on_how_low_one_looks() -> None:
    faint = SeesDiscs(score=0.2)
    discs = [Disc(100 + 200 * column, 100, 64) for column in range(8)]
    picture = drawn_field(discs, 1_700, 200)
    assert locate(picture, faint, FITTED) == []
    assert len(locate(picture, faint, FITTED, least_score=0.1)) == len(discs)


def test_what_is_below_the_limits_does_not_decide_the_scale() -> None:
    looks = 0

    def sure_of_one(windows: Array) -> Sought:
        nonlocal looks
        looks += 1
        specks = [("red", 0.1, 10 + 20 * k, 10, 15 + 20 * k, 15) for k in range(6)]
        return Says(("nucleated", 0.9, 60, 60, 145, 145), *specks)(windows)

    assert len(locate(empty(256, 256), sure_of_one, FITTED, least_score=0.05)) == 7
    assert looks == 1


def test_below_the_limits_one_sees_what_they_leave_out() -> None:
    cells = ("nucleated", 0.9, 60, 60, 140, 140), ("red", 0.1, 170, 170, 210, 210)
    picture = empty(256, 256)
    assert [each.kind for each in locate(picture, Says(*cells), FITTED)] == ["nucleated"]
    assert [each.kind for each in locate(picture, Says(*cells), FITTED, least_score=0.05)] == ["nucleated", "red"]


@pytest.mark.parametrize("cast", [(240, 225, 150), (120, 150, 118), (60, 60, 60)])
def test_under_another_light_the_same_is_found(cast: tuple[int, int, int]) -> None:
    discs = [Disc(200, 160, 150), Disc(420, 300, 140), Disc(330, 80, 70, "red")]
    field = drawn_field(discs, 640, 480)
    tinted = np.rint(field * (np.array(cast) / SLIDE)).astype(np.uint8)
    assert places(locate(tinted, SeesDiscs(), FITTED)) == places(locate(field, SeesDiscs(), FITTED))


@pytest.mark.parametrize(("height", "width"), [(100, 100), (480, 640), (1_500, 2_000), (3_000, 4_000)])
def test_where_nothing_is_found_it_looks_closer_and_stops(height: int, width: int) -> None:
    shown: list[int] = []

    def blind(windows: Array) -> Sought:
        shown.append(1)
        return Sought(np.zeros((1, PLACES, PLACES, 3)), np.zeros((1, PLACES, PLACES, 4)))

    assert locate(empty(height, width), blind, FITTED) == []
    closest = max(WINDOW, min(MOST_ENLARGED * max(height, width), LARGEST_EMPTY))
    sides = [min(WINDOW * 2**look, closest) for look in range(MOST_LOOKS)]
    assert len(shown) <= sum((side // (WINDOW - 96) + 1) ** 2 for side in sides)


def test_a_network_that_never_finds_the_right_size_is_not_asked_for_ever() -> None:
    sizes = iter((200, 20) * 20)
    looks = 0

    def fickle(windows: Array) -> Sought:
        nonlocal looks
        looks += 1
        side = next(sizes)
        return Says(("nucleated", 0.9, 20, 20, 20 + side, 20 + side))(windows)

    locate(empty(200, 256), fickle, FITTED)
    assert looks < 100


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2_000), (2_000, 1), (3, 900), (32, 3_000), (40, 33)])
def test_a_picture_of_any_shape_is_looked_at(height: int, width: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    for each in locate(picture, SeesDiscs(), FITTED):
        assert 0 <= each.x0 < each.x1 <= width and 0 <= each.y0 < each.y1 <= height


def everything(windows: Array) -> Sought:
    """A network that calls the whole window one cell, and more."""
    return Says(("nucleated", 0.9, -2, -2, 257, 257))(windows)


@settings(deadline=None, max_examples=300)
@given(st.integers(32, 2_500), st.integers(32, 2_500))
def test_a_box_never_reaches_out_of_the_picture_by_the_least_bit(height: int, width: int) -> None:
    for each in locate(np.broadcast_to(np.uint8(SLIDE), (height, width, 3)), everything, FITTED):
        assert each.x0 >= 0 and each.y0 >= 0
        assert each.x1 <= width and each.y1 <= height


def test_the_same_picture_gives_the_same_each_time() -> None:
    discs = [Disc(100 + 200 * column, 100, 64) for column in range(8)]
    picture = drawn_field(discs, 1_700, 200)
    assert locate(picture, SeesDiscs(), FITTED) == locate(picture, SeesDiscs(), FITTED)


@pytest.mark.parametrize("diameter", [24, 100, 400])
def test_a_large_picture_takes_no_more_memory_than_a_few_of_its_kind(diameter: int) -> None:
    """Twelve million pixels, be the cells in it so small that it is looked at enlarged."""
    discs = [Disc(300 + 500 * column, 300 + 500 * line, diameter) for line, column in product(range(6), range(8))]
    picture = drawn_field(discs, 4_000, 3_000)
    tracemalloc.start()
    try:
        found = locate(picture, SeesDiscs(least=1), FITTED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == len(discs)
    assert peak < 6 * picture.nbytes


# The main cell.


def at(kind: str, x: float, y: float, score: float = 0.9) -> Found:
    return Found(x - 10, y - 10, x + 10, y + 10, kind, score, edge=False)


@pytest.mark.parametrize(
    ("found", "main"),
    [
        ([at("nucleated", 20, 20), at("nucleated", 45, 60), at("nucleated", 90, 90)], 1),
        ([at("platelet", 50, 50), at("nucleated", 5, 5)], 1),
        ([at("platelet", 30, 50), at("platelet", 55, 50), at("red", 50, 50)], 1),
        ([at("nucleated", 40, 50, 0.5), at("nucleated", 50, 45, 0.4)], 1),
    ],
    ids=["nearest the centre", "nucleated before platelet", "else a platelet", "whatever the score"],
)
def test_the_main_cell_is_the_nucleated_one_nearest_the_centre(found: list[Found], main: int) -> None:
    assert main_of(found, 100, 100) is found[main]


@pytest.mark.parametrize("found", [[], [at("red", 50, 50)]])
def test_without_a_cell_to_classify_there_is_no_main_cell(found: list[Found]) -> None:
    assert main_of(found, 100, 100) is None


def test_the_centre_is_that_of_the_picture_be_it_wide_or_high() -> None:
    found = [at("nucleated", 50, 50), at("nucleated", 150, 40)]
    assert main_of(found, 300, 100) is found[1]
    assert main_of(found, 100, 300) is found[0]
