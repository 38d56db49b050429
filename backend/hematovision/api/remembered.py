"""Answers that a worker has given lately, so that the same picture is answered again without the model."""

from __future__ import annotations

import threading
from typing import NamedTuple

from cachetools import LRUCache

from hematovision.cells import Answer


class Asked(NamedTuple):
    """What must be the same for the answer to be: the bytes, the bundle, what was asked for."""

    picture_sha256: str
    bundle_sha256: str
    red_cells: bool
    why: bool


class Answers:
    """Never pictures. Bounded by the cells in them, since a field may hold a thousand: an answer weighs its cells and
    one more. The one that was asked for least lately goes first. Thread-safe."""

    def __init__(self, cells: int) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[Asked, Answer] = LRUCache(cells, getsizeof=lambda answer: 1 + len(answer.cells))

    def get(self, asked: Asked) -> Answer | None:
        """The answer, as it was given then; None if it is not remembered."""
        with self._lock:
            return self._kept.get(asked)

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Remember it, unless it is larger than all that may be."""
        with self._lock:
            if 1 + len(answer.cells) <= self._kept.maxsize:
                self._kept[asked] = answer
