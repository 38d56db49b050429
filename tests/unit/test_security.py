"""deploy/SECURITY.md names tests that are there, and every requirement of its three chapters."""

from __future__ import annotations

import re

import pytest

from house import REPOSITORY

TABLE = (REPOSITORY / "deploy" / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ((?:\d+\.\d+\.\d+)(?:(?:, | to )\d+\.\d+\.\d+)*) \| (.+?) \| (.+) \|$", TABLE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)))

# Section -> how many requirements ASVS 5.0 has in it.
SECTIONS = {
    "4.1": 5, "4.2": 5, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 6, "5.3": 3, "5.4": 3,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
}  # fmt: skip


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_is_named_is_there(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (REPOSITORY / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_requirement_has_one_row() -> None:
    told = []
    for numbers, _, _ in ROWS:
        first, *more = re.findall(r"\d+\.\d+\.\d+", numbers)
        if " to " in numbers:
            section, start = first.rsplit(".", 1)
            more = [f"{section}.{number}" for number in range(int(start) + 1, int(more[0].rsplit(".", 1)[1]) + 1)]
        told += [first, *more]
    assert told == [f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)]


def test_every_row_names_a_test_or_says_why_not() -> None:
    for numbers, _, shown in ROWS:
        said = ("not met", "there is none", "no archive is taken", "nginx's own work", "in part")
        assert "`tests/" in shown or any(words in shown for words in said), numbers
