"""The self-test of a bundle: what was recorded comes out, or the bundle is refused with what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundles import drawn_bundle
from hematovision.bundle import SELF_TEST, Bundle
from hematovision.errors import BundleRefused
from hematovision.images import RGB
from hematovision.locator import Found
from hematovision.selftest import PIXELS, PROBABILITY, Looked, expected, refuse_unless_passed
from pictures import drawn_cell, encoded

LABELS = ("lymphocyte", "monocyte", "platelet")
WIDTHS = {"a.png": 100, "b.png": 120}  # by which the pictures are told apart
SEEN: dict[int, Looked] = {
    100: [
        (Found(10, 20, 50.25, 60, "nucleated", 0.9, edge=False), np.array([0.1, 0.7, 0.2])),
        (Found(70, 20, 78, 29, "platelet", 0.8, edge=False), np.array([0.0, 0.01, 0.99])),
    ],
    120: [(Found(30, 30, 90, 95.5, "nucleated", 0.7, edge=True), np.array([0.98, 0.01, 0.01]))],
}

Json = dict[str, Any]


def look(rgb: RGB) -> Looked:
    return SEEN[rgb.shape[1]]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A folder with a self-test of two pictures, as release writes it, and no networks."""
    (tmp_path / "selftest").mkdir()
    for name, width in WIDTHS.items():
        (tmp_path / "selftest" / name).write_bytes(encoded(drawn_cell(width=width)))
    pictures = {name: expected(SEEN[width]) for name, width in WIDTHS.items()}
    (tmp_path / SELF_TEST).write_text(json.dumps({"labels": LABELS, "pictures": pictures}))
    files = {f"selftest/{name}": "" for name in WIDTHS} | {SELF_TEST: ""}
    return drawn_bundle(LABELS, tmp_path, files=files)


def change(bundle: Bundle, how: Callable[[Json], Any]) -> None:
    """Edit what is recorded of the pictures."""
    path = bundle.path / SELF_TEST
    content = json.loads(path.read_text())
    how(content["pictures"])
    path.write_text(json.dumps(content))


def with_box(*moved: float) -> Callable[[RGB], Looked]:
    """The same answers, the first cell of each picture moved: x0, y0, x1, y1."""

    def look_elsewhere(rgb: RGB) -> Looked:
        (first, probabilities), *others = look(rgb)
        ends = dict(zip(("x0", "y0", "x1", "y1"), moved, strict=True))
        there = replace(first, **{name: getattr(first, name) + by for name, by in ends.items()})
        return [(there, probabilities), *others]

    return look_elsewhere


def with_probability(by: float) -> Callable[[RGB], Looked]:
    """The same answers, with something taken from the first class and given to the second, of the last cell."""

    def look_less_sure(rgb: RGB) -> Looked:
        *others, (last, probabilities) = look(rgb)
        return [*others, (last, probabilities + np.array([by, -by, 0]))]

    return look_less_sure


def test_what_was_recorded_passes(bundle: Bundle) -> None:
    refuse_unless_passed(bundle, look)


@pytest.mark.parametrize("share", [-0.9, 0.9])
def test_what_processors_make_of_it_passes(bundle: Bundle, share: float) -> None:
    refuse_unless_passed(bundle, with_box(*[share * PIXELS] * 4))
    refuse_unless_passed(bundle, with_probability(share * PROBABILITY))


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("by", [-1.1 * PIXELS, 1.1 * PIXELS, 40.0, float("nan")])
def test_a_cell_that_lies_elsewhere_is_refused(bundle: Bundle, which: int, by: float) -> None:
    with pytest.raises(BundleRefused, match=r"self-test failed: a cell of a\.png is located"):
        refuse_unless_passed(bundle, with_box(*(by if k == which else 0.0 for k in range(4))))


@pytest.mark.parametrize("by", [-1.1 * PROBABILITY, 1.1 * PROBABILITY, float("nan")])
def test_another_probability_is_refused_of_whichever_cell(bundle: Bundle, by: float) -> None:
    with pytest.raises(BundleRefused, match=r"self-test failed: a\.png is answered with a probability"):
        refuse_unless_passed(bundle, with_probability(by))


