"""Which side of train / val / test a picture falls on: by hash of its group, so that it never moves."""

from __future__ import annotations

import hashlib

VAL_PERCENT = 10
TEST_PERCENT = 20


def split_of(group: str) -> str:
    """`train`, `val` or `test` for a group of pictures that belong together (identical ones, one slide, one person)."""
    bucket = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 100
    if bucket < TEST_PERCENT:
        return "test"
    return "val" if bucket < TEST_PERCENT + VAL_PERCENT else "train"
