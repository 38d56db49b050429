"""Windows to learn from: whatever is done to them, boxes stay on their cells; and what should be answered of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from discs import CHANNEL, SIZES, SLIDE, SWALLOWED, Disc, drawn_field
from hematovision.locator import KINDS, WINDOW, look
from hematovision.peaks import STRIDE, Sought
from hematovision.training.augment import Augmentation
from hematovision.training.targets import IMPORTANCE, PLACES, SMALLEST, wanted
from hematovision.training.windows import NUCLEATED, PLATELET, RED, SHARES, Scene, Variation, shrunk, size_of, window

# Colours as they are: what a kind swallows tells where its cells are.
UNSTAINED = Augmentation(
    strength=(1, 1), curve=(1, 1), channel=0, mixing=0, brightness=(1, 1), blur=0.5, jpeg_quality=(90, 95)
)
PLAIN = Variation(stain=UNSTAINED, shade=0, faded=0, no_smear=0, poor=0)
NEVER_LAID = replace(PLAIN, side_by_side=0, overlaid=0)
SEEDS = range(60)


def scene(discs: Sequence[Disc], width: int = 640, height: int = 480, complete: bool = True) -> Scene:
    boxes = np.array([each.box for each in discs], float).reshape(-1, 4).clip(0, [width, height, width, height])
    kinds = np.array([KINDS.index(each.kind) for each in discs], np.int64)
    rgb = drawn_field(discs, width, height)
    return Scene(rgb, boxes, kinds, size_of(boxes, kinds, rgb.shape), complete=complete, exact=complete)


def smear(seed: int = 0, complete: bool = True) -> Scene:
    """Cells of all kinds, none touching another, of the sizes that they have in a smear."""
    random = np.random.default_rng(seed)
    kinds = random.choice(KINDS, 20, p=(0.2, 0.2, 0.6))
    discs = [
        Disc(70 + 125 * (k % 5) + random.uniform(-4, 4), 65 + 115 * (k // 5), 100 * SIZES[kind], kind)
        for k, kind in enumerate(kinds)
    ]
    return scene([Disc(320, 240, 100), *(each for k, each in enumerate(discs) if k not in (7, 12))], complete=complete)


SMEARS = [smear(seed) for seed in range(4)]


def drawn(seed: int, how: Variation = PLAIN, of: Scene = SMEARS[0]) -> Scene:
    return window(of, SMEARS, SMEARS, how, np.random.default_rng(seed))


def dark(rgb: np.ndarray, kind: int) -> np.ndarray:
    """(H, W) where cells of that kind are."""
    return np.asarray(rgb[..., CHANNEL[KINDS[kind]]] < (SLIDE + SWALLOWED) / 2)


def alone(cut: Scene) -> Iterator[tuple[np.ndarray, int]]:
    """Boxes that touch no other of their kind, with the kind."""
    for k, (box, kind) in enumerate(zip(cut.boxes, cut.kinds, strict=True)):
        others = np.delete(cut.boxes, k, axis=0)[np.delete(cut.kinds, k) == kind]
        apart = (others[:, :2] > box[2:] + 4) | (others[:, 2:] < box[:2] - 4)
        if apart.any(axis=1).all():
            yield box, int(kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_box_is_in_the_window_and_on_a_cell_of_its_kind(seed: int) -> None:
    cut = drawn(seed)
    assert (cut.rgb.shape, cut.rgb.dtype) == ((WINDOW, WINDOW, 3), np.uint8)
    assert ((cut.boxes >= 0) & (cut.boxes <= WINDOW)).all()
    assert len(cut.boxes) == len(cut.kinds)
    for box, kind in zip(cut.boxes, cut.kinds, strict=True):
        x, y = (box[:2] + box[2:]) / 2
        assert dark(cut.rgb, kind)[int(y), int(x)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_box_fits_its_cell(seed: int) -> None:
    cut = drawn(seed)
    for box, kind in alone(cut):
        x0, y0 = np.maximum(np.floor(box[:2] - 3), 0).astype(int)
        x1, y1 = np.ceil(box[2:] + 3).astype(int)
        rows, columns = np.nonzero(dark(cut.rgb, kind)[y0:y1, x0:x1])
        cell = np.array([columns.min() + x0, rows.min() + y0, columns.max() + 1 + x0, rows.max() + 1 + y0])
        # A disc of which only a slice is in the window is narrower there than its box, cut to the window, could be.
        within = (box > 1) & (box < WINDOW - 1)
        if within.all():
            assert cell == pytest.approx(box, abs=2)


def unboxed(cut: Scene, kind: int) -> np.ndarray:
    """(256, 256) where a cell of that kind is and no box of it."""
    left = dark(cut.rgb, kind)
    for x0, y0, x1, y1 in cut.boxes[cut.kinds == kind]:
        left[max(0, int(y0) - 2) : int(y1) + 3, max(0, int(x0) - 2) : int(x1) + 3] = False
    return left


@pytest.mark.parametrize("seed", SEEDS)
def test_no_cell_is_without_a_box_save_slices_at_the_windows_edge(seed: int) -> None:
    """What is cut so that less than a quarter is left has none."""
    cut = drawn(seed, replace(PLAIN, side_by_side=0))
    assert cut.complete
    for kind in range(len(KINDS)):
        assert not unboxed(cut, kind)[70:-70, 70:-70].any()


def test_it_is_turned_and_mirrored_in_all_eight_ways() -> None:
    corner = scene([Disc(30, 90, 60)], WINDOW, WINDOW)
    fixed = replace(NEVER_LAID, sizes=(60, 60.0001))
    places = set()
    for seed in range(80):
        [box] = drawn(seed, fixed, corner).boxes
        places.add(tuple(np.round((box[:2] + box[2:]) / 2 / 10).astype(int).tolist()))
    near, far = (3, 23), (9, 17)
    assert places == set(product(near, far)) | set(product(far, near))


def test_cells_come_in_every_size_within_the_range() -> None:
    sizes = []
    for seed in range(150):
        cut = drawn(seed, NEVER_LAID)
        whole = ((cut.boxes > 1) & (cut.boxes < WINDOW - 1)).all(axis=1) & (cut.kinds == NUCLEATED)
        sizes += (cut.boxes[whole, 2] - cut.boxes[whole, 0]).tolist()
    low, high = PLAIN.sizes
    assert min(sizes) == pytest.approx(low, rel=0.4) and max(sizes) == pytest.approx(high, rel=0.4)
    assert min(sizes) >= 0.95 * low and max(sizes) <= 1.05 * high
    assert low * 1.4 < np.median(sizes) < high / 1.4


def test_a_cell_that_is_no_red_one_is_in_most_windows() -> None:
    discs = [Disc(100 + 130 * column, 100 + 130 * line, 50, "red") for line in range(9) for column in range(12)]
    discs[40] = Disc(discs[40].x, discs[40].y, 100)
    field = scene(discs, 1_700, 1_300)
    cuts = [drawn(seed, replace(NEVER_LAID, sizes=(100, 100.01)), field) for seed in range(100)]
    assert np.mean([(cut.kinds == NUCLEATED).any() for cut in cuts]) > 0.55


def test_side_by_side_cells_are_small_and_many() -> None:
    cuts = [drawn(seed, replace(PLAIN, side_by_side=1)) for seed in range(20)]
    assert np.median([len(cut.boxes) for cut in cuts]) > 15
    for cut in cuts:
        sides = (cut.boxes[:, 2:] - cut.boxes[:, :2]).max(axis=1)
        assert sides[cut.kinds == NUCLEATED].max(initial=0) <= 1.2 * PLAIN.small_sizes[1]
        assert cut.complete and cut.exact


def test_objects_of_others_are_laid_over_and_boxed() -> None:
    bare = scene([], 300, 300)
    laid = [drawn(seed, replace(PLAIN, side_by_side=0, overlaid=1), bare) for seed in range(30)]
    assert all(len(each.boxes) for each in laid)
    assert {int(kind) for each in laid for kind in each.kinds} == {NUCLEATED, PLATELET}


def test_whatever_is_laid_over_has_a_box() -> None:
    """Where it has none it would be learned as background."""
    small = replace(PLAIN, side_by_side=0, overlaid=1, sizes=(55, 56), stain=replace(UNSTAINED, blur=0))
    one = scene([Disc(150, 150, 100)], 300, 300)
    for seed in range(150):
        cut = drawn(seed, small, one)
        assert not unboxed(cut, PLATELET).any(), seed


def test_where_there_is_no_smear_there_is_no_cell_and_all_counts() -> None:
    for seed in range(10):
        cut = drawn(seed, replace(PLAIN, no_smear=1))
        assert cut.rgb.shape == (WINDOW, WINDOW, 3) and len(cut.boxes) == 0
        heat, counts, _, weight = parts(wanted(cut))
        assert (heat == 0).all() and (counts == 1).all() and (weight == 0).all()


def test_the_same_state_gives_the_same_window_and_another_one_another() -> None:
    how = Variation()
    one, again, other = drawn(5, how), drawn(5, how), drawn(6, how)
    assert np.array_equal(one.rgb, again.rgb) and np.array_equal(one.boxes, again.boxes)
    assert not np.array_equal(one.rgb, other.rgb)


def test_through_poor_optics_the_same_cells_are_seen_otherwise() -> None:
    for seed in range(10):
        sharp, poor = drawn(seed), drawn(seed, replace(PLAIN, poor=1))
        assert np.array_equal(sharp.boxes, poor.boxes) and np.array_equal(sharp.kinds, poor.kinds)
        assert not np.array_equal(sharp.rgb, poor.rgb)


def test_the_scene_stays_as_it_was() -> None:
    before = SMEARS[0].rgb.copy(), SMEARS[0].boxes.copy()
    for seed in range(20):
        drawn(seed, Variation())
    assert np.array_equal(SMEARS[0].rgb, before[0]) and np.array_equal(SMEARS[0].boxes, before[1])


def test_over_a_field_whose_cells_are_not_all_boxed_nothing_is_laid() -> None:
    bare = scene([Disc(150, 150, 100)], 300, 300, complete=False)
    for seed in range(30):
        cut = drawn(seed, replace(PLAIN, side_by_side=0, overlaid=1), bare)
        assert len(cut.boxes) <= 1
        assert not cut.complete and not cut.exact


@pytest.mark.parametrize("shape", [(8, 8), (20, 900), (900, 20), (256, 256)])
def test_a_scene_of_any_shape_and_without_a_cell_gives_a_window(shape: tuple[int, int]) -> None:
    bare = scene([], shape[1], shape[0])
    for seed in range(10):
        assert drawn(seed, NEVER_LAID, bare).rgb.shape == (WINDOW, WINDOW, 3)


def test_shrunk_its_cells_are_of_that_size_and_in_their_places() -> None:
    small = shrunk(SMEARS[0], 50)
    assert small.rgb.shape == (240, 320, 3)
    assert small.boxes == pytest.approx(SMEARS[0].boxes / 2, abs=1e-6)
    assert shrunk(small, 80).rgb.shape == small.rgb.shape  # never enlarged


def test_cells_are_as_large_as_the_scene_says_also_where_no_nucleated_one_is_in_it() -> None:
    """A giant platelet stays one: its size is not taken for what tells the scale."""
    giant = replace(scene([Disc(150, 150, 80, "platelet")], 300, 300, complete=False), size=100.0)
    cut = drawn(0, replace(NEVER_LAID, sizes=(60, 60.01), stain=replace(UNSTAINED, blur=0)), giant)
    assert cut.size == pytest.approx(60, rel=1e-3)
    assert (cut.boxes[0, 2:] - cut.boxes[0, :2]).max() == pytest.approx(48, abs=1)


def test_a_scene_s_size_is_told_by_its_nucleated_cells_else_by_the_others() -> None:
    boxes = np.array([[0, 0, 100, 90], [0, 0, 20, 30], [0, 0, 50, 40]], float)
    assert size_of(boxes, np.array([NUCLEATED, PLATELET, RED]), (300, 400)) == 100
    assert size_of(boxes[1:], np.array([PLATELET, RED]), (300, 400)) == pytest.approx(50 / SHARES[RED])
    assert size_of(boxes[1:2], np.array([PLATELET]), (300, 400)) == pytest.approx(30 / SHARES[PLATELET])
    assert size_of(np.empty((0, 4)), np.empty(0, np.int64), (300, 400)) == 120


# What should be answered.


def target(*boxes: tuple[float, float, float, float], kinds: Sequence[int] = (), complete: bool = True) -> np.ndarray:
    """Of a window with these boxes, nucleated ones unless said."""
    bare = np.full((WINDOW, WINDOW, 3), SLIDE, np.uint8)
    these = np.array(kinds or [NUCLEATED] * len(boxes), np.int64)
    return wanted(Scene(bare, np.array(boxes, float).reshape(-1, 4), these, 80, complete, exact=complete))


def parts(answer: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Heat, where it counts, offsets with sizes, their weight."""
    assert (answer.shape, answer.dtype) == ((PLACES, PLACES, 11), np.float32)
    return answer[..., :3], answer[..., 3:6], answer[..., 6:10], answer[..., 10]


