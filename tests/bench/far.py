"""What is refused that shows no cell to classify, and how many cells are refused with it.

Refused is a picture whose status is `not_a_smear`, `no_cells` or `unfamiliar`. Prints a row a group, with the exact
95 % interval, and what the others were taken for: photographs that scikit-image and scikit-learn ship, drawn pictures
of no smear, pieces of test fields with red cells alone; then test cells, by laboratory.

python tests/bench/far.py

Needs the `train` extra, scikit-image and scikit-learn: `pip install scikit-image scikit-learn`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np
import skimage.data
from sklearn.datasets import load_sample_images

from hematovision.images import MIN_SIDE, RGB, decode
from hematovision.inference import InferenceService
from hematovision.intervals import clopper_pearson
from hematovision.locator import KINDS
from hematovision.settings import Settings
from hematovision.training.fields import BoxedField, read_fields
from hematovision.training.labs import read_cells
from hematovision.training.no_smear import MAKERS

REFUSED = ("not_a_smear", "no_cells", "unfamiliar")
DRAWN = 120  # of each maker
PIECES = 3  # of a field, at most
SEED = 1_000_000  # far from those of the training windows
SHIPPED = (
    "astronaut", "binary_blobs", "brick", "camera", "cat", "checkerboard", "clock", "coffee", "coins", "colorwheel",
    "grass", "gravel", "horse", "hubble_deep_field", "immunohistochemistry", "logo", "moon", "page", "retina", "rocket",
    "shepp_logan_phantom", "text",
)  # fmt: skip

Named = Iterator[tuple[str, RGB]]


def main() -> None:
    settings = Settings.from_env()
    service = InferenceService.open(settings.models)
    fields = [each for each in read_fields(settings.data) if each.split == "test" and each.complete]
    cells = [each for each in read_cells(settings.data) if each.split == "test"]
    groups = {
        "photographs": photographs(),
        **{kind: drawn(kind) for kind in MAKERS},
        "red cells, several": chain.from_iterable(red_alone(each, across=3) for each in fields),
        "red cells, one": chain.from_iterable(red_alone(each, across=1.5) for each in fields),
    }
    sys.stdout.write("| what | n | refused | not refused |\n| --- | --- | --- | --- |\n")
    of_all = [row(service, group, pictures) for group, pictures in groups.items()]
    told("all of these", sum(refused for refused, _ in of_all), sum(n for _, n in of_all), "")
    for lab in sorted({each.lab for each in cells}):
        own = ((lab, decode(each.path.read_bytes()).rgb) for each in cells if each.lab == lab)
        row(service, f"cells of {lab}", own, telling=False)


def row(service: InferenceService, group: str, pictures: Named, telling: bool = True) -> tuple[int, int]:
    """Print how many of a group are refused, `telling` what the others were taken for; return it, and how many there
    are."""
    answers = [(name, service.classify(rgb)) for name, rgb in pictures]
    kept = Counter(
        f"{name}: {answer.status} {answer.label}" for name, answer in answers if answer.status not in REFUSED
    )
    refused = len(answers) - kept.total()
    told(group, refused, len(answers), ", ".join(map(counted, kept.items())) if telling else "")
    return refused, len(answers)


def counted(each: tuple[str, int]) -> str:
    what, n = each
    return what if n == 1 else f"{what} ({n})"


def told(group: str, refused: int, n: int, others: str) -> None:
    interval = clopper_pearson(refused, n)
    share = f"{refused / n:.1%} ({interval.low:.1f}% to {interval.high:.1f}%)"
    sys.stdout.write(f"| {group} | {n} | {share} | {others} |\n")


def photographs() -> Named:
    """Those that need no download, as RGB."""
    for name in SHIPPED:
        yield name, as_rgb(np.asarray(getattr(skimage.data, name)()))
    for name, picture in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield name, as_rgb(picture)


def drawn(kind: str) -> Named:
    """Pictures of no smear, of one kind."""
    maker, _ = MAKERS[kind]
    for k in range(DRAWN):
        yield kind, maker(np.random.default_rng(SEED + k)).clip(0, 255).astype(np.uint8)


def red_alone(field: BoxedField, across: float) -> Named:
    """Squares of a field, so many red cells of it wide, with a red cell in the middle, if it is not at the edge, and
    nothing of another kind."""
    rgb = decode(field.path.read_bytes()).rgb
    height, width = rgb.shape[:2]
    random, red = np.random.default_rng(SEED), field.kinds == KINDS.index("red")
    corners = field.boxes[red]
    if not len(corners):
        return
    side = min(height, width, max(MIN_SIDE, round(across * float(np.median(corners[:, 2:] - corners[:, :2])))))
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    found = 0
    for x, y in random.permutation(centres):
        left, top = (int(min(max(0, at - side / 2), most - side)) for at, most in ((x, width), (y, height)))
        others = field.boxes[~red]
        touches = (others[:, 0] < left + side) & (others[:, 2] > left)
        touches &= (others[:, 1] < top + side) & (others[:, 3] > top)
        if not touches.any() and found < PIECES:
            found += 1
            yield field.lab, np.ascontiguousarray(rgb[top : top + side, left : left + side])


def as_rgb(picture: np.ndarray) -> RGB:
    """Of grey, of truth values, or with an alpha channel."""
    levels = picture if picture.dtype == np.uint8 else (255 * (picture / picture.max())).astype(np.uint8)
    return np.ascontiguousarray(np.stack([levels] * 3, axis=-1) if levels.ndim == 2 else levels[..., :3])


if __name__ == "__main__":
    main()
