"""What the kind that a cell was located as tells of its class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hematovision.kinds import LocatedAs, located_as

LABELS = ("lymphocyte", "monocyte", "platelet")
SHARES = LocatedAs(platelets=0.9, others=0.02)

share = st.floats(0.01, 0.99)


def weighed(kind: str, *probabilities: float) -> list[float]:
    [row] = SHARES.weighed(np.array([probabilities]), [kind], LABELS).tolist()
    return list(row)


def test_it_is_bayes_rule() -> None:
    # P(platelet | located as one) = 0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.02), worked out by hand
    assert weighed("platelet", 0.6, 0.1, 0.3) == pytest.approx([0.012 / 0.284, 0.002 / 0.284, 0.27 / 0.284])
    assert weighed("nucleated", 0.6, 0.1, 0.3) == pytest.approx([0.588 / 0.716, 0.098 / 0.716, 0.03 / 0.716])


@given(share, share, share, st.sampled_from(["platelet", "nucleated"]))
def test_between_cells_with_a_nucleus_nothing_changes(one: float, other: float, third: float, kind: str) -> None:
    row = np.array([one, other, third]) / (one + other + third)
    made = weighed(kind, *row)
    assert sum(made) == pytest.approx(1)
    assert made[0] / made[1] == pytest.approx(one / other)


def test_without_platelets_among_the_classes_it_changes_nothing() -> None:
    rows = np.array([[0.2, 0.8], [0.7, 0.3]])
    assert SHARES.weighed(rows, ["platelet", "nucleated"], ("lymphocyte", "monocyte")) == pytest.approx(rows)


def test_each_cell_has_its_own_kind_and_none_is_no_trouble() -> None:
    rows = np.full((2, 3), 1 / 3)
    both = SHARES.weighed(rows, ["platelet", "nucleated"], LABELS)
    assert both[0, 2] > 1 / 3 > both[1, 2]
    assert SHARES.weighed(np.empty((0, 3)), [], LABELS).shape == (0, 3)


def test_shares_are_counted_and_nothing_is_impossible() -> None:
    kinds = ["platelet"] * 8 + ["nucleated"] * 12
    labels = ["platelet"] * 8 + ["lymphocyte"] * 12
    assert located_as(kinds, labels) == LocatedAs(9 / 10, 1 / 14)
    assert located_as([], []) == LocatedAs(0.5, 0.5)
    labels = ["platelet"] * 7 + ["lymphocyte"] * 13
    assert located_as(kinds, labels) == LocatedAs(8 / 9, 2 / 15)


@pytest.mark.parametrize("shares", [(0, 0.5), (0.5, 1), (-0.1, 0.5), (float("nan"), 0.5)])
def test_what_is_no_share_is_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        LocatedAs(*shares)
