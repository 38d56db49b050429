"""Which side of train / val / test a picture falls on: by hash of its group, so that it never moves."""

from __future__ import annotations

import hashlib

VAL_PERCENT = 10
TEST_PERCENT = 20

# Groups of train and val that show what a picture of a later side shows too, cut or photographed a second time; left
# out when learning and choosing. `hematovision manifest` finds them, and a test holds that these are they.
SPOILT = frozenset({
    "barcelona-0c76841ad27f", "barcelona-1509438302d1", "barcelona-7184b79c4e9a", "barcelona-792aaa32b760",
    "barcelona-9fc46daed5f3", "barcelona-acdfb4975137", "barcelona-b3a68f5c0294", "barcelona-d52f0cc6ad3e",
    "bccd-00206", "bccd-00227", "bccd-00249", "bccd-00259", "bccd-00400",
    "raabin-7768c08fdb10", "raabin-d5942d613cca",
})  # fmt: skip


def split_of(group: str) -> str:
    """`train`, `val` or `test` for a group of pictures that belong together (identical ones, one slide, one person)."""
    bucket = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 100
    if bucket < TEST_PERCENT:
        return "test"
    return "val" if bucket < TEST_PERCENT + VAL_PERCENT else "train"
