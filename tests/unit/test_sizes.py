"""What a cell's size beside the red cells in its picture tells of its class."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hematovision.locator import Found
from hematovision.sizes import ELSEWHERE, LEAST, RANGE, RED, WEIGHT, WRONG, Sizes, beside_red, usual_sizes

SIZES = Sizes(times=(1.3, 2.0), spread=(0.2, 0.2))  # of a lymphocyte and of a monocyte, about

probability = st.floats(0.01, 0.99)


def weighed(size: float, *probabilities: float) -> list[float]:
    [row] = SIZES.weighed(np.array([probabilities]), np.array([size])).tolist()
    return list(row)


def found(kind: str, side: float, x: float = 100.0) -> Found:
    return Found(x, 50.0, x + side, 50.0 + side / 2, kind, score=0.9, edge=False)


def test_it_is_bayes_rule() -> None:
    def likelihood(times: float) -> float:
        normal = math.exp(-(((math.log(1.3) - math.log(times)) / 0.2) ** 2) / 2) / (0.2 * math.sqrt(2 * math.pi))
        return float(((1 - WRONG) * normal + WRONG / RANGE) ** WEIGHT)

    small, large = 0.4 * likelihood(1.3), 0.6 * likelihood(2.0)
    assert weighed(1.3, 0.4, 0.6) == pytest.approx([small / (small + large), large / (small + large)])


@given(probability, st.floats(0.01, 100))
def test_no_size_decides_alone(sure: float, size: float) -> None:
    before, after = sure / (1 - sure), np.divide(*weighed(size, sure, 1 - sure))
    most = (((1 - WRONG) / (0.2 * math.sqrt(2 * math.pi)) + WRONG / RANGE) / (WRONG / RANGE)) ** WEIGHT
    assert before / most * 0.999 <= after <= before * most * 1.001
    assert most < 1500


def test_small_cells_become_likelier_the_small_class_and_without_a_size_nothing_changes() -> None:
    rows = np.array([[0.5, 0.5]] * 3)
    small, large, unknown = SIZES.weighed(rows, np.array([1.2, 2.1, np.nan]))
    assert small[0] > 0.9 and large[1] > 0.9 and unknown.tolist() == [0.5, 0.5]
    assert SIZES.weighed(np.empty((0, 2)), np.empty(0)).shape == (0, 2)


def test_where_nothing_is_known_nothing_changes() -> None:
    rows = np.array([[0.2, 0.8], [0.7, 0.3]])
    assert Sizes((), ()).weighed(rows, np.array([1.3, 2.0])).tolist() == rows.tolist()


def test_a_cell_is_measured_by_the_longer_sides_of_the_red_ones() -> None:
    cell, others = found("nucleated", 60), [found("red", side) for side in (30, 40, 90)]
    assert beside_red([cell, found("platelet", 20)], [cell, *others]).tolist() == [1.5, 0.5]
    assert np.isnan(beside_red([cell], [cell, *others[: RED - 1]])).all()
    assert beside_red([], others).shape == (0,)


def test_the_usual_sizes_are_those_of_the_cells_and_spread_wider_for_other_laboratories() -> None:
    random = np.random.default_rng(1)
    classes = np.repeat([0, 1], 400)
    beside = np.exp(random.normal(np.log([1.3, 2.0])[classes], np.array([0.1, 0.2])[classes]))
    fitted = usual_sizes(np.append(beside, np.nan), np.append(classes, 0), 2)
    assert fitted.times == pytest.approx((1.3, 2.0), rel=0.03)
    assert fitted.spread == pytest.approx((math.hypot(0.1, ELSEWHERE), math.hypot(0.2, ELSEWHERE)), rel=0.1)


def test_a_class_that_was_hardly_measured_leaves_all_unknown() -> None:
    classes = np.array([0] * LEAST + [1] * (LEAST - 1))
    assert usual_sizes(np.full(len(classes), 1.5), classes, 2) == Sizes((), ())
    assert usual_sizes(np.full(len(classes), 1.5), classes, 3) == Sizes((), ())


@pytest.mark.parametrize(
    ("times", "spread"),
    [((1.3,), ()), ((0.0,), (0.2,)), ((1.3,), (0.0,)), ((math.inf,), (0.2,)), ((1.3,), (math.nan,))],
)
def test_what_is_no_size_is_refused(times: tuple[float, ...], spread: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        Sizes(times, spread)
