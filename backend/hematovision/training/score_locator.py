"""A trained locator against the boxes that people drew: the row that a laboratory gets. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hematovision.detection import Compared, compare, row
from hematovision.images import decode
from hematovision.locator import Fitted, Network, main_of
from hematovision.progress import Progress
from hematovision.smear import cells_of
from hematovision.training.fields import BoxedField
from hematovision.training.labs import LabelledCell, labels_of, naming

CENTRED = "barcelona"  # the laboratory whose crops have their cell in the centre
LEAST_SCORE = 0.05  # looked at for average precision, which is over all limits


def comparisons(
    network: Network, fitted: Fitted, fields: Sequence[BoxedField], progress: Progress
) -> list[tuple[Compared, ...]]:
    """What is found in each field, at a score of 0.05 or more, against its boxes."""
    compared = []
    for done, each in enumerate(fields, 1):
        with naming(each.path):
            rgb = decode(each.path.read_bytes()).rgb
        compared.append(compare(cells_of(rgb, network, fitted, LEAST_SCORE), each.boxes, each.kinds))
        progress("locating cells", done, len(fields))
    return compared


def rows_by_lab(
    network: Network, fitted: Fitted, fields: Sequence[BoxedField], progress: Progress
) -> dict[str, dict[str, Any]]:
    """One row a laboratory, and `pooled` over those that boxed every cell."""
    compared = comparisons(network, fitted, fields, progress)
    rows = {}
    for lab in sorted({each.lab for each in fields}):
        of_lab = [result for each, result in zip(fields, compared, strict=True) if each.lab == lab]
        rows[lab] = row(of_lab, fitted.limits, complete=next(each.complete for each in fields if each.lab == lab))
    pooled = [result for each, result in zip(fields, compared, strict=True) if each.complete]
    return rows | ({"pooled": row(pooled, fitted.limits, complete=True)} if pooled else {})


def centres_held(
    network: Network, fitted: Fitted, crops: Sequence[LabelledCell], progress: Progress
) -> dict[str, dict[str, int]]:
    """In how many crops of each class the main cell's box holds the picture's centre: {label: {held, n}}."""
    tally = {label: {"held": 0, "n": 0} for label in labels_of(crops)}
    for done, crop in enumerate(crops, 1):
        with naming(crop.path):
            rgb = decode(crop.path.read_bytes()).rgb
        height, width = rgb.shape[:2]
        main = main_of(cells_of(rgb, network, fitted), width, height)
        of_class = tally[crop.label]
        of_class["n"] += 1
        of_class["held"] += main is not None and main.x0 <= width / 2 <= main.x1 and main.y0 <= height / 2 <= main.y1
        progress("locating main cells", done, len(crops))
    return tally