def as_found(answer: np.ndarray) -> list[tuple[float, ...]]:
    """The boxes that serving makes of it: x0, y0, x1, y1, kind."""

    def network(windows: np.ndarray) -> Sought:
        return Sought(answer[np.newaxis, ..., :3], answer[np.newaxis, ..., 6:10])

    found = look(np.full((WINDOW, WINDOW, 3), SLIDE, np.uint8), network, (0.999,) * 3)
    return sorted((each.x0, each.y0, each.x1, each.y1, KINDS.index(each.kind)) for each in found)


def test_heat_is_one_at_the_centre_and_falls_to_the_edge_of_the_box() -> None:
    heat, _, _, _ = parts(target((80, 60, 160, 120)))
    assert np.unravel_index(heat.argmax(), heat.shape) == (22, 30, NUCLEATED)
    assert heat[22, 30, NUCLEATED] == 1
    row = heat[22, 20:41, NUCLEATED]
    assert (np.diff(row[:11]) > 0).all() and (np.diff(row[11:]) < 0).all()
    assert heat[22, 20, NUCLEATED] < 0.05
    assert (heat[:, :19] == 0).all() and (heat[..., 1:] == 0).all()


def test_offsets_lead_from_each_place_to_the_centre_and_sizes_are_logarithms() -> None:
    _, _, offsets, weight = parts(target((82, 60, 162, 100)))  # centre 30.5, 20 places; 20 x 10
    lines, columns = np.nonzero(weight)
    assert len(lines) > 4
    for line, column in zip(lines, columns, strict=True):
        assert offsets[line, column] == pytest.approx(
            (30.5 - (column + 0.5), 20 - (line + 0.5), np.log(20), np.log(10)), abs=1e-5
        )


