"""The self-test of a bundle: drawn pictures with the cells and probabilities that its networks gave when released."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.bundle import SELF_TEST, Bundle
from hematovision.errors import BundleRefused, PictureRefused
from hematovision.images import RGB, decode
from hematovision.locator import Found

# Probabilities of one model differ by 1e-6 between runtimes and processors, boxes by 1e-3 pixels; a wrong preprocessing
# moves them by 1e-2 and whole pixels.
PROBABILITY, PIXELS = 1e-3, 0.5

Looked = Sequence[tuple[Found, NDArray[np.float64]]]


def expected(looked: Looked) -> list[dict[str, Any]]:
    """What is written down of one picture."""
    return [
        {
            "kind": cell.kind,
            "box": [round(each, 3) for each in (cell.x0, cell.y0, cell.x1, cell.y1)],
            "probabilities": [round(float(each), 7) for each in probabilities],
        }
        for cell, probabilities in looked
    ]


def refuse_unless_passed(bundle: Bundle, look: Callable[[RGB], Looked]) -> None:
    """Raises `BundleRefused` if a picture of the self-test is not answered as recorded, or none is recorded."""
    for name, recorded in _recorded(bundle).items():
        try:
            got = look(decode((bundle.path / "selftest" / name).read_bytes()).rgb)
        except (MemoryError, PictureRefused, RuntimeError, ValueError) as error:
            raise _failed(f"{name} could not be answered") from error
        if [cell.kind for cell, _ in got] != [cell["kind"] for cell in recorded]:
            raise _failed(f"{name} shows {len(recorded)} cells and {len(got)} were found, or others")
        for (cell, probabilities), wanted in zip(got, recorded, strict=True):
            off = float(np.max(np.abs(np.array([cell.x0, cell.y0, cell.x1, cell.y1]) - wanted["box"])))
            if len(probabilities) != len(wanted["probabilities"]):
                raise _failed(f"{name} is answered with {len(probabilities)} classes")
            worst = float(np.max(np.abs(probabilities - wanted["probabilities"])))
            if not off <= PIXELS:
                raise _failed(f"a cell of {name} is located {off:.2f} pixels away from the recorded place")
            if not worst <= PROBABILITY:
                raise _failed(f"{name} is answered with a probability {worst:.4f} away from the recorded one")


def _failed(what: str) -> BundleRefused:
    return BundleRefused(
        f"The self-test failed: {what}. This machine does not compute what was released; do not use the model here."
    )


def _recorded(bundle: Bundle) -> dict[str, list[dict[str, Any]]]:
    """Each picture of the self-test with its cells; at least one picture, and one cell."""
    try:
        pictures = json.loads((bundle.path / SELF_TEST).read_text(encoding="utf-8"))["pictures"]
        recorded = {str(name): list(cells) for name, cells in pictures.items()}
        every = [cell for cells in recorded.values() for cell in cells]
        boxes = np.array([cell["box"] for cell in every], np.float64)
        probabilities = np.array([cell["probabilities"] for cell in every], np.float64)
        whole = boxes.shape == (len(every), 4) and probabilities.shape == (len(every), len(bundle.labels))
        whole = whole and bool(np.isfinite(boxes).all() and np.isfinite(probabilities).all())
        whole = whole and all(cell["kind"] for cell in every)
    except (AttributeError, KeyError, TypeError, ValueError):
        recorded, every, whole = {}, [], False
    listed = {f"selftest/{name}" for name in recorded} <= set(bundle.record["files"]) - {SELF_TEST}
    if not every or not whole or not listed:
        raise BundleRefused(f"{SELF_TEST} names no pictures of the self-test with answers. Fetch the bundle again.")
    return recorded
