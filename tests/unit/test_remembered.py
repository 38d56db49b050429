"""Which cells a bundle remembers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hematovision.training.labs import LabelledCell
from hematovision.training.remembered import EACH_CLASS, remembered

CELLS = [
    LabelledCell(Path(f"{lab}-{label}-{k}"), lab, label, "", "train")
    for lab, label, n in (
        ("large", "basophil", 500), ("small", "basophil", 20), ("large", "monocyte", 500), ("other", "monocyte", 300),
        ("small", "platelet", 7),
    )
    for k in range(n)
]  # fmt: skip


def test_every_class_has_its_share_and_every_laboratory_as_far_as_it_has_cells() -> None:
    counted = Counter((cell.lab, cell.label) for cell in remembered(CELLS, seed=1))
    assert counted == {
        ("large", "basophil"): EACH_CLASS - 20,
        ("small", "basophil"): 20,
        ("large", "monocyte"): EACH_CLASS // 2,
        ("other", "monocyte"): EACH_CLASS // 2,
        ("small", "platelet"): 7,
    }


def test_none_is_there_twice_and_the_seed_decides_which() -> None:
    kept = remembered(CELLS, seed=1)
    assert len(set(kept)) == len(kept)
    assert kept == remembered(CELLS, seed=1) != remembered(CELLS, seed=2)
