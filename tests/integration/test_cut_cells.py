"""Real cells through which a new edge is cut are found and flagged. On test crops, by the bundle in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hematovision.images import decode
from hematovision.inference import InferenceService
from hematovision.locator import main_of
from hematovision.peaks import overlap
from hematovision.training.labs import read_cells

EACH = 25  # of so many test crops one is cut
SHOWN = (0.55, 0.7, 0.85)  # of a cell's width


def test_nearly_all_are_found_and_flagged(service: InferenceService, data: Path) -> None:
    crops = [cell for cell in read_cells(data) if cell.split == "test" and cell.label != "platelet"][::EACH]
    flagged = []
    for k, crop in enumerate(crops):
        rgb = np.ascontiguousarray(np.rot90(decode(crop.path.read_bytes()).rgb, k % 4))
        whole = main_of(service.road.locate(rgb), rgb.shape[1], rgb.shape[0])
        if whole is None or whole.edge:
            continue
        end = round(whole.x0 + SHOWN[k % len(SHOWN)] * (whole.x1 - whole.x0))
        shown = np.array([whole.x0, whole.y0, end, whole.y1])
        found = service.road.locate(np.ascontiguousarray(rgb[:, :end]))
        same = [each for each in found if overlap(shown, np.array([[each.x0, each.y0, each.x1, each.y1]]))[0] > 0.5]
        flagged.append(any(each.edge for each in same))
    assert len(flagged) > 50
    assert np.mean(flagged) >= 0.95
