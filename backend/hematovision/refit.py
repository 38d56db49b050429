"""The last layer fitted anew to a laboratory's own cells, beside remembered ones so that nothing learned is forgotten.

Cross entropy with label smoothing, and a pull towards the layer as it was, in proportion to the squared distance: with
few cells it stays near, with many it may go (Daume's prior by regularisation: Chelba and Acero, EMNLP 2004). Convex, so
that what comes out depends on nothing but the cells; by Newton's steps with a curvature that nowhere falls short of the
true one, so that each goes down (Boehning, Ann Inst Stat Math 1992;44:197). In numpy alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hematovision.calibration import softmax
from hematovision.head import Head

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

SMOOTHING = 0.1  # of the labels, as in training
STEPS = 500  # at most
STILL = 1e-5  # change of a weight in a step, at which it has come to rest


def refitted(head: Head, means: Floats, classes: Ints, weights: Floats, pull: float) -> Head:
    """`means` (N, D) of N cells as of `head.pooled`, their classes (N,) as positions, and how much each counts (N,),
    0 or more; `pull` above 0, in units of what one cell counts on average, is how strongly the layer stays as it was.
    """
    x = np.column_stack([means, np.ones(len(means))]).astype(np.float64)  # the bias as one channel more
    before = np.vstack([head.kernel, head.bias]).astype(np.float64)
    share = np.asarray(weights, np.float64) / np.sum(weights)
    count = before.shape[1]
    wanted = (1 - SMOOTHING) * np.eye(count)[classes] + SMOOTHING / count
    curvature = 0.5 * x.T @ (share[:, np.newaxis] * x) + pull * np.eye(x.shape[1])
    back = np.linalg.inv(curvature)
    now = before
    for _ in range(STEPS):
        slope = x.T @ (share[:, np.newaxis] * (softmax(x @ now) - wanted)) + pull * (now - before)
        step = back @ slope
        now = now - step
        if np.abs(step).max() < STILL:
            break
    return Head(now[:-1].astype(np.float32), now[-1].astype(np.float32))
