"""Cells that no class suits, or that show less than a whole cell, made from real ones: how many are called confident
and should not be.

python tests/bench/near.py [SPLIT]

Each is made of Barcelona's test crops (or those of another SPLIT), 40 of each class with a nucleus:

- *smudged*: the cell drawn out and stirred as a smear breaks it; no class is right.
- *cut*: the picture ends within the cell, so that 35 to 65 % of its box is left; its own class is right.
- *clumped*: a cell of another class laid half over it, light through both; either of the two is right.

Prints a row a group with exact 95 % intervals. Confident and wrong are at most 5 % aimed at.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hematovision.background import WHITE, background_of, divide_out
from hematovision.images import RGB, decode
from hematovision.inference import InferenceService
from hematovision.intervals import clopper_pearson
from hematovision.kinds import PLATELET
from hematovision.locator import Found
from hematovision.settings import Settings
from hematovision.training.labs import LabelledCell, read_cells

LAB, EACH = "barcelona", 40
STEPS = 9  # along a smear

# The picture, and the classes that would be right.
Made = tuple[RGB, tuple[str, ...]]


def smudged(rgb: RGB, cell: Found, random: np.random.Generator) -> RGB:
    """Around the cell every point is taken from elsewhere, far or near, and spread along one direction."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(float)
    near = np.exp(-(((x - cell.centre[0]) ** 2 + (y - cell.centre[1]) ** 2) / (0.6 * cell.side) ** 2))
    across, down = (noise(height, width, random) * 0.25 * cell.side * near for _ in range(2))
    angle = random.uniform(0, 2 * np.pi)
    spread = np.zeros(rgb.shape)
    for step in np.linspace(-0.5, 0.5, STEPS):
        reach = step * 0.5 * cell.side * near
        column = (x + across + reach * np.cos(angle)).round().astype(int).clip(0, width - 1)
        line = (y + down + reach * np.sin(angle)).round().astype(int).clip(0, height - 1)
        spread += rgb[line, column] / STEPS
    return spread.astype(np.uint8)


def noise(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Smooth, of standard deviation 1, its waves about a sixth of the picture long."""
    coarse = Image.fromarray(random.standard_normal((8, 8)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def cut(rgb: RGB, cell: Found, random: np.random.Generator) -> RGB:
    """What is left of the picture on one side of a line through the cell."""
    turned = np.rot90(rgb, int(random.integers(4)))
    # The cell is about in the middle of its crop, and so is it after a turn.
    left = round(len(turned[0]) / 2 + random.uniform(-0.15, 0.15) * cell.side)
    return np.ascontiguousarray(turned[:, left:])


def clumped(rgb: RGB, cell: Found, other: RGB, its: Found, random: np.random.Generator) -> RGB:
    """The other's cell half over this one: the light that comes through both."""
    height, width = rgb.shape[:2]
    angle, apart = random.uniform(0, 2 * np.pi), 0.5 * (cell.side + its.side) / 2
    shift = [
        round(here + turn * apart - there)
        for here, there, turn in zip(cell.centre, its.centre, (np.cos(angle), np.sin(angle)), strict=True)
    ]
    y, x = np.mgrid[:height, :width]
    line, column = y - shift[1], x - shift[0]
    # Of the other picture only the cell: what else is in it would lie beside both.
    within = (line - its.centre[1]) ** 2 + (column - its.centre[0]) ** 2 < (0.55 * its.side) ** 2
    within &= (line >= 0) & (line < len(other)) & (column >= 0) & (column < len(other[0]))
    through = np.full(rgb.shape, float(WHITE))
    through[within] = divide_out(other, background_of(other))[line[within], column[within]]
    return (rgb * np.minimum(through / WHITE, 1)).astype(np.uint8)


def main(split: str) -> None:
    settings = Settings.from_env()
    service = InferenceService.open(settings.models)
    cells = chosen([each for each in read_cells(settings.data, (LAB,)) if each.split == split])
    seen = [(each, rgb, found) for each in cells for rgb, found in located(service, each)]
    random = np.random.default_rng(1)

    def made() -> Iterator[tuple[str, Made]]:
        for each, rgb, found in seen:
            yield "as it is", (rgb, (each.label,))
            yield "smudged", (smudged(rgb, found, random), ())
            yield "cut", (cut(rgb, found, random), (each.label,))
            others = [one for one in seen if one[0].label != each.label]
            other, its_rgb, its = others[random.integers(len(others))]
            yield "clumped", (clumped(rgb, found, its_rgb, its, random), (each.label, other.label))

    counts: dict[str, Counter[str]] = {}
    for group, (rgb, right) in made():
        answer = service.classify(rgb)
        wrong = answer.status == "confident" and answer.label not in right
        counts.setdefault(group, Counter()).update({"n": 1, answer.status: 1, "wrong": int(wrong)})
    sys.stdout.write("| what | n | confident | confident and wrong | check | refused |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    for group, told in counts.items():
        n = told["n"]
        interval = clopper_pearson(told["wrong"], n)
        share = f"{told['wrong'] / n:.1%} ({interval.low:.1f}% to {interval.high:.1f}%)"
        refused = n - told["confident"] - told["check"]
        sys.stdout.write(
            f"| {group} | {n} | {told['confident'] / n:.1%} | {share} | {told['check'] / n:.1%} | {refused / n:.1%} |\n"
        )


def chosen(cells: list[LabelledCell]) -> list[LabelledCell]:
    """Some of each class with a nucleus."""
    labels = sorted({each.label for each in cells} - {PLATELET})
    return [each for label in labels for each in [one for one in cells if one.label == label][:EACH]]


def located(service: InferenceService, cell: LabelledCell) -> Iterator[tuple[RGB, Found]]:
    """The picture with its main cell, if one is found."""
    rgb = decode(cell.path.read_bytes()).rgb
    for found in service.road.locate(rgb)[:1]:
        if found.kind == "nucleated":
            yield rgb, found


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "test")
