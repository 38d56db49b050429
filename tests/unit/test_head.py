"""The last layer: logits of what was seen, and where it was seen."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.head import Head, pooled

RANDOM = np.random.default_rng(1)
HEAD = Head(RANDOM.normal(size=(5, 3)).astype(np.float32), RANDOM.normal(size=3).astype(np.float32))
FEATURES = RANDOM.uniform(size=(4, 2, 3, 5)).astype(np.float32)


def test_features_are_meant_over_places() -> None:
    assert pooled(FEATURES).shape == (4, 5)
    assert pooled(FEATURES)[1, 2] == pytest.approx(FEATURES[1, :, :, 2].mean())


def test_logits_are_those_of_a_dense_layer() -> None:
    means = pooled(FEATURES)
    assert HEAD.logits(means) == pytest.approx(means @ HEAD.kernel + HEAD.bias, abs=1e-6)
    assert HEAD.logits(means[:0]).shape == (0, 3)


@pytest.mark.parametrize("position", range(3))
def test_what_is_seen_at_each_place_adds_up_to_the_logit(position: int) -> None:
    places = HEAD.seen_at(FEATURES[0], position)
    assert places.shape == (2, 3)
    assert places.mean() + HEAD.bias[position] == pytest.approx(HEAD.logits(pooled(FEATURES))[0, position], abs=1e-6)
