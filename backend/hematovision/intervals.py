"""Shares of counted cells: exact intervals, rounding that sums to 100, cells needed. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both ends included; the unit is that of the value it belongs to."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def times(self, factor: float) -> Interval:
        """Both ends multiplied."""
        return Interval(self.low * factor, self.high * factor)


def clopper_pearson(count: int, total: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a share, in per cent, 0..100: each end leaves at most (1 - confidence) / 2 beyond it.

    For 0 <= count <= total and total >= 1, else `ValueError`; measured up to a total of 100,000.
    Clopper & Pearson, Biometrika 1934;26:404.

        clopper_pearson(9, 100)     4.2 to 16.4
    """
    if not 0 <= count <= total or total < 1:
        raise ValueError(f"{count} of {total} is no share")
    beyond = (1 - confidence) / 2
    return Interval(
        100 * _lower_limit(count, total, beyond),
        100 * (1 - _lower_limit(total - count, total, beyond)),  # what is not counted has its limits mirrored
    )


def per_hundred(count: int, others: int) -> Interval:
    """The exact 95 % interval of `count` for every 100 `others`, which it stands beside and is no part of.

    The share's interval, of count in count + others, turned to odds. For others >= 1, else `ValueError`.

        per_hundred(10, 100)        4.7 to 19.2
    """
    if others < 1:
        raise ValueError("nothing to stand beside")
    share = clopper_pearson(count, count + others)
    return Interval(*(100 * each / (100 - each) for each in (share.low, share.high)))


def widest(counts: Sequence[int]) -> Interval:
    """The widest 95 % interval among classes of these counts, in per cent: that of the share nearest to a half.

    For a sum >= 1, else `ValueError`.
    """
    return clopper_pearson(_nearest_to_half(counts), sum(counts))


def cells_needed(counts: Sequence[int], limit: float) -> int:
    """How many more cells bring the widest 95 % interval to at most `limit` percentage points, if the shares stay.

    For a limit of 1..100 and a sum >= 1, else `ValueError`. Cells are whole, so the answer is right to a few of them.
    """
    if not 1 <= limit <= 100:
        raise ValueError("the limit must be 1 to 100 percentage points")
    count, total = _nearest_to_half(counts), sum(counts)

    def width(more: int) -> float:
        # Rounded towards the half, where the interval is wider.
        grown = total + more
        scaled = count * grown // total if 2 * count >= total else -(-count * grown // total)
        return clopper_pearson(scaled, grown).width

    if width(0) <= limit:
        return 0
    too_few, enough = 0, 1
    while width(enough) > limit:
        too_few, enough = enough, 2 * enough
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if width(middle) > limit:
            too_few = middle
        else:
            enough = middle
    return enough


def percentages(counts: Sequence[int]) -> list[float]:
    """Shares as whole per cents, or halves from a sum of 200 on, that sum to exactly 100; for a sum >= 1.

    Largest remainder: all are rounded down, and the steps left over go to those that lost most, the smaller count and
    then the earlier one first.
    """
    total = sum(counts)
    steps = 200 if total >= 200 else 100
    rounded = [count * steps // total for count in counts]
    most_lost = sorted(range(len(counts)), key=lambda i: (-(counts[i] * steps % total), counts[i]))
    for i in most_lost[: steps - sum(rounded)]:
        rounded[i] += 1
    return [100 * each / steps for each in rounded]


def _nearest_to_half(counts: Sequence[int]) -> int:
    total = sum(counts)
    return min(counts, key=lambda count: abs(2 * count - total), default=0)


def _lower_limit(count: int, total: int, beyond: float) -> float:
    """The share, 0..1, at which `count` or more of `total` has the probability `beyond`; bisected."""
    if count == 0:
        return 0.0
    low, high = 0.0, count / total
    for _ in range(50):
        middle = (low + high) / 2
        if _tail(count, total, middle) > beyond:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _tail(count: int, total: int, share: float) -> float:
    """P(X >= count) for X binomial, 0 < share < count / total.

    Up there each term is smaller than the one before, so that they are summed until they no longer matter: about
    ten times sqrt(total) of them at worst.
    """
    term = math.exp(
        math.lgamma(total + 1)
        - math.lgamma(count + 1)
        - math.lgamma(total - count + 1)
        + count * math.log(share)
        + (total - count) * math.log1p(-share)
    )
    odds = share / (1 - share)
    tail = term
    for reached in range(count, total):
        term *= (total - reached) / (reached + 1) * odds
        tail += term
        if term <= tail * 1e-16:
            break
    return tail
