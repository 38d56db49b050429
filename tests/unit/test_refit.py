"""The last layer fitted anew: against SciPy's minimum, between staying and going."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from hematovision.calibration import softmax
from hematovision.head import Head
from hematovision.refit import SMOOTHING, refitted

RANDOM = np.random.default_rng(3)
CLASSES = RANDOM.integers(0, 3, 60)
MEANS = (RANDOM.uniform(0, 1, (60, 6)) + np.eye(6)[CLASSES]).astype(np.float32)
WEIGHTS = RANDOM.uniform(0.5, 2, 60)
HEAD = Head(RANDOM.normal(0, 1, (6, 3)).astype(np.float32), np.zeros(3, np.float32))


def loss(flat: np.ndarray, pull: float) -> float:
    """Written again, as it is defined."""
    kernel, bias = flat[:18].reshape(6, 3), flat[18:]
    told = np.log(softmax(MEANS @ kernel + bias))
    wanted = (1 - SMOOTHING) * np.eye(3)[CLASSES] + SMOOTHING / 3
    near = ((kernel - HEAD.kernel) ** 2).sum() + ((bias - HEAD.bias) ** 2).sum()
    return float(-(WEIGHTS * (wanted * told).sum(axis=1)).sum() / WEIGHTS.sum() + pull / 2 * near)


@pytest.mark.parametrize("pull", [0.01, 0.1, 1.0])
def test_it_is_the_minimum(pull: float) -> None:
    flat = np.concatenate([HEAD.kernel.ravel(), HEAD.bias]).astype(float)
    found = minimize(
        loss, flat, args=(pull,), method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-14, "gtol": 1e-9}
    )
    ours = refitted(HEAD, MEANS, CLASSES, WEIGHTS, pull)
    assert loss(np.concatenate([ours.kernel.ravel(), ours.bias]), pull) == pytest.approx(found.fun, abs=1e-6)
    assert ours.kernel.ravel() == pytest.approx(found.x[:18], abs=5e-3)


def test_a_strong_pull_leaves_it_as_it_was_and_a_weak_one_learns() -> None:
    stayed, went = (refitted(HEAD, MEANS, CLASSES, WEIGHTS, pull) for pull in (1e4, 1e-3))
    assert stayed.kernel == pytest.approx(HEAD.kernel, abs=1e-3)
    right = went.logits(MEANS).argmax(axis=1) == CLASSES
    assert right.mean() > (HEAD.logits(MEANS).argmax(axis=1) == CLASSES).mean()
    assert right.mean() > 0.9


def test_a_cell_that_counts_nothing_changes_nothing() -> None:
    counts = np.where(np.arange(60) < 50, 1.0, 0.0)
    one = refitted(HEAD, MEANS, CLASSES, counts, 0.1)
    other = refitted(HEAD, MEANS[:50], CLASSES[:50], np.ones(50), 0.1)
    assert one.kernel == pytest.approx(other.kernel, abs=1e-4)
