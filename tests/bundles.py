"""A bundle of made-up facts, for tests that need no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from discs import FITTED
from hematovision.bundle import Bundle
from hematovision.familiar import Familiar
from hematovision.head import Head
from hematovision.kinds import LocatedAs
from hematovision.quality import Accepted
from hematovision.sizes import Sizes

ANYTHING = Accepted(0, 0, 0, 99, 0, rate=0.99)  # no picture is too bad


def drawn_bundle(labels: Sequence[str], path: Path = Path(), **record: Any) -> Bundle:
    """Of these classes, confident from 0.9 on; `record` is what bundle.json says."""
    return Bundle(
        path=path,
        name="drawn",
        version="1",
        labels=tuple(labels),
        size=32,
        context=1.4,
        locator=FITTED,
        temperature=1.0,
        confident_from=0.9,
        confident_rate=0.995,
        located_as=LocatedAs(0.98, 0.02),
        sizes=Sizes((), ()),
        head=Head(np.zeros((2, len(labels)), np.float32), np.zeros(len(labels), np.float32)),
        familiar=Familiar(
            np.eye(2, dtype=np.float32),
            np.array([[0, 0, 2], [2, 0, 0]], np.float32),
            np.array([0, 1]),
            np.array([[0.0, 0.5, 1.0], [0.0, 1.0, 2.0]]),
            limit=0.3,
            rate=0.99,
            near=0.2,
            near_rate=0.75,
            purple_from=0.02,
        ),
        readouts=(),
        accepted=ANYTHING,
        metrics={},
        record=record,
        sha256="0" * 64,
    )
