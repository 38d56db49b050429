"""What is refused that is no smear: photographs that scikit-image and scikit-learn ship, and drawn pictures of none.

Refused is a picture whose status is `not_a_smear`, `no_cells` or `unfamiliar`. Prints a row a group, with the exact
95 % interval, and what the others were taken for.

python tests/bench/far.py

Needs the `train` extra, scikit-image and scikit-learn: `pip install scikit-image scikit-learn`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import skimage.data
from sklearn.datasets import load_sample_images

from hematovision.images import RGB
from hematovision.inference import InferenceService
from hematovision.intervals import clopper_pearson
from hematovision.settings import Settings
from hematovision.training.no_smear import no_smear

REFUSED = ("not_a_smear", "no_cells", "unfamiliar")
DRAWN = 300
SEED = 1_000_000  # far from those of the training windows
SHIPPED = (
    "astronaut", "binary_blobs", "brick", "camera", "cat", "checkerboard", "clock", "coffee", "coins", "colorwheel",
    "grass", "gravel", "horse", "hubble_deep_field", "immunohistochemistry", "logo", "moon", "page", "retina", "rocket",
    "shepp_logan_phantom", "text",
)  # fmt: skip


def main() -> None:
    service = InferenceService.open(Settings.from_env().models)
    groups = {
        "photographs": list(photographs()),
        "drawn": [(str(k), no_smear(np.random.default_rng(SEED + k))) for k in range(DRAWN)],
    }
    echo = sys.stdout.write
    echo("| what | n | refused | not refused |\n| --- | --- | --- | --- |\n")
    for group, pictures in groups.items():
        answers = {name: service.classify(rgb) for name, rgb in pictures}
        kept = {name: answer for name, answer in answers.items() if answer.status not in REFUSED}
        refused = len(answers) - len(kept)
        interval = clopper_pearson(refused, len(answers))
        others = ", ".join(f"{name}: {answer.status} {answer.label}" for name, answer in kept.items())
        share = f"{refused / len(answers):.1%} ({interval.low:.1f}% to {interval.high:.1f}%)"
        echo(f"| {group} | {len(answers)} | {share} | {others or '-'} |\n")


def photographs() -> Iterator[tuple[str, RGB]]:
    """Those that need no download, as RGB."""
    for name in SHIPPED:
        yield name, as_rgb(np.asarray(getattr(skimage.data, name)()))
    for name, picture in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield name, as_rgb(picture)


def as_rgb(picture: np.ndarray) -> RGB:
    """Of grey, of truth values, or with an alpha channel."""
    levels = picture if picture.dtype == np.uint8 else (255 * (picture / picture.max())).astype(np.uint8)
    return np.ascontiguousarray(np.stack([levels] * 3, axis=-1) if levels.ndim == 2 else levels[..., :3])


if __name__ == "__main__":
    main()
