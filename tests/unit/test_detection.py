"""Recall, precision, average precision and counts, each against a sum done by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hematovision.detection import Compared, average_precision, compare, fit_limits, row
from hematovision.locator import KINDS, Found

Boxes = list[tuple[float, float, float, float]]

SQUARE = (100.0, 100.0, 200.0, 200.0)


def found(score: float, box: tuple[float, float, float, float] = SQUARE, kind: str = "nucleated") -> Found:
    return Found(*box, kind, score, edge=False)


def shifted(by: float, box: tuple[float, float, float, float] = SQUARE) -> tuple[float, float, float, float]:
    """The box further right; of a square of 100, intersection over union is (100 - by) / (100 + by)."""
    return box[0] + by, box[1], box[2] + by, box[3]


def compared(cells: Sequence[Found], boxes: Boxes, kind: str = "nucleated") -> Compared:
    """What was found in a field where all boxes are of one kind."""
    k = KINDS.index(kind)
    return compare(cells, np.array(boxes, float).reshape(-1, 4), np.full(len(boxes), k))[k]


def of(scores: Sequence[float], hits: Sequence[bool], drawn: int) -> Compared:
    return Compared(drawn, np.array(scores, float), np.array(hits, bool))


def field(nucleated: Compared | None = None, platelet: Compared | None = None, red: Compared | None = None) -> tuple:
    nothing = of([], [], 0)
    return nucleated or nothing, platelet or nothing, red or nothing


# One field.


@pytest.mark.parametrize(("by", "hit"), [(0, True), (33, True), (34, False), (100, False)])
def test_a_found_box_is_the_drawn_one_if_they_overlap_by_half(by: float, hit: bool) -> None:
    assert compared([found(0.9, shifted(by))], [SQUARE]).hit.tolist() == [hit]  # 67 / 133 is half, 66 / 134 is not


def test_exactly_half_is_enough() -> None:
    assert compared([found(0.9, (100, 100, 200, 150))], [SQUARE]).hit.tolist() == [True]


def test_a_drawn_box_is_found_once_and_by_the_best() -> None:
    result = compared([found(0.5, SQUARE), found(0.9, shifted(10)), found(0.7, shifted(5))], [SQUARE])
    assert result.scores.tolist() == [0.9, 0.7, 0.5]
    assert result.hit.tolist() == [True, False, False]
    assert result.drawn == 1


def test_of_several_drawn_boxes_it_takes_the_one_that_it_overlaps_most() -> None:
    near, nearer = shifted(30), shifted(-5)
    assert compared([found(0.9), found(0.8, shifted(31))], [near, nearer]).hit.tolist() == [True, True]


def test_kinds_do_not_find_each_other() -> None:
    results = compare([found(0.9, kind="red")], np.array([SQUARE]), np.array([KINDS.index("platelet")]))
    assert [(each.drawn, each.hit.tolist()) for each in results] == [(0, []), (1, []), (0, [False])]


def test_nothing_drawn_and_nothing_found_can_be_compared() -> None:
    for result in compare([], np.empty((0, 4)), np.empty(0, int)):
        assert (result.drawn, len(result.scores), len(result.hit)) == (0, 0, 0)
    assert compared([found(0.9)], []).hit.tolist() == [False]


BOXES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(4, 40), st.integers(4, 40)).map(
        lambda box: (float(box[0]), float(box[1]), float(box[0] + box[2]), float(box[1] + box[3]))
    ),
    max_size=8,
)


@settings(deadline=None)
@given(BOXES, BOXES, st.randoms(use_true_random=False))
def test_hits_are_never_more_than_boxes_and_the_order_given_does_not_matter(
    here: Boxes, drawn: Boxes, random: object
) -> None:
    cells = [found(1 / (2 + k), box) for k, box in enumerate(here)]
    result = compared(cells, drawn)
    assert result.hit.sum() <= min(len(here), len(drawn))
    random.shuffle(cells)  # type: ignore[attr-defined]
    assert compared(cells, drawn).hit.tolist() == result.hit.tolist()


# Several fields.


FIELDS = [
    field(of([0.9, 0.8, 0.7, 0.6], [True, True, False, False], 3), red=of([0.9, 0.4], [True, True], 4)),
    field(of([0.95, 0.65], [False, True], 1), red=of([0.8, 0.7, 0.6], [True, False, True], 2)),
]


def test_a_row_by_hand() -> None:
    figures = row(FIELDS, (0.65, 0.5, 0.5), complete=True)
    nucleated, red = figures["nucleated"], figures["red"]
    assert figures["fields"] == 2
    # Found 3 of which 2, and 2 of which 1.
    assert (nucleated["drawn"], nucleated["found"]) == (4, 5)
    assert (nucleated["recall"], nucleated["precision"]) == (pytest.approx(3 / 4), pytest.approx(3 / 5))
    assert (nucleated["count_median_error"], nucleated["count_signed_error"]) == (0.5, pytest.approx(1 / 4))
    # Found 1 of which 1, where 4 are, and 3 of which 2, where 2 are.
    assert (red["drawn"], red["found"]) == (6, 4)
    assert (red["recall"], red["precision"]) == (pytest.approx(3 / 6), pytest.approx(3 / 4))
    assert (red["count_median_error"], red["count_signed_error"]) == (2, pytest.approx(-2 / 6))


def test_a_kind_that_nobody_drew_has_no_figures() -> None:
    assert "platelet" not in row(FIELDS, (0.65, 0.5, 0.5), complete=True)


def test_where_not_every_cell_is_boxed_there_is_recall_alone() -> None:
    figures = row(FIELDS, (0.65, 0.5, 0.5), complete=False)
    assert set(figures["nucleated"]) == {"drawn", "recall", "recall_interval"}


def test_where_nothing_is_found_there_is_no_precision() -> None:
    figures = row(FIELDS, (1.0, 1.0, 1.0), complete=True)["nucleated"]
    assert (figures["found"], figures["recall"], figures["precision"]) == (0, 0, None)
    assert figures["count_signed_error"] == -1


def test_intervals_hold_what_they_are_about_and_narrow_with_more_fields() -> None:
    few, many = (row(FIELDS * times, (0.65, 0.5, 0.5), complete=True)["nucleated"] for times in (2, 50))
    for figures in (few, many):
        for name in ("recall", "precision"):
            low, high = figures[f"{name}_interval"]
            assert 0 <= low <= figures[name] <= high <= 1
    width = [np.diff(figures["recall_interval"]).item() for figures in (few, many)]
    assert width[1] < width[0] / 2


def test_a_row_fits_into_json() -> None:
    for limits in ((0.65, 0.5, 0.5), (1.0, 1.0, 1.0)):
        figures = row(FIELDS, limits, complete=True)
        assert json.loads(json.dumps(figures, allow_nan=False)) == figures


# Average precision.


def test_two_of_three_found_without_a_mistake_is_two_thirds() -> None:
    # Precision is 1 up to a recall of 2/3, and no recall is beyond: 67 of the 101 recalls 0, 0.01 ... 1.
    assert average_precision([of([0.9, 0.8, 0.7, 0.6], [True, True, False, False], 3)]) == pytest.approx(67 / 101)


def test_a_mistake_before_the_only_cell_is_a_half() -> None:
    assert average_precision([of([0.9, 0.8], [False, True], 1)]) == pytest.approx(0.5)


def test_a_mistake_in_between_counts_from_there_on() -> None:
    # Precision 1, 1/2, 2/3 at recalls 1/2, 1/2, 1: up to 0.5 (51 recalls) it is 1, beyond (50) it is 2/3.
    assert average_precision([of([0.9, 0.8, 0.7], [True, False, True], 2)]) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_best_score_comes_first_whatever_field_it_is_in() -> None:
    together = average_precision([of([0.9, 0.5], [True, False], 1), of([0.7], [True], 1)])
    assert together == pytest.approx(1)
    assert average_precision([of([0.7, 0.5], [True, True], 2), of([0.9], [False], 0)]) == pytest.approx(2 / 3)


def test_all_found_without_a_mistake_is_one_and_nothing_found_is_none() -> None:
    assert average_precision([of([0.9, 0.8], [True, True], 2)]) == 1
    assert average_precision([of([], [], 2)]) == 0
    assert average_precision([of([0.9], [False], 0)]) is None


# Limits.


def test_the_limit_of_what_is_classified_is_that_of_the_best_f1() -> None:
    # F1 after each: 0.5, 0.8, 0.67, 0.86, 0.75.
    result = of([0.9, 0.8, 0.7, 0.6, 0.5], [True, True, False, True, False], 3)
    limits = fit_limits([field(result, platelet=result)])
    assert limits[:2] == (0.6, 0.6)


def test_of_limits_that_are_as_good_it_is_the_middle() -> None:
    """Where the best one falls among them is chance."""
    scores = np.linspace(0.9, 0.1, 81)  # after 40 hits nothing but one cell missed and one invented
    hits = [True] * 40 + [False] * 41
    result = of(scores, hits, 40)
    [limit, *_] = fit_limits([field(of(np.r_[np.full(960, 0.95), scores], [True] * 960 + hits, 1000))])
    assert limit == pytest.approx((0.60 + 0.41) / 2, abs=0.02)
    assert fit_limits([field(result)])[0] == pytest.approx(scores[39])


def test_the_limit_of_red_cells_is_that_of_the_right_count_hit_or_not() -> None:
    assert fit_limits([field(red=of([0.9, 0.8, 0.7, 0.6, 0.5], [False] * 5, 3))])[2] == 0.7


def test_where_fewer_red_cells_are_found_than_there_are_all_count() -> None:
    assert fit_limits([field(red=of([0.9, 0.3], [True, False], 4))])[2] == 0.3


def test_limits_are_over_all_fields_together() -> None:
    fields = [field(red=of([0.9, 0.2], [True, True], 1)), field(red=of([0.8, 0.7], [True, True], 2))]
    assert fit_limits(fields)[2] == 0.7


@pytest.mark.parametrize("fields", [[], [field()], [field(of([0.9], [False], 0))], [field(of([], [], 3))]])
def test_what_nobody_drew_or_what_is_never_found_has_a_limit_that_nothing_reaches(fields: list[tuple]) -> None:
    assert fit_limits(fields) == (1, 1, 1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 999), st.booleans()), min_size=1, unique_by=lambda each: each[0]), st.data())
def test_at_the_limit_of_red_cells_as_many_are_found_as_drawn(
    answers: list[tuple[int, bool]], data: st.DataObject
) -> None:
    drawn = data.draw(st.integers(1, len(answers)))
    ordered = sorted(answers, reverse=True)
    result = of([score / 1000 for score, _ in ordered], [hit for _, hit in ordered], drawn)
    limit = fit_limits([field(red=result)])[2]
    assert (result.scores >= limit).sum() == drawn
