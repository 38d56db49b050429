"""What becomes of answers to bad pictures: cells blurred, dimmed or stained otherwise on purpose; how many are
still called confident, how many of these are right, and of how many others it is said what is amiss.

python tests/bench/bad_pictures.py val

Prints a row a way, over all laboratories that the bundle learned from, at most 120 cells of each, since most are one
laboratory's. By val rows it was decided that a bad picture alone lowers no status; `test` prints test rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from hematovision.background import background_of
from hematovision.cells import Answer
from hematovision.images import RGB, decode
from hematovision.inference import InferenceService
from hematovision.settings import Settings
from hematovision.training.labs import LabelledCell, read_cells

EACH_LAB = 120


def blurred(share: float) -> Callable[[RGB], RGB]:
    """By a Gaussian as wide as this share of the picture's shorter side; a cell is about half of it."""

    def worse(rgb: RGB) -> RGB:
        return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(share * min(rgb.shape[:2]))))

    return worse


def lit(factor: float) -> Callable[[RGB], RGB]:
    return lambda rgb: (rgb * factor).clip(0, 255).astype(np.uint8)


def stained(factor: float) -> Callable[[RGB], RGB]:
    """Optical density over the slide's, times this."""

    def worse(rgb: RGB) -> RGB:
        slide = background_of(rgb)
        return np.asarray((slide * (np.maximum(rgb, 1) / slide) ** factor).clip(0, 255).astype(np.uint8))

    return worse


WAYS: dict[str, Callable[[RGB], RGB]] = {
    "as it is": lambda rgb: rgb,
    "blurred by 0.5 % of the side": blurred(0.005),
    "blurred by 1 %": blurred(0.01),
    "blurred by 2 %": blurred(0.02),
    "blurred by 3 %": blurred(0.03),
    "half of the light": lit(0.5),
    "a quarter of the light": lit(0.25),
    "an eighth of the light": lit(0.125),
    "half of the stain": stained(0.5),
    "a quarter of the stain": stained(0.25),
    "1.5 times the stain": stained(1.5),
    "2.5 times the stain": stained(2.5),
}


def main(split: str) -> None:
    settings = Settings.from_env()
    service = InferenceService.open(settings.models)
    cells = chosen(read_cells(settings.data, service.bundle.record["training"]["labs"]), split)
    pictures = [decode(cell.path.read_bytes()).rgb for cell in cells]
    sys.stdout.write(f"| {split} cells | n | confident | right there | of the others, told why |\n|" + " --- |" * 5)
    for name, worse in WAYS.items():
        answers = [service.classify(worse(rgb)) for rgb in pictures]
        sys.stdout.write(f"\n| {name} | {len(cells)} | {' | '.join(figures(answers, cells))} |")
        sys.stdout.flush()
    sys.stdout.write("\n")


def chosen(cells: list[LabelledCell], split: str) -> list[LabelledCell]:
    random = np.random.default_rng(1)
    of_split = [cell for cell in cells if cell.split == split]
    kept = []
    for lab in sorted({cell.lab for cell in of_split}):
        of_lab = [cell for cell in of_split if cell.lab == lab]
        kept += [of_lab[k] for k in random.permutation(len(of_lab))[:EACH_LAB]]
    return kept


def figures(answers: list[Answer], cells: list[LabelledCell]) -> tuple[str, str, str]:
    """The share that is confident, the share of these that is right, and that of the others of which it is said that
    they are blurred, dark, or stained otherwise."""
    sure = [answer.status == "confident" for answer in answers]
    right = [answer.label == cell.label for answer, cell, each in zip(answers, cells, sure, strict=True) if each]
    told = [
        any(word in reason for reason in answer.reasons for word in ("blurred", "is dark", "Its nucleus is"))
        for answer, each in zip(answers, sure, strict=True)
        if not each
    ]
    return f"{np.mean(sure):.1%}", f"{np.mean(right):.1%} of {len(right)}", f"{np.mean(told):.1%}"


if __name__ == "__main__":
    main(sys.argv[1])
