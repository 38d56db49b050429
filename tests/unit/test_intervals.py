"""Exact intervals agree with SciPy and with the limits that are published, and behave as intervals must."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from hematovision.intervals import Interval, cells_needed, clopper_pearson, per_hundred, percentages, widest

COUNTS = st.lists(st.integers(0, 400), min_size=1, max_size=12).filter(any)


@st.composite
def shares(draw: st.DrawFn, most: int = 2_000) -> tuple[int, int]:
    """A count and its total."""
    total = draw(st.integers(1, most))
    return draw(st.integers(0, total)), total


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(9, 100, 4.2, 16.4), (2, 100, 0.2, 7.0), (4, 200, 0.5, 5.0), (60, 100, 49.7, 69.7), (0, 100, 0.0, 3.6)],
)
def test_limits_are_those_published(count: int, total: int, low: float, high: float) -> None:
    interval = clopper_pearson(count, total)
    assert (round(interval.low, 1), round(interval.high, 1)) == (low, high)


def test_erythroblasts_beside_white_cells_have_the_limits_published() -> None:
    interval = per_hundred(10, 100)
    assert (round(interval.low, 1), round(interval.high, 1)) == (4.7, 19.2)


@settings(deadline=None)
@given(shares(100_000), st.sampled_from([0.8, 0.95, 0.999]))
def test_limits_are_those_of_scipy(share: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*share).proportion_ci(confidence, method="exact")
    interval = clopper_pearson(*share, confidence)
    assert interval.low == pytest.approx(100 * expected.low, abs=1e-6)
    assert interval.high == pytest.approx(100 * expected.high, abs=1e-6)


@pytest.mark.parametrize("total", [1, 2, 3, 99_999, 100_000])
def test_limits_are_those_of_scipy_at_the_ends(total: int) -> None:
    for count in {0, 1, total // 2, total - 1, total}:
        expected = binomtest(count, total).proportion_ci(method="exact")
        interval = clopper_pearson(count, total)
        assert (interval.low, interval.high) == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-6)


@settings(deadline=None)
@given(shares())
def test_an_interval_holds_the_share_it_is_of(share: tuple[int, int]) -> None:
    count, total = share
    interval = clopper_pearson(count, total)
    assert 0 <= interval.low <= 100 * count / total <= interval.high <= 100


@settings(deadline=None)
@given(shares(), st.integers(2, 20))
def test_more_cells_at_the_same_share_never_widen_it(share: tuple[int, int], times: int) -> None:
    count, total = share
    assert clopper_pearson(count * times, total * times).width <= clopper_pearson(count, total).width + 1e-9


@settings(deadline=None)
@given(shares())
def test_what_is_left_has_the_mirrored_interval(share: tuple[int, int]) -> None:
    count, total = share
    interval, mirrored = clopper_pearson(count, total), clopper_pearson(total - count, total)
    assert (100 - mirrored.high, 100 - mirrored.low) == pytest.approx((interval.low, interval.high))


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 500))
def test_the_odds_hold_the_ratio(count: int, others: int) -> None:
    interval = per_hundred(count, others)
    assert 0 <= interval.low <= 100 * count / others <= interval.high < math.inf


@settings(deadline=None)
@given(COUNTS)
def test_the_widest_is_the_widest_of_all(counts: list[int]) -> None:
    widths = [clopper_pearson(count, sum(counts)).width for count in counts]
    assert widest(counts).width == pytest.approx(max(widths))


@pytest.mark.parametrize("limit", [5, 10, 15])
def test_cells_needed_are_those_found_by_trying_each(limit: float) -> None:
    """At shares of 60, 30 and 10 %, which every tenth cell keeps exactly."""

    def width(total: int) -> float:
        expected = binomtest(6 * total // 10, total).proportion_ci(method="exact")
        return 100 * float(expected.high - expected.low)

    first = next(total for total in range(100, 10_000, 10) if width(total) <= limit)
    assert cells_needed([60, 30, 10], limit) == pytest.approx(first - 100, abs=10)


@settings(deadline=None)
@given(COUNTS, st.sampled_from([3.0, 10.0, 25.0]))
def test_the_cells_needed_are_enough(counts: list[int], limit: float) -> None:
    more = cells_needed(counts, limit)
    assert (more == 0) == (widest(counts).width <= limit)
    total = sum(counts)
    nearest = min(counts, key=lambda count: abs(2 * count - total))
    assert clopper_pearson(round(nearest * (total + more) / total), total + more).width <= limit


def test_the_narrowest_limit_is_answered() -> None:
    assert cells_needed([1, 1], 1) > 38_000


@given(COUNTS)
def test_percentages_sum_to_exactly_a_hundred(counts: list[int]) -> None:
    rounded = percentages(counts)
    step = 0.5 if sum(counts) >= 200 else 1
    assert sum(rounded) == 100
    for count, percentage in zip(counts, rounded, strict=True):
        assert percentage % step == 0
        assert abs(percentage - 100 * count / sum(counts)) < step
        assert count or not percentage


@given(COUNTS)
def test_a_larger_count_never_has_the_smaller_percentage(counts: list[int]) -> None:
    pairs = sorted(zip(counts, percentages(counts), strict=True))
    assert all(less <= more for (_, less), (_, more) in pairwise(pairs))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([60, 30, 7, 3, 0], [60, 30, 7, 3, 0]),
        ([1, 1, 1], [34, 33, 33]),
        ([133, 66, 1], [66.5, 33, 0.5]),
        ([397, 2, 1], [99, 0.5, 0.5]),
        ([5], [100]),
    ],
)
def test_percentages_are_whole_and_halves_from_two_hundred(counts: list[int], expected: list[float]) -> None:
    assert percentages(counts) == expected


@pytest.mark.parametrize(("count", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        clopper_pearson(count, total)


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="stand beside"):
        per_hundred(3, 0)
    with pytest.raises(ValueError, match="percentage points"):
        cells_needed([1], 0.5)


def test_an_interval_can_be_scaled() -> None:
    assert Interval(1, 3).times(2) == Interval(2, 6)
