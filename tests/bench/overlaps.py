"""How many cells that were photographed twice are suspected, and how many that were not: for limits of one's own.

Val fields of every laboratory are cut in two that share three fifths of their width; the second is saved again as JPEG
and a little darker, as another exposure is. A nucleated cell whole in both is one cell shown twice. Cells of different
fields are different ones.

python tests/bench/overlaps.py
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from hematovision import overlaps
from hematovision.cells import Box, ClassifiedCell
from hematovision.images import RGB, decode
from hematovision.inference import InferenceService
from hematovision.overlaps import Place, suspected_overlaps
from hematovision.progress import bar
from hematovision.settings import Settings
from hematovision.training.fields import read_fields

SHARE = 0.8  # of the field's width, in each cut
DARKER = 0.97
LIMITS = (6, 8, 10, 12, 14)  # bits


def nucleated(service: InferenceService, rgb: RGB) -> list[ClassifiedCell]:
    """The whole ones that have a label."""
    cells = [each for each in service.classify(rgb).cells if isinstance(each, ClassifiedCell)]
    return [each for each in cells if each.kind == "nucleated" and each.label and not each.edge]


def again(rgb: RGB) -> RGB:
    file = io.BytesIO()
    Image.fromarray((rgb * DARKER).astype(np.uint8)).save(file, "JPEG", quality=85)
    return np.asarray(Image.open(file))


def main() -> None:
    settings = Settings.from_env()
    service = InferenceService.open(settings.models)
    fields = [each for each in read_fields(settings.data) if each.split == "val"]
    shown_twice, alone = [], []
    with bar() as progress:
        for done, field in enumerate(fields, 1):
            rgb = decode(field.path.read_bytes()).rgb
            width = round(SHARE * rgb.shape[1])
            moved = rgb.shape[1] - width
            first, second = nucleated(service, rgb[:, :width]), nucleated(service, again(rgb[:, moved:]))
            shown_twice += list(_both(first, second, moved))
            alone += first[:1]
            progress("fields", done, len(fields))
    sys.stdout.write(f"{len(shown_twice)} cells shown twice; {len(alone)} cells of as many fields\n\n")
    sys.stdout.write(
        "| bits that differ | shown twice: suspected | pairs among 100 different cells |\n| --- | --- | --- |\n"
    )
    for overlaps.MOST_UNLIKE in LIMITS:
        found = sum(bool(suspected_overlaps([(Place(0, 0), a), (Place(1, 0), b)])) for a, b in shown_twice)
        share = found / len(shown_twice)
        sys.stdout.write(f"| {overlaps.MOST_UNLIKE} | {share:.1%} | {_wrongly(alone):.1f} |\n")


def _both(
    first: Sequence[ClassifiedCell], second: Sequence[ClassifiedCell], moved: int
) -> Iterator[tuple[ClassifiedCell, ClassifiedCell]]:
    """The cells of the first cut that the second shows too."""
    for one in first:
        for other in second:
            if math.dist(_centre(one.box), np.add(_centre(other.box), (moved, 0))) < one.box.width / 4:
                yield one, other


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def _wrongly(alone: Sequence[ClassifiedCell]) -> float:
    """Pairs suspected among a hundred cells, each in a picture of its own; the mean of twenty draws."""
    random = np.random.default_rng(1)
    counts = []
    for _ in range(20):
        chosen = random.choice(len(alone), min(100, len(alone)), replace=False)
        counts.append(len(suspected_overlaps([(Place(k, 0), alone[i]) for k, i in enumerate(chosen)])))
    return float(np.mean(counts))


if __name__ == "__main__":
    main()