@pytest.mark.parametrize(
    "seen",
    [
        lambda rgb: [],
        lambda rgb: look(rgb)[:1],
        lambda rgb: [*look(rgb), *look(rgb)],
        lambda rgb: look(rgb)[::-1],
    ],
    ids=["none", "one too few", "twice as many", "in another order"],
)
def test_other_cells_are_refused(bundle: Bundle, seen: Callable[[RGB], Looked]) -> None:
    with pytest.raises(BundleRefused, match=r"self-test failed: a\.png shows 2 cells"):
        refuse_unless_passed(bundle, seen)


def test_a_refusal_says_what_to_do(bundle: Bundle) -> None:
    with pytest.raises(BundleRefused, match=r"do not use the model here\.$"):
        refuse_unless_passed(bundle, lambda rgb: [])


def without(name: str) -> Callable[[Json], Any]:
    """Leave a field of the first cell out."""
    return lambda pictures: pictures["a.png"][0].pop(name)


def with_value(name: str, value: Any) -> Callable[[Json], Any]:
    """Change a field of the first cell."""
    return lambda pictures: pictures["a.png"][0].update({name: value})


GARBLED: dict[str, Callable[[Json], Any]] = {
    "no pictures": lambda pictures: pictures.clear(),
    "pictures without a cell": lambda pictures: pictures.update({"a.png": [], "b.png": []}),
    "no list of cells": lambda pictures: pictures.update({"a.png": 5}),
    "cells by name": lambda pictures: pictures.update({"a.png": {"box": 1}}),
    "a word for a cell": lambda pictures: pictures.update({"a.png": ["nucleated"]}),
    "a picture that is not listed": lambda pictures: pictures.update({"c.png": pictures["a.png"]}),
    "a picture outside the bundle": lambda pictures: pictures.update({"../../a.png": pictures["a.png"]}),
    "no box": without("box"),
    "no kind": without("kind"),
    "no probabilities": without("probabilities"),
    "a box of three corners": with_value("box", [1, 2, 3]),
    "a box with nothing in it": with_value("box", [10, None, 50, 60]),
    "a box of words": with_value("box", ["ten", "20", "50", "60"]),
    "a number for a box": with_value("box", 4),
    "a probability too few": with_value("probabilities", [0.1, 0.9]),
    "a probability that is nothing": with_value("probabilities", [0.1, 0.7, None]),
    "a probability that is no number": with_value("probabilities", [0.1, 0.7, float("nan")]),
    "a word for a probability": with_value("probabilities", [0.1, 0.7, "rare"]),
    "a kind that is a number": with_value("kind", 1),
}


@pytest.mark.parametrize("how", GARBLED.values(), ids=GARBLED)
def test_a_record_that_cannot_be_compared_is_refused(bundle: Bundle, how: Callable[[Json], Any]) -> None:
    change(bundle, how)
    with pytest.raises(BundleRefused, match="self-test"):
        refuse_unless_passed(bundle, look)


def test_a_record_of_no_cell_is_refused_though_none_is_found(bundle: Bundle) -> None:
    change(bundle, lambda pictures: pictures.update({"a.png": [], "b.png": []}))
    with pytest.raises(BundleRefused, match="self-test"):
        refuse_unless_passed(bundle, lambda rgb: [])


def test_what_is_recorded_can_be_read_back_and_is_what_was_seen() -> None:
    recorded = json.loads(json.dumps(expected(SEEN[100])))
    assert [each["kind"] for each in recorded] == ["nucleated", "platelet"]
    assert recorded[0]["box"] == [10, 20, 50.25, 60]
    assert recorded[1]["probabilities"] == pytest.approx([0, 0.01, 0.99])


def test_the_pictures_are_looked_at_as_they_lie_in_the_bundle(bundle: Bundle) -> None:
    shown: list[RGB] = []
    refuse_unless_passed(bundle, lambda rgb: (shown.append(rgb), look(rgb))[1])
    for rgb, name in zip(shown, WIDTHS, strict=True):
        with Image.open(bundle.path / "selftest" / name) as picture:
            assert np.array_equal(rgb, np.asarray(picture))