def test_the_weight_of_a_box_is_its_kinds_whatever_its_size() -> None:
    for kind, importance in enumerate(IMPORTANCE):
        for side in (8, 40, 160):
            _, _, _, weight = parts(target((20, 20, 20 + side, 20 + side), kinds=[kind]))
            assert weight.sum() == pytest.approx(importance, rel=1e-4)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 250)] * 2, *[st.integers(10, 120)] * 2, st.integers(0, 2)), max_size=6))
def test_what_is_wanted_is_what_serving_reads_as_these_boxes(given: list[tuple[int, int, int, int, int]]) -> None:
    boxes = [(x, y, min(x + w, WINDOW), min(y + h, WINDOW), kind) for x, y, w, h, kind in given]
    assume(all(x1 - x0 >= 8 and y1 - y0 >= 8 for x0, y0, x1, y1, _ in boxes))
    for one, other in product(boxes, boxes):
        apart = one[0] > other[2] or other[0] > one[2] or one[1] > other[3] or other[1] > one[3]
        assume(one is other or apart)
    found = as_found(target(*(box[:4] for box in boxes), kinds=[box[4] for box in boxes]))
    assert len(found) == len(boxes)
    for box in boxes:
        assert min(np.abs(np.array(found) - box).max(axis=1)) < 1e-2


