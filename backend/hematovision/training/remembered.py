"""Which train cells a bundle remembers by their features: what is familiar is told by them, and they are learned from
again when it is adapted to a laboratory, so that no old picture is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from hematovision.training.labs import LabelledCell

EACH_CLASS = 120  # at most, its laboratories alike as far as they have cells


def remembered(cells: Sequence[LabelledCell], seed: int) -> list[LabelledCell]:
    """Some of each class; the same for the same seed."""
    random = np.random.default_rng(seed)
    of_class: dict[str, dict[str, list[LabelledCell]]] = defaultdict(lambda: defaultdict(list))
    for index in random.permutation(len(cells)):
        of_class[cells[index].label][cells[index].lab].append(cells[index])
    chosen = []
    for label in sorted(of_class):
        left, kept = list(of_class[label].values()), 0
        while left and kept < EACH_CLASS:
            left = [lab for lab in left if lab]
            for lab in left[: EACH_CLASS - kept]:
                chosen.append(lab.pop())
                kept += 1
    return chosen
