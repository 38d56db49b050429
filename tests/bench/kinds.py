"""Platelet or cell with a nucleus: how often the classifier alone tells them apart in fields whose cells somebody
boxed, and how often it does in the light of what each was located as.

python tests/bench/kinds.py [BUNDLE]

On test fields, with the current bundle or the one in the folder BUNDLE. A cell counts where one was found in its box.
Bangkok's platelets are not boxed. Needs the laboratories' pictures, and no TensorFlow.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from hematovision.bundle import current_path, open_bundle
from hematovision.images import decode
from hematovision.kinds import PLATELET
from hematovision.locator import KINDS
from hematovision.progress import bar
from hematovision.road import Road
from hematovision.runtime import open_networks
from hematovision.settings import Settings
from hematovision.training.fields import BoxedField, read_fields
from hematovision.training.framed import boxed


def counted(road: Road, field: BoxedField) -> Counter[str]:
    """Of the field's boxes of either kind in which a cell was found: how many, and how many are called platelets."""
    rgb, told = decode(field.path.read_bytes()).rgb, Counter[str]()
    found = road.locate(rgb)
    cells = [each for each in found if each.kind != "red"]
    if not cells:
        return told
    answers, labels = road.classify(rgb, cells, found), road.bundle.labels
    for box, kind in zip(field.boxes.tolist(), (KINDS[each] for each in field.kinds), strict=True):
        meant = boxed(cells, box)
        if kind == "red" or meant is None:
            continue
        at = cells.index(meant)
        told[kind] += 1
        told[f"{kind} alone"] += labels[answers.alone[at]] == PLATELET
        told[f"{kind} located"] += cells[at].kind == PLATELET
        told[f"{kind} answered"] += labels[answers.probabilities[at].argmax()] == PLATELET
    return told


def main(folder: Path) -> None:
    road = Road(open_bundle(folder), open_networks("litert", folder))
    fields = [each for each in read_fields(Settings.from_env().data) if each.split == "test"]
    told: dict[str, Counter[str]] = {each.lab: Counter() for each in fields}
    with bar() as progress:
        for done, each in enumerate(fields, 1):
            told[each.lab] += counted(road, each)
            progress("looking at fields", done, len(fields))
    sys.stdout.write("| lab | cells | n | called platelets by the classifier alone | by the locator | as answered |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    for lab, counts in told.items():
        for kind, name in ((PLATELET, "platelets"), ("nucleated", "with a nucleus")):
            if counts[kind]:
                called = [str(counts[f"{kind} {way}"]) for way in ("alone", "located", "answered")]
                sys.stdout.write(f"| {lab} | {name} | {counts[kind]} | {' | '.join(called)} |\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_path(Settings.from_env().models))