@pytest.mark.parametrize("seed", range(20))
def test_real_windows_are_read_back_with_every_box_that_is_no_double(seed: int) -> None:
    cut = drawn(seed, NEVER_LAID)
    boxes = sorted((*box, int(kind)) for box, kind in alone(cut) if max(box[2:] - box[:2]) >= SMALLEST)
    found = np.array(as_found(wanted(cut))).reshape(-1, 5)
    for each in boxes:
        assert np.abs(found - each).max(axis=1).min() < 0.1


def test_a_platelet_on_a_large_cell_is_not_hidden_by_it() -> None:
    heat, _, offsets, _ = parts(target((100, 100, 120, 120), (40, 40, 200, 200), kinds=[PLATELET, NUCLEATED]))
    assert heat[27, 27, PLATELET] == heat[30, 30, NUCLEATED] == 1
    assert offsets[27, 27] == pytest.approx((0, 0, np.log(5), np.log(5)), abs=1e-6)


def test_a_box_at_the_windows_corner_has_its_centre_there() -> None:
    heat, _, _, _ = parts(target((248, 248, 256, 256), (0, 0, 8, 8)))
    assert heat[63, 63, NUCLEATED] == heat[1, 1, NUCLEATED] == 1


def test_where_all_cells_are_boxed_heat_counts_everywhere() -> None:
    _, counts, _, _ = parts(target((80, 60, 160, 120)))
    assert (counts == 1).all()


def test_where_they_are_not_it_counts_at_the_middle_of_the_boxes_alone() -> None:
    heat, counts, _, weight = parts(target((80, 60, 160, 120), complete=False))
    assert (counts[heat[..., NUCLEATED] > 0.31] == 1).all()
    assert (counts[heat[..., NUCLEATED] < 0.29] == 0).all()
    assert 0 < counts.mean() < 0.05
    assert (weight == 0).all()  # the sizes there are a guess


def test_without_a_box_nothing_is_wanted() -> None:
    for complete in (True, False):
        heat, counts, offsets, weight = parts(target(complete=complete))
        assert (heat == 0).all() and (offsets == 0).all() and (weight == 0).all()
        assert (counts == complete).all()


def test_what_is_too_small_is_neither_a_cell_nor_background() -> None:
    heat, counts, _, weight = parts(target((100, 100, 105, 105), (40, 40, 60, 60), kinds=[PLATELET, RED]))
    assert (counts[25:27, 25:27] == 0).all()
    assert (heat[..., PLATELET] == 0).all()
    assert weight[24:28, 24:28].sum() == 0
    assert counts.mean() > 0.99


@pytest.mark.parametrize("seed", range(20))
def test_a_target_never_asks_for_what_a_network_cannot_answer(seed: int) -> None:
    heat, counts, offsets, weight = parts(wanted(drawn(seed, Variation())))
    assert ((heat >= 0) & (heat <= 1)).all()
    assert np.isin(counts, (0, 1)).all()
    assert np.isfinite(offsets).all() and (weight >= 0).all()
    assert np.abs(offsets[..., :2]).max() <= WINDOW / STRIDE
